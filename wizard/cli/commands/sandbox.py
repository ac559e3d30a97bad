"""`sandbox`: the commands of wizard.sandbox.cli in this program."""

from __future__ import annotations

import gc

from wizard.cli.arguments.local import SandboxArguments
from wizard.sandbox import cli

register = cli.register


def sandbox(arguments: SandboxArguments) -> int:
    """Run a sandbox command; returns the exit code."""
    gc.enable()  # main turned it off for a fast start of the full screen
    return cli.run(arguments.parsed)
