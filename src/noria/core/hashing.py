"""The one hash in use, blake2b."""

try:
    # Where `hashlib` takes it from; importing that would load all of OpenSSL for a start-up.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

__all__ = ["blake2b"]
