"""The Textual app with one widget that our launch is compared with."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Input
from typing_extensions import override


class Bare(App[None]):
    """One input field and nothing else."""

    @override
    def compose(self) -> ComposeResult:
        yield Input(placeholder="first field")


if __name__ == "__main__":
    Bare().run(mouse=False)
