"""The studio: pages drawn by the server."""
