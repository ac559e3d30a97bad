"""`sandbox`: the control plane's own commands, in this program."""

from __future__ import annotations

import gc

from wizard.cli.arguments.local import SandboxArguments
from wizard.sandbox import cli

register = cli.register


def sandbox(arguments: SandboxArguments) -> int:
    """Run one of them; returns the exit code."""
    gc.enable()  # which was off for a launch of the full screen
    return cli.run(arguments.parsed)
