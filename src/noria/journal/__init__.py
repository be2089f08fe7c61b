"""Every fact a run produces goes through the journal to the backend, in batches."""
