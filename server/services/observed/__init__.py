"""What is known of the world outside: facts, and the texts made of them."""
