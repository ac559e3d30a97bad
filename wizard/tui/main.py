"""The one call that the command line makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.tui.app import WizardApp
from wizard.tui.start import Start

if TYPE_CHECKING:
    from wizard.engine.session import Session


def run_app(session: Session, start: Start, *, mouse: bool = False) -> int:
    """Open the full screen and return the exit code; the mouse stays with the terminal unless asked for."""
    app = WizardApp(session, start)
    app.run(mouse=mouse)
    return app.return_code or 0
