"""The player: what runs in the shop, beside each screen."""
