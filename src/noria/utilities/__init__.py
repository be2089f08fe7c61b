"""Helpers that users may import by name."""
