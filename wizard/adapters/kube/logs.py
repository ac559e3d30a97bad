"""Bytes of a log stream -> lines: split on bytes, capped, decoded, sanitised, in batches as they arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from wizard.adapters.bounded import Readable
from wizard.core.kube.api import LogLine
from wizard.core.text import sanitize

CHUNK: Final = 262_144
_LONGEST: Final = 65_536
"""Bytes of one line that are kept; the rest is counted."""
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_PLAIN: Final = re.compile(rf"^(2\d{{3}}-[0-9:.T-]{{24}}Z) (.{{0,{sanitize.LINE_LIMIT}}})$", re.MULTILINE)
"""A line as every runtime writes it: a time of 30 characters and a short text."""
_PRINTABLE: Final = bytes(range(0x20, 0x7F)) + b"\n"
_made: Final = partial(tuple.__new__, LogLine)


def batches(body: Readable) -> Iterator[tuple[LogLine, ...]]:
    """The lines of a body, one batch for what each read brings; a last line without a newline counts at the end."""
    rest, cut = b"", 0
    while chunk := body.read1(CHUNK):
        end = chunk.rfind(b"\n")
        if end < 0:
            rest += chunk
        else:
            whole, rest = rest + chunk[:end], chunk[end + 1 :]
            if cut:
                first, newline, others = whole.partition(b"\n")
                yield (_cut_line(first, cut), *_lines(others)) if newline else (_cut_line(first, cut),)
                cut = 0
            else:
                yield tuple(_lines(whole))
        if len(rest) > _LONGEST:
            cut += len(rest) - _LONGEST
            rest = rest[:_LONGEST]
    if rest:
        yield (_cut_line(rest, cut),) if cut else tuple(_lines(rest))


def _lines(whole: bytes) -> list[LogLine]:
    text = whole.decode("utf-8", "replace")
    clean = not whole.translate(None, _PRINTABLE)
    if clean:
        # A flood is parsed here: all of it in C, in a fraction of the time that line by line takes.
        parsed = _PLAIN.findall(text)
        if len(parsed) == text.count("\n") + 1:
            return list(map(_made, parsed))
    return list(_one_by_one(text, clean=clean))


def _one_by_one(text: str, *, clean: bool) -> Iterator[LogLine]:
    for line in text.split("\n"):
        time, _, words = line.partition(" ")
        if not _TIME.fullmatch(time):
            time, words = "", line
        if not clean or len(words) > sanitize.LINE_LIMIT:
            words = sanitize.line(words)
        yield LogLine(time, words)


def _cut_line(kept: bytes, cut: int) -> LogLine:
    """A line of which `cut` more bytes were not kept."""
    time, _, words = kept.decode("utf-8", "replace").partition(" ")
    if not _TIME.fullmatch(time):
        time, words = "", f"{time} {words}"
    words = sanitize.line(words, len(words) + 1)
    return LogLine(time, f"{words[: sanitize.LINE_LIMIT]}... (+{len(words) - sanitize.LINE_LIMIT + cut} characters)")
