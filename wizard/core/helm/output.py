"""What helm prints, read: the chart's notes, and why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_WAY: Final = re.compile(
    r"execution error at \([^()\s]+:\d+:\d+\): |template: [^\s:]+:\d+:\d+: executing .*error calling lookup: ",
    re.DOTALL,
)
"""Helm's way through the templates to a `fail` of the chart, or to a lookup that the cluster refused."""
_HINT: Final = re.compile(r"\s*Use --debug flag to render out invalid YAML\s*$")
_LONGEST: Final = 20_000
"""Characters of an error that are looked into: the chart's longest sentence is a tenth of it."""


def chart_words(text: str) -> str:
    """An error of helm without its way through the chart's templates: what the chart says about the values stays."""
    return _HINT.sub("", _WAY.sub("", text[:_LONGEST], count=1))


def notes_of(lines: Iterable[str]) -> str:
    """The chart's NOTES from what helm printed at its end; "" when there are none."""
    text = "\n".join(lines)
    _, separator, notes = text.partition("\nNOTES:\n")
    return notes.strip("\n") if separator else ""


def failure_of(lines: Iterable[str], code: int | None, signal: str) -> str:
    """Why helm failed, in its own words; code None: a signal ended it, or nobody saw how."""
    printed = [line for line in lines if line.strip()]
    starts = [number for number, line in enumerate(printed) if re.match(r"error\b", line, re.IGNORECASE)]
    text = " ".join(printed[starts[-1] :][:4] if starts else printed[-1:])
    if text:
        return f"helm says: {chart_words(re.sub('^Error: ', '', text))}"
    if signal:
        return f"helm was ended by {signal}."
    return "helm ended and nobody saw how." if code is None else f"helm ended with code {code}."
