"""Runs the full screen; the entry point for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.tui import crash
from wizard.tui.app import WizardApp
from wizard.tui.crash import Unexpected
from wizard.tui.start import Start

if TYPE_CHECKING:
    from wizard.engine.session import Session


def run_app(session: Session, start: Start, *, mouse: bool = False, unexpected: Unexpected = crash.sentence) -> int:
    """Open the full screen and return the exit code.

    The terminal keeps the mouse unless `mouse`; `unexpected` turns a bug into a problem.
    """
    app = WizardApp(session, start, unexpected)
    app.run(mouse=mouse)
    return app.return_code or 0
