"""Tills: what they say that they charge, and how they are told that a price is on the screens."""
