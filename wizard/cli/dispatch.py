"""Runs the function of a command."""

from __future__ import annotations

from wizard.cli.arguments.base import Arguments
from wizard.cli.output import Out
from wizard.cli.table import COMMANDS
from wizard.engine.session import Session


async def run(arguments: Arguments, session: Session, out: Out, called: str) -> int:
    """Run one command and return its exit code; `called` is this program as a person types it. Raises Problem."""
    command = COMMANDS[arguments.command]
    more = (called,) if command.called else ()
    code: int = await command.function()(arguments, session, out, *more)
    return code
