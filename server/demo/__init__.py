"""The demo chain Pluvier: its catalogue, its price history and its outside world."""

PORTS = 7
"""Ports in a row that the demo takes."""
MAX_PORT = 65_536 - PORTS
"""The last that may be the first of them."""
