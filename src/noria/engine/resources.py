"""What a run costs."""

from __future__ import annotations

import resource
import sys


def peak_memory() -> int:
    """Peak resident memory of this process so far, in KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
