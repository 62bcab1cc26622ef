"""From changed keys to signed plans: read in one snapshot, resolved, stored."""
