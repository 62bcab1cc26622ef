"""Recalls: a price withdrawn by a person, everywhere at once, and which screens have heard."""
