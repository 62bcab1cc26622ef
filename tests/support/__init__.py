"""Helpers that start the system's own programs for tests (PostgreSQL, Mosquitto, Chromium ...)."""
