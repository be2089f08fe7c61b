"""How values of each kind are encoded for a digest: one small function per kind.

A kind takes a value and the walk, and returns bytes. Libraries such as numpy and pandas are never
imported here: a value of theirs brings what is needed with it.
"""
