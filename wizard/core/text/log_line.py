"""One line of a log: its fields where it is structured, its level, and how much it weighs as the cause of an end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import IntEnum
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
    # The level of a line without fields: "2026-11-24T19:10:01Z ERROR x", "[error] x", "FATAL:  x", "E1124 19:10:01.000000".
    r"^(?:[\[(<]?[\d:.,TZ+/-]{6,}[\])>]?\s+|\d+\s+|\[\d+\]\s+|UTC\s+)*"
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


def message(text: str) -> str:
    """The message of a structured line with its error, any other line unchanged."""
    found = fields(text)
    named = next((str(found[key]) for key in MESSAGE if key in found), "")
    if not named:
        return text
    cause = next((str(found[key]) for key in ("error", "err", "exception") if found.get(key)), "")
    return f"{named}: {cause}" if cause and cause not in named else named


def weight(text: str) -> Weight:
    """How much a line weighs, by its level."""
    found = fields(text)
    named = next((str(found[key]) for key in LEVEL if key in found), "")
    said = message(text)
    if _TELEMETRY.search(said) and not _UNCAUGHT.search(said):
        return Weight.ASIDE
    if _UNCAUGHT.search(said):
        return Weight.FATAL
    if not named and (klog := _KLOG.match(text)):
        named = {"I": "info", "W": "warning", "E": "error", "F": "fatal"}[klog[1]]
    if not named and (plain := _TEXT.match(text)):
        named = plain[1]
    return next((weight for pattern, weight in _WEIGHTS if pattern.fullmatch(named)), Weight.PLAIN)


def is_uncaught(text: str) -> bool:
    """Whether the line is of a panic or of an exception that nobody caught."""
    return bool(_UNCAUGHT.search(message(text)))


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
