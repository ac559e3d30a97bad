"""One line of a log: its fields where it is structured, its level, and how much it weighs as the cause of an end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final

LEVEL: Final = ("level", "severity", "lvl", "levelname", "log.level", "LogLevel", "@l")
MESSAGE: Final = ("message", "msg", "event", "Message", "@m")
CAUSE: Final = (
    "error",
    "err",
    "exception",
    "cause",
    "error.message",
    "@x",
    "exc_info",
    "throwable",
    "thrown",
    "stack_trace",
    "error.stack_trace",
)
"""Where loggers put what went wrong, beside the message."""
_PAIR: Final = re.compile(r'([A-Za-z_@][\w.@-]*)=("(?:[^"\\]|\\.)*"|\S*)')


class Weight(IntEnum):
    """How much a line tells about the end of its program, the least first."""

    ASIDE = 0
    """Of a level below a warning, about the program's own telemetry, or a database's answer to one of its clients: it goes on."""
    WARNING = 1
    PLAIN = 2
    """It names no level."""
    ERROR = 3
    FATAL = 4
    """Its last words: a panic, an exception that nobody caught, the level fatal."""


_WEIGHTS: Final[tuple[tuple[re.Pattern[str], Weight], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), weight)
    for pattern, weight in (
        (r"fatal|panic|critical|crit|emergency|emerg|alert|ftl|60", Weight.FATAL),
        (r"error|err|severe|fail|50", Weight.ERROR),
        (r"warn|warning|wrn|40", Weight.WARNING),
        (r"info|information|inf|notice|debug|dbug|dbg|trace|trce|trc|verbose|log|hint|statement|[123]0", Weight.ASIDE),
    )
)
"""Names of levels, their short forms, and the numbers of pino and bunyan."""
_NAMED: Final = re.compile(
    r"[\[(<]?(?:\w{1,40}\.)?(?:((?-i:FATAL|FTL|PANIC|CRITICAL|CRIT|EMERG|ERROR|ERR|SEVERE|WARNING|WARN|WRN|INFO|INF|NOTICE|DEBUG|DBG|TRACE|TRC))$"
    r"|(FATAL|PANIC|CRITICAL|CRIT|EMERG|ERROR|ERR|SEVERE|FAIL|WARNING|WARN|INFO|NOTICE|DEBUG|DBUG|TRACE|TRCE|LOG|HINT|STATEMENT)[\])>:|])",
    re.IGNORECASE,
)
"""A word that is a level: ERROR, or in any case where a bracket or a colon ends it: "[error]", "error:", "app.ERROR:"."""
_AHEAD: Final = re.compile(r"\[.*|.*\]|[\d:.,TZ+/-]+(?:[AP]M)?|UTC|GMT|-+|\||[A-Z],|[\w.-]+@[\w.-]+")
"""A word that may stand before the level: of a time, in brackets, a dash, USER@DATABASE."""
_PROGRAM: Final = re.compile(r"[a-z][\w.-]{0,39}:")
"""A program that names itself first, as psql and the GNU programs do: "psql: error: ..."; a field "Severity: FATAL" is none."""
_WORDS_AHEAD: Final = 12
_KLOG: Final = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d")
_UNCAUGHT: Final = re.compile(
    r"^(?:thread '[^']*'(?: \(\d+\))? panicked at|panic: |fatal error: |PHP Fatal error: |Traceback \(most recent call last\)|Unhandled\w* |Uncaught )"
    r"|^(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)\b(?::|$)|^Caused by: |^Exception in thread"
)
_TELEMETRY: Final = re.compile(
    r"\b(?:otlp|opentelemetry|otel|jaeger|zipkin|trac(?:ing|e) exporter|span exporter|metrics? exporter|sentry|(?:dog)?statsd|pushgateway"
    r"|datadog|ddtrace|dd[.-]trace|new ?relic|elastic[.-]apm|apm-(?:server|agent)|honeycomb|pyroscope|fluentd|fluent-?bit|logstash|loki|graylog|(?:exporting|exported|export|upload(?:ing)?|flush|lost \d+) (?:spans?|traces|metrics|logs)|(?:traces|metrics|logs) export"
    r"|traces to intake)\b|(?::\d+|url: )/v\d(?:\.\d)?/(?:traces|metrics|logs)\b|(?::|port=)(?:4317|4318|8125|8126)\b",
    re.IGNORECASE,
)  # fmt: skip
_TO_CLIENT: Final = re.compile(
    # PostgreSQL ends a session or a statement with these, and goes on itself; only its own log has the process in front.
    r"\[\d+\](?: \S+@\S+)? (?:ERROR|FATAL):  (?:password authentication failed|no pg_hba\.conf entry|(?:role|database|relation|column|function|schema) \"[^\"]*\" does not exist"
    r"|permission denied for|must be owner of|sorry, too many clients|remaining connection slots|the database system is|duplicate key|canceling|"
    r"terminating connection|cannot execute|syntax error|deadlock detected)"
)  # fmt: skip


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


_WRAPPED: Final = re.compile(
    r"(?:\[[^\]\n]{1,40}\] )?(?:NOTICE|WARNING): (?:PHP message: |\[pool \S+\] child \d+ said into std(?:err|out): \"(?:NOTICE: PHP message: )?)(?=\S)"
)
"""What php-fpm puts in front of a line that a program of its pool printed."""
READ: Final = 2_000
"""Characters of a text in which words are looked for."""


@lru_cache(1_024)
def read(text: str) -> LogLine:
    """A line, read once: the same lines are asked about by every rule, and again at every change of a release."""
    wrapped = _WRAPPED.match(text)
    printed = text[wrapped.end() :] if wrapped else text
    found = fields(printed)
    said = _message(found, printed)[:READ]
    uncaught = bool(_UNCAUGHT.search(said))
    return LogLine(text, said, _weight(found, said, printed[:READ], uncaught=uncaught), uncaught)


_DATE: Final = re.compile(r"\W{0,2}(?:[A-Z], \W)?\d{1,4}[-/:]\w{1,3}[-/:]\d")


def dated(text: str) -> bool:
    """Whether a line begins with a time, as the lines of most programs do and what goes on from the line above does not."""
    return bool(_DATE.match(text))


def bare(message: str) -> str:
    """A message in one line without the time and the level in front of it, which differ from one pod to the next."""
    words = message.split()
    for number, word in enumerate(words[:_WORDS_AHEAD]):
        if level := _NAMED.match(word):
            return " ".join((word[level.end() :], *words[number + 1 :])).strip() or " ".join(words)
        if not _AHEAD.fullmatch(word):
            return " ".join(words[number:] if number and dated(words[0]) else words)
    return " ".join(words)


def of_telemetry(text: str) -> bool:
    """Whether a text is about the program's own traces and metrics."""
    return bool(_TELEMETRY.search(text))


def _message(found: Mapping[str, Any], text: str) -> str:
    named = next((str(found[key]) for key in MESSAGE if key in found), "")
    cause = next((_said(found[key]) for key in CAUSE if found.get(key)), "")
    if not named:
        return cause or text
    return f"{named}: {cause}" if cause and cause not in named else named


def _said(value: Any) -> str:
    """The text of an error that a logger wrote as such, or as an object with a message."""
    said = []
    for _ in range(_CAUSES):
        if not isinstance(value, Mapping):
            break
        words = next((str(value[key]) for key in (*MESSAGE, "stack", "type") if value.get(key)), "")
        said.append(": ".join(filter(None, (str(value.get("className") or ""), words))))
        value = value.get("cause")
    return "; ".join(filter(None, said)) if said else str(value)


_CAUSES: Final = 5
"""Causes of causes that are read of an error."""


def _weight(found: Mapping[str, Any], said: str, text: str, *, uncaught: bool) -> Weight:
    if of_telemetry(said) or _TO_CLIENT.search(said):
        return Weight.ASIDE
    if uncaught:
        return Weight.FATAL
    named = next((str(found[key]) for key in LEVEL if key in found), "")
    if not named and "@t" in found:
        named = "info"  # Serilog names every other level
    if not named and (klog := _KLOG.match(text)):
        named = {"I": "info", "W": "warning", "E": "error", "F": "fatal"}[klog[1]]
    named = named or _ahead(text)
    return next((weight for pattern, weight in _WEIGHTS if pattern.fullmatch(named)), Weight.PLAIN)


def _ahead(text: str) -> str:
    """The level before the message of a line without fields; "" when there is none."""
    dashed = False
    for number, word in enumerate(text[:READ].split(maxsplit=_WORDS_AHEAD)[:_WORDS_AHEAD]):
        if level := _NAMED.match(word):
            return level[1] or level[2]
        if not dashed and not _AHEAD.fullmatch(word) and (number or not _PROGRAM.fullmatch(word)):
            return ""
        dashed = word == "-"
    return ""


def _json(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    within = found.get("fields")
    return {**within, **found} if isinstance(within, dict) else found


def _logfmt(text: str) -> dict[str, Any] | None:
    pairs = _PAIR.findall(text)
    left = _PAIR.sub("", text).strip()
    return {key: value.strip('"').replace('\\"', '"') for key, value in pairs} if pairs and not left else None
