"""The machine under the player: what it knows of itself, its logs, its restart."""
