"""Keeps the screens and tills of a store in order: what tills say, who is called, what differs."""
