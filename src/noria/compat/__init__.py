"""Other names under which Noria can be imported."""
