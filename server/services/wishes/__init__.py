"""What people wish to be played: playlists, campaigns, overrides, and how far each reaches."""
