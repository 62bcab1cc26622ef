"""The domain of Enseigne, pure: what a screen shows, when, and why."""
