"""The command line: commands, options, help, choice of the front end, exit codes. Delays heavy imports."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import wizard
from wizard import streams
from wizard.cli.help import program, top_help
from wizard.cli.table import COMMANDS
from wizard.core.errors import Exit, Problem

if TYPE_CHECKING:
    from wizard.cli.arguments.base import Arguments
    from wizard.cli.output import Output

SMALLEST: Final = (80, 24)
"""Columns and lines that the full screen needs."""


class Terminal(NamedTuple):
    """The terminal that the program was started from."""

    stdin: bool
    stdout: bool
    columns: int = 80
    lines: int = 24
    kind: str = ""

    @staticmethod
    def here() -> Terminal:
        """The terminal of this process."""
        size = shutil.get_terminal_size()
        return Terminal(sys.stdin.isatty(), sys.stdout.isatty(), size.columns, size.lines, os.environ.get("TERM", ""))

    @property
    def too_small(self) -> str:
        """One sentence when the full screen does not fit."""
        if self.columns >= SMALLEST[0] and self.lines >= SMALLEST[1]:
            return ""
        return f"The terminal has {self.columns}x{self.lines}; the full screen needs {SMALLEST[0]}x{SMALLEST[1]}."


def main(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code. Never raises; prints a trace with --debug only."""
    streams.prepare()
    try:
        return _main(argv)
    except Problem as problem:
        return _report(problem, argv)
    except KeyboardInterrupt:
        streams.message("interrupted\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        streams.forget(sys.stdout)  # the reader closed the pipe; a started run goes on
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place that can turn a bug into a sentence
        from wizard import crash

        return _report(crash.problem(error, debug="--debug" in argv), argv)


def _main(argv: Sequence[str]) -> int:
    if len(argv) == 1 and argv[0] in _ALONE:
        return _ALONE[argv[0]]()
    try:
        arguments = read(argv)
    except SystemExit as ended:  # argparse printed the help
        return int(ended.code or 0)
    if not arguments.command:
        from wizard.cli.arguments.home import HomeArguments

        if isinstance(arguments, HomeArguments) and (arguments.version or arguments.help):
            return _version() if arguments.version else _help()
    command = COMMANDS.get(arguments.command)
    if command and not command.session:
        return int(command.function()(arguments))
    terminal = Terminal.here()
    if wants_screen(arguments, terminal):
        from wizard import frontends

        return frontends.screen(arguments)
    if not command:
        return _no_command(terminal)
    if terminal.stdout and terminal.too_small and arguments.has_screen():
        streams.message(f"{terminal.too_small} Using plain output.\n")
    from wizard import frontends

    return frontends.command_line(arguments, program())


def _version() -> int:
    streams.data(f"llm-cost-ops-wizard {wizard.__version__}\n")
    return Exit.DONE


def _help() -> int:
    streams.data(top_help())
    return Exit.DONE


_ALONE: Final = {"--version": _version, "--help": _help, "-h": _help}
"""Handled without parser and dataclasses."""


def _no_command(terminal: Terminal) -> int:
    if terminal.stdin and terminal.stdout and terminal.too_small:
        raise Problem(terminal.too_small, "Make it larger, or give a command: see --help.")
    streams.message(top_help())
    return Exit.REFUSED


def read(argv: Sequence[str]) -> Arguments:
    """The arguments of a command line. The parser is imported only when needed; the full screen starts without it.

    Raises:
        Problem: the command line is invalid.
        SystemExit: the help of a command was asked for, and printed.
    """
    if not argv:
        from wizard.cli.arguments.home import HomeArguments

        return HomeArguments()
    command = COMMANDS.get(argv[0])
    if len(argv) == 1 and command and not command.register:
        return command.arguments_type()(command=command.name)
    from wizard.cli import options

    return options.parse(argv)


def wants_screen(arguments: Arguments, terminal: Terminal) -> bool:
    """Whether to start the full screen (design: contracts, front ends)."""
    usable = terminal.stdin and terminal.stdout and terminal.kind != "dumb" and not terminal.too_small
    return arguments.has_screen() and not arguments.wants_plain() and usable


def _asked_mode(argv: Sequence[str]) -> Output:
    """The output format of a command line that may not be valid."""
    joined = [f"{word}={following}" for word, following in itertools.pairwise(argv)]
    for mode in ("json", "jsonl"):
        if {f"--output={mode}", f"-o={mode}", f"-o{mode}"} & {*argv, *joined}:
            return mode
    return "text"


def _report(problem: Problem, argv: Sequence[str]) -> int:
    from wizard.cli.output import Out
    from wizard.core.run.events import Event

    out = Out(_asked_mode(argv), no_color="--no-color" in argv)
    out.problem(problem)
    described = {"what": problem.what, "next_step": problem.next_step, "question": problem.question}
    ended = {"code": int(problem.code), "verdict": "", "reason": problem.what, "files": [], "commands": []}
    with contextlib.suppress(Problem, BrokenPipeError):  # standard output may be the problem
        out.object({"exit": int(problem.code), "problem": described})
        out.event(Event("run.finished", ended))
    return problem.code
