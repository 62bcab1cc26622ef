"""The agent: compares what is wanted with what is held, and does what is lacking, for ever."""
