"""Values files in the styles in which people write them: indentation, quotes, comments, blank lines, flow and block."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any, Final

_KEYS: Final = (
    "image",
    "tag",
    "replicas",
    "env",
    "resources",
    "limits",
    "hosts",
    "annotations",
    "a.b/c",
    "enabled",
    "nodeSelector",
    "port",
    "args",
    "x-y",
)
_TEXTS: Final = (
    "ghcr.io/acme/app",
    "1.10",
    "v2",
    "true",
    "22:30",
    "",
    "it's",
    'say "x"',
    "a: b",
    "#no",
    "50m",
    "512Mi",
    "/var/lib",
    "\u00e9t\u00e9",
    "on",
    "*star",
    "&amp",
    "- dash",
    "  led",
    "tab\there",
)
_COMMENTS: Final = (
    "keep this",
    "see the wiki: http://example.com/a#b",
    "TEAM: platform",
    "'quoted' \"too\"",
    "- not a list",
    "key: not a key",
)


@dataclass(frozen=True)
class _Style:
    step: int
    offset: int
    quote: str
    line_break: str


def styled(choose: random.Random) -> str:
    """A values file in one style, with a comment, blank lines and at least one entry."""
    style = _Style(
        choose.choice((2, 2, 2, 3, 4)),
        choose.choice((0, 0, 2)),
        choose.choice(("", "", "'", '"')),
        choose.choice(("\n", "\n", "\n", "\r\n")),
    )
    lines = [f"# {choose.choice(_COMMENTS)}"] if choose.random() < 0.7 else []
    lines += _map(_tree(choose, 0), 0, style, choose)
    if choose.random() < 0.3:
        lines += ["", f"# {choose.choice(_COMMENTS)}"]
    return style.line_break.join(lines) + style.line_break


def _tree(choose: random.Random, depth: int) -> dict[str, Any]:
    keys = choose.sample(_KEYS, choose.randint(1, 5))
    return {key: _value(choose, depth + 1) for key in keys}


def _value(choose: random.Random, depth: int) -> Any:
    kind = choose.random()
    if depth < 4 and kind < 0.3:
        return _tree(choose, depth)
    if depth < 4 and kind < 0.45:
        return [_value(choose, depth + 1) for _ in range(choose.randint(1, 3))]
    if kind < 0.6:
        return choose.choice((0, 1, 3, 8080, 0.5, True, False, None, {}, []))
    return choose.choice(_TEXTS)


def _map(tree: dict[str, Any], column: int, style: _Style, choose: random.Random) -> list[str]:
    lines: list[str] = []
    for key, value in tree.items():
        if choose.random() < 0.2:
            lines += ["", " " * column + f"# {choose.choice(_COMMENTS)}"]
        elif choose.random() < 0.1:
            lines.append("")
        lines += _behind(" " * column + f"{key}:", value, column, style, choose)
    return lines


def _behind(start: str, value: Any, column: int, style: _Style, choose: random.Random) -> list[str]:
    """The lines of a value behind its key."""
    comment = f"{' ' * choose.randint(1, 6)}# {choose.choice(_COMMENTS)}" if choose.random() < 0.3 else ""
    if isinstance(value, dict | list) and value and choose.random() < 0.85:
        inner = column + (style.step if isinstance(value, dict) else style.offset)
        below = _map(value, inner, style, choose) if isinstance(value, dict) else _list(value, inner, style, choose)
        return [start + comment, *below]
    if isinstance(value, str) and value and value.isascii() and choose.random() < 0.1:
        block = choose.choice(("|", "|-", ">", ">-", "|+"))
        return [f"{start} {block}", *(" " * (column + style.step) + line for line in ("one", "two: 2"))]
    return [f"{start} {_inline(value, style, choose)}".rstrip() + comment]


def _list(items: list[Any], column: int, style: _Style, choose: random.Random) -> list[str]:
    lines: list[str] = []
    for item in items:
        dash = " " * column + "-"
        if isinstance(item, dict) and item:
            first, *rest = _map(item, column + 2, style, random.Random(0))
            if not first.strip():
                first, *rest = rest
            lines += [f"{dash} {first.strip()}", *rest] if not first.strip().startswith("#") else [dash, first, *rest]
        else:
            lines.append(f"{dash} {_inline(item, style, choose)}".rstrip())
    return lines


def _inline(value: Any, style: _Style, choose: random.Random) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{json.dumps(key)}: {_inline(inner, style, choose)}" for key, inner in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_inline(inner, style, choose) for inner in value) + "]"
    if value is None:
        return choose.choice(("null", "~"))
    if not isinstance(value, str):
        return json.dumps(value)
    if value.replace("/", "").replace(".", "").isalpha() and value not in ("true", "on") and not style.quote:
        return value
    if style.quote == "'" and "\t" not in value:
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)
