"""Reads blocks.md: what the guide prints, block by block, and the commands in it one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("blocks.md")


@dataclass(frozen=True)
class Block:
    """One fenced block: `section` is the heading above it, with the bold caption if there is one."""

    section: str
    language: str
    text: str

    @property
    def commands(self) -> tuple[str, ...]:
        """Commands of a shell block as printed, lines joined by a backslash kept together, comments left out."""
        lines = [line for line in self.text.splitlines() if line.strip() and not line.startswith("#")]
        return tuple(re.split(r"(?<!\\)\n", "\n".join(lines)))


@cache
def blocks() -> tuple[Block, ...]:
    """All blocks in the guide's order."""
    found: list[Block] = []
    heading = caption = ""
    inside: list[str] | None = None
    language = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            if inside is None:
                inside, language = [], line[3:]
            else:
                section = f"{heading}: {caption}" if caption else heading
                found.append(Block(section, language, "\n".join(inside)))
                inside = None
        elif inside is not None:
            inside.append(line)
        elif title := re.match(r"#+ (.+)", line):
            heading, caption = title[1], ""
        elif bold := re.match(r"\*\*(.+):\*\*$", line):
            caption = bold[1]
    return tuple(found)


def block(section: str) -> Block:
    """The only block of that section."""
    (one,) = [b for b in blocks() if b.section == section]
    return one
