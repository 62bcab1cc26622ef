"""Minding the shop: what a store manager's phone shows and does."""
