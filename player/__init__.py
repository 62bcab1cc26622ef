"""The player: what runs in the shop, beside each screen."""

__version__ = "0.1.0"
