"""The law of displayed prices, by country: what may stand beside a price, and why or why not.

`display.py` is the door; `countries.py` holds the rules as data, each with its source.
"""
