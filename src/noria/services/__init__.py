"""The loops that look after all runs: one step each time they are called."""
