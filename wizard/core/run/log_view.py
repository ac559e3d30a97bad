"""Log lines as text: structured lines show level and message first, then every other field. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from wizard.core.run.log_buffer import Line
from wizard.core.text import log_line

_TIME: Final = frozenset(("time", "timestamp", "ts", "@timestamp", "@t", "t", "asctime"))


def printed(lines: Iterable[Line]) -> str:
    """Log lines in the format of `kubectl logs --prefix --timestamps`; a gap is a comment."""
    return "".join(
        f"# {line.text}\n" if line.gap else f"[pod/{line.pod}/{line.container}] {line.time} {line.text}\n"
        for line in lines
    )


def readable(text: str) -> str:
    """LEVEL message key=value ... of a structured line, any other line unchanged. The time has a column of its own."""
    fields = log_line.fields(text)
    message = next((key for key in log_line.MESSAGE if key in fields), "")
    if not message:
        return text
    level = next((key for key in log_line.LEVEL if key in fields), "")
    rest = [
        f"{key}={_plain(value)}"
        for key, value in fields.items()
        if key not in (message, level) and key not in _TIME and not (key == "fields" and isinstance(value, dict))
    ]
    head = f"{str(fields[level]).upper():5} " if level else ""
    return f"{head}{_plain(fields[message])}" + (f"  {' '.join(rest)}" if rest else "")


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(text, ensure_ascii=True)[1:-1]
