"""Pictures and videos: what may come in, where it is kept, what screens are given of it."""
