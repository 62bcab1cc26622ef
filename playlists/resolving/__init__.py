"""The parts of resolving, below its public door `playlists.resolve`; explaining reads the same
parts."""
