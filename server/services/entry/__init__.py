"""Who may come in, and what a signed-in browser carries."""
