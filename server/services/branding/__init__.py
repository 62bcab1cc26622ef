"""The chain's brand: looked at, tried on, sent out, put back."""
