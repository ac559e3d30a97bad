"""The help of the whole program, and how it was called."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from wizard.cli.table import COMMANDS

EXIT_CODES: Final = """exit codes:
  0    done; for status, diagnose and bundle: healthy, or on its way
  1    the operation failed; for status, diagnose and bundle: a problem was found
  2    blocked by a failed check, a refused plan, or bad input
  3    something that decides could not be known; for status, diagnose and bundle: nothing found
  4    plan --detailed-exitcode: there are changes
  130  interrupted"""


def program() -> str:
    """How this program was called, so that printed commands work when pasted."""
    called = sys.argv[0]
    if Path(called).name == "__main__.py":
        return f"{_as_typed(sys.executable)} -m wizard"
    return _as_typed(called)


def _as_typed(path: str) -> str:
    """The shortest text that a shell in this folder runs as this program."""
    name = Path(path).name
    on_path = shutil.which(name)
    if on_path and Path(on_path).absolute() == Path(path).absolute():
        return name
    near = os.path.relpath(path)
    return path if near.startswith("..") else near


def top_help() -> str:
    """The help of the program without a command."""
    name = program()
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {command.name.ljust(width)}  {command.text}" for command in COMMANDS.values())
    return f"""usage: {name} [COMMAND] [OPTIONS]

Installs LLM Cost Ops on Kubernetes and shows it becoming ready. Without a command, on a terminal: the full screen.

commands:
{commands}

  {name} COMMAND --help    the options of a command, with an example
  {name} --version

example:
  {name} sandbox up
  eval "$({name} sandbox env)"
  {name} install --preset dev --yes

{EXIT_CODES}
"""
