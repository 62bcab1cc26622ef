"""What speaks, what is silent, what waits for a person, and who is told of it."""
