"""What would play: pretended situations, and drafts as if they were on air."""
