"""Updates of the player itself: what its agent hands over, and what root makes of it.

The agent fetches a package and may not install it: it has no right to change its own code. A
service of root's does, which believes nothing of the agent: it checks the server's signature by a
key that the installer pinned, tries the new version, and goes back where that does not paint.
"""
