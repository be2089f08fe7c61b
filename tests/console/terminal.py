"""A terminal in memory that understands as much as the console makes use of."""

from __future__ import annotations

import io
import re

_CODES = re.compile(r"\x1b\[(\d*(?:;\d+)*)([A-Za-z])")


class Terminal(io.StringIO):
    """Keeps the lines that a person would see; colours are dropped."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self.lines = [""]
        self.row = 0
        self.column = 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        super().write(text)
        position = 0
        for code in _CODES.finditer(text):
            self._put(text[position : code.start()])
            self._obey(code.group(2), code.group(1))
            position = code.end()
        self._put(text[position:])
        return len(text)

    def _obey(self, letter: str, argument: str) -> None:
        if letter == "A":
            self.row -= int(argument)
            assert self.row >= 0, "the cursor left the screen"
        elif letter == "J":
            assert self.column == 0
            self.lines[self.row :] = [""]
        else:
            assert letter == "m", f"an unknown code: {argument}{letter}"

    def _put(self, text: str) -> None:
        for sign in text:
            if sign == "\n":
                self.row += 1
                self.column = 0
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif sign == "\r":
                self.column = 0
            else:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + sign + line[self.column + 1 :]
                self.column += 1

    @property
    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)
