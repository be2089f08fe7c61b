"""How records are kept and read back: a port, and the answer from a local store."""
