"""The chain: its stores and screens, and what their days look like."""
