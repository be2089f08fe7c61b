"""Runs one flow or one task: lifecycles as programs, drivers that perform them."""
