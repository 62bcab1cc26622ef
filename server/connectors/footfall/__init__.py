"""People counters: numbers only, never anything about a person."""
