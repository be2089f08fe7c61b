"""Work for a processor."""

from __future__ import annotations


def burn(rounds: int) -> int:
    """Keep one core busy, about 50 ns a round."""
    total = 0
    for n in range(rounds):
        total = (total + n * n) & 0xFFFF
    return total
