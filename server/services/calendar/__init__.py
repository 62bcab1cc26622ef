"""The calendar: campaigns as bands over weeks, where they clash, how they are planned."""
