"""The demo chain Pluvier: its catalogue, its price history and its outside world."""

PORTS = 7
"""Ports in a row that the demo takes."""
HANDS_PORTS = 14
"""Those after them, one for each screen: its page for the store's people, once they have codes."""
MAX_PORT = 65_536 - PORTS - HANDS_PORTS
"""The last that may be the first of them."""
FEED_EVERY_S = 5
"""How often the shop's feeds are read, also while they fail: the shop is at hand, and asked more
often than a real one would like.
"""
