"""Shops: feeds that are read, and calls that they make."""
