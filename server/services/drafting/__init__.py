"""Wishes as people write them, before they go on air: drafts, edit by edit."""
