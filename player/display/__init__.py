"""The screen beside the player: the page served on this machine, and the browser that shows it."""
