"""Prefect's module path for names that live elsewhere in Noria."""
