"""Blocks: typed configuration saved under a name, secrets among it encrypted."""
