"""The server: studio and API (web), the socket process (door), the reconciler (worker)."""
