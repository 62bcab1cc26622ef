"""What a player keeps on disk: content-addressed files, what it believes, its device key."""
