"""One line of a log: its fields where it is structured, its level, and how much it weighs as the cause of an end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final

LEVEL: Final = ("level", "severity", "lvl", "levelname")
MESSAGE: Final = ("message", "msg", "event")
_PAIR: Final = re.compile(r'([A-Za-z_@][\w.@-]*)=("(?:[^"\\]|\\.)*"|\S*)')


class Weight(IntEnum):
    """How much a line tells about the end of its program, the least first."""

    ASIDE = 0
    """Of a level below a warning, or about the program's own telemetry, without which it goes on."""
    WARNING = 1
    PLAIN = 2
    """It names no level."""
    ERROR = 3
    FATAL = 4
    """Its last words: a panic, an exception that nobody caught, the level fatal."""


_WEIGHTS: Final[tuple[tuple[re.Pattern[str], Weight], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), weight)
    for pattern, weight in (
        (r"fatal|panic|critical|crit|emergency|emerg|alert", Weight.FATAL),
        (r"error|err|severe", Weight.ERROR),
        (r"warn|warning", Weight.WARNING),
        (r"info|information|notice|debug|trace|verbose|log|hint|statement", Weight.ASIDE),
    )
)
_TEXT: Final = re.compile(
    # The level of a line without fields: "2026-11-24T19:10:01Z ERROR x", "[error] x", "FATAL:  x". No word before it fits two
    # of the alternatives: a line of numbers would else be tried in every combination.
    r"^(?:(?:[\[(<]?[\d:.,TZ+/-]{6,}[\])>]?|\d{1,5}|\[\d{1,3}\]|UTC)\s+)*"
    r"[\[(<]?(FATAL|PANIC|CRITICAL|CRIT|EMERG|ERROR|ERR|SEVERE|WARNING|WARN|INFO|NOTICE|DEBUG|TRACE|LOG|HINT|STATEMENT)\b(?![-\w])",
    re.IGNORECASE,
)
_KLOG: Final = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d")
_UNCAUGHT: Final = re.compile(
    r"^(?:thread '[^']*'(?: \(\d+\))? panicked at|panic: |fatal error: |Traceback \(most recent call last\)|Unhandled\w* |Uncaught )"
    r"|^(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)\b(?::|$)|^Caused by: |^Exception in thread"
)
_TELEMETRY: Final = re.compile(r"\b(?:otlp|opentelemetry|otel|jaeger|zipkin|trac(?:ing|e) exporter|span exporter|metrics? exporter|sentry)\b",
                               re.IGNORECASE)  # fmt: skip


def fields(text: str) -> Mapping[str, Any]:
    """The fields of a line in JSON or logfmt; empty for any other line."""
    if text.startswith("{"):
        return _json(text) or {}
    return (_logfmt(text) or {}) if "=" in text and ("level=" in text or "lvl=" in text) else {}


@dataclass(frozen=True)
class LogLine:
    """One line as a rule reads it."""

    text: str
    message: str
    """Its message with its error where it is structured, else the text; at most its first `READ` characters."""
    weight: Weight
    uncaught: bool
    """It is of a panic, or of an exception that nobody caught."""


READ: Final = 2_000
"""Characters of a text in which words are looked for."""


@lru_cache(1_024)
def read(text: str) -> LogLine:
    """A line, read once: the same lines are asked about by every rule, and again at every change of a release."""
    found = fields(text)
    said = _message(found, text)[:READ]
    uncaught = bool(_UNCAUGHT.search(said))
    return LogLine(text, said, _weight(found, said, text[:READ], uncaught=uncaught), uncaught)


def _message(found: Mapping[str, Any], text: str) -> str:
    named = next((str(found[key]) for key in MESSAGE if key in found), "")
    if not named:
        return text
    cause = next((str(found[key]) for key in ("error", "err", "exception") if found.get(key)), "")
    return f"{named}: {cause}" if cause and cause not in named else named


def _weight(found: Mapping[str, Any], said: str, text: str, *, uncaught: bool) -> Weight:
    if uncaught:
        return Weight.FATAL
    if _TELEMETRY.search(said):
        return Weight.ASIDE
    named = next((str(found[key]) for key in LEVEL if key in found), "")
    if not named and (klog := _KLOG.match(text)):
        named = {"I": "info", "W": "warning", "E": "error", "F": "fatal"}[klog[1]]
    if not named and (plain := _TEXT.match(text)):
        named = plain[1]
    return next((weight for pattern, weight in _WEIGHTS if pattern.fullmatch(named)), Weight.PLAIN)


def _json(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _logfmt(text: str) -> dict[str, Any] | None:
    pairs = _PAIR.findall(text)
    left = _PAIR.sub("", text).strip()
    return {key: value.strip('"') for key, value in pairs} if pairs and not left else None
