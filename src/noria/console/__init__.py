"""What a person sees in the terminal while flows run: a tap on the journal, written to stderr.

Records become view events (`tracker`), events become words (`phrases`, `wording`), and one of three
renderers puts them out: `plain` for files and pipes, `colour` (rich) with live bars for a terminal,
`json_lines` for machines. Not here: recording, and anything that a run waits for.
"""

from __future__ import annotations

from noria.console.tap import Console, attach

__all__ = ["Console", "attach"]
