"""What screens show, and why, as people are told."""
