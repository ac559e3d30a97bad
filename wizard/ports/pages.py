"""A report as a file that a browser opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wizard.core.report.page import Page


class Pages(Protocol):
    """Pages to read."""

    def html(self, page: Page) -> str:
        """The page as one HTML document that needs nothing else; every text in it is escaped and safe to show."""
        ...
