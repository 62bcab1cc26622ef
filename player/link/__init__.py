"""How a player speaks with its server: it asks over HTTP and is told over the door's socket."""
