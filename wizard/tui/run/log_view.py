"""Log lines as text: structured lines show level and message first, then every other field. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from wizard.core.run.log_buffer import Line

_TIME: Final = frozenset(("time", "timestamp", "ts", "@timestamp", "t", "asctime"))
_LEVEL: Final = ("level", "severity", "lvl", "levelname")
_MESSAGE: Final = ("message", "msg", "event")
_PAIR: Final = re.compile(r'([A-Za-z_@][\w.@-]*)=("(?:[^"\\]|\\.)*"|\S*)')


def printed(lines: Iterable[Line]) -> str:
    """Log lines in the format of `kubectl logs --prefix --timestamps`; a gap is a comment."""
    return "".join(
        f"# {line.text}\n" if line.gap else f"[pod/{line.pod}/{line.container}] {line.time} {line.text}\n"
        for line in lines
    )


def readable(text: str) -> str:
    """LEVEL message key=value ... of a structured line, any other line unchanged. The time has a column of its own."""
    fields = (
        _json(text)
        if text.startswith("{")
        else _logfmt(text)
        if "=" in text and ("level=" in text or "lvl=" in text)
        else None
    )
    message = next((key for key in _MESSAGE if fields and key in fields), "")
    if not fields or not message:
        return text
    level = next((key for key in _LEVEL if key in fields), "")
    rest = [
        f"{key}={_plain(value)}" for key, value in fields.items() if key not in (message, level) and key not in _TIME
    ]
    head = f"{str(fields[level]).upper():5} " if level else ""
    return f"{head}{_plain(fields[message])}" + (f"  {' '.join(rest)}" if rest else "")


def _json(text: str) -> dict[str, Any] | None:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _logfmt(text: str) -> dict[str, Any] | None:
    pairs = _PAIR.findall(text)
    left = _PAIR.sub("", text).strip()
    return {key: value.strip('"') for key, value in pairs} if pairs and not left else None


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(text, ensure_ascii=True)[1:-1]
