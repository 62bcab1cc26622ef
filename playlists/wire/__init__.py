"""Every message between server and player, in one place for both sides.

A message is a frozen dataclass with `to_json` and `from_json`. Reading is strict on every field
that this version knows (Invalid, with the field's path) and blind to what a newer side added.
"""
