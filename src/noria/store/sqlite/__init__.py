"""SQLite: the embedded store, one file or memory."""
