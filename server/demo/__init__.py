"""The demo chain Pluvier: its catalogue, its price history and its outside world."""
