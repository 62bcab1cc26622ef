"""The devices behind screens: paired, served, heard, their plays proven."""
