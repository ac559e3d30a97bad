"""Prints a page by the template beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from wizard.core.text import sanitize, words
from wizard.core.text.time import parse_time

if TYPE_CHECKING:
    from wizard.core.report.page import Page


class HtmlPages:
    """Escapes every value, after it was made safe to show: no line can end an element, turn around or hide."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, finalize=_safe,
        )  # fmt: skip
        self._templates.filters |= {"symbol": words.symbol, "word": words.word, "utc": _utc}

    def html(self, page: Page) -> str:
        """The document of a page."""
        return self._templates.get_template("page.html").render(page=page)


def _safe(value: Any) -> Any:
    if not isinstance(value, str) or hasattr(value, "__html__"):  # what a macro printed was made safe in it
        return value
    return "\n".join(map(sanitize.line, value.split("\n")))


def _utc(text: str) -> str:
    """An RFC 3339 time for a person; any other text as it is."""
    when = parse_time(text)
    return f"{when:%Y-%m-%d %H:%M:%S} UTC" if when else text
