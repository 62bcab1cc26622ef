"""An installation's upkeep: health, backup, what is forgotten."""
