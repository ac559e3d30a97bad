"""`completion`: the script for shell completion of commands and options, made from the same table as the parser."""

from __future__ import annotations

import argparse
from typing import Final

import shtab

from wizard.cli.arguments.home import HomeArguments
from wizard.cli.arguments.local import CompletionArguments
from wizard.cli.arguments.option import Flag
from wizard.cli.options import Parser, add_command, add_flags
from wizard.cli.output import Out
from wizard.cli.table import COMMANDS
from wizard.core.errors import Exit, Problem

PROGRAM: Final = "llm-cost-ops-wizard"
"""The program that is completed; a shell looks completions up by program name."""
SHELLS: Final = ("bash", "zsh", "fish")


def completion(arguments: CompletionArguments) -> int:
    """Print the script for one shell; returns the exit code."""
    shell = "".join(arguments.words)
    if shell not in SHELLS:
        what = f'"{shell}" is not a shell that can be completed.' if shell else "The shell is not named."
        raise Problem(what, f"Name one of {', '.join(SHELLS)}.")
    text = script(shell)
    out = Out(arguments.mode)
    out.data(text)
    out.object({"command": "completion", "exit": 0, "shell": shell, "script": text}, exact=("script",))
    return Exit.DONE


def script(shell: str) -> str:
    """The script for bash, zsh or fish."""
    top = Parser(prog=PROGRAM, add_help=False)
    add_flags(top, HomeArguments, _offer)
    commands = top.add_subparsers()
    for command in COMMANDS.values():
        add_command(commands, command, _offer)
    return f"{shtab.complete(top, shell)}\n"


def _offer(action: argparse.Action, flag: Flag) -> None:
    """Tell shtab what a shell offers for a value."""
    if isinstance(flag.completion, tuple):
        action.choices = flag.completion
    elif flag.completion:
        action.complete = shtab.FILE  # type: ignore[attr-defined] # the attribute that shtab reads
    if flag.completion:
        action.help = flag.keywords["help"]  # shtab skips positional arguments without help
