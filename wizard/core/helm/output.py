"""Parses helm's output: the chart's notes, and why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TEMPLATE_PATH: Final = re.compile(
    r"execution error at \([^()\s]+:\d+:\d+\): |template: [^\s:]+:\d+:\d+: executing .*error calling lookup: ",
    re.DOTALL,
)
"""The template positions that helm prints before a `fail` of the chart, or before a lookup that the cluster refused."""
_HINT: Final = re.compile(r"\s*Use --debug flag to render out invalid YAML\s*$")
_LONGEST: Final = 20_000
"""Characters of an error that are searched: the chart's longest sentence is a tenth of this."""


def chart_words(text: str) -> str:
    """An error of helm without the template positions: the chart's own message about the values."""
    return _HINT.sub("", _TEMPLATE_PATH.sub("", text[:_LONGEST], count=1))


def notes_of(lines: Iterable[str]) -> str:
    """The chart's NOTES from helm's last output; "" when there are none."""
    text = "\n".join(lines)
    _, separator, notes = text.partition("\nNOTES:\n")
    return notes.strip("\n") if separator else ""


def failure_of(lines: Iterable[str], code: int | None, signal: str) -> str:
    """Why helm failed, in its own words; code None: a signal ended it, or its exit code is unknown."""
    printed = [line for line in lines if line.strip()]
    starts = [number for number, line in enumerate(printed) if re.match(r"error\b", line, re.IGNORECASE)]
    text = " ".join(printed[starts[-1] :][:4] if starts else printed[-1:])
    if text:
        return f"helm says: {chart_words(re.sub('^Error: ', '', text))}"
    if signal:
        return f"helm was ended by {signal}."
    return "helm ended; its exit code is unknown." if code is None else f"helm ended with code {code}."
