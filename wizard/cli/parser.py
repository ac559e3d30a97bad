"""The command line: commands, options, help, which face answers, exit codes. Imports nothing heavy until it must."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import wizard
from wizard import streams
from wizard.cli.help import COMMANDS, WORDS, program, top_help
from wizard.core.errors import Exit, Problem

if TYPE_CHECKING:
    from wizard.cli.arguments import Arguments
    from wizard.cli.output import Output

SMALLEST: Final = (80, 24)
"""Columns and lines that the full screen needs."""

_SCREENS: Final = ("", "install", "upgrade", "rollback", "uninstall", "diagnose")
"""Commands with a screen of their own; `runs` has one when it is given an ID."""


def split(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The command, and all other arguments; options may stand before it.

    Raises:
        Problem: there is no such command.
    """
    flags = {"--help", "-h", "--version", "--yes", "--plain", "--no-color", "--debug"}
    at = 0
    while at < len(argv) and argv[at].startswith("-"):
        glued = "=" in argv[at] or argv[at] in flags or (len(argv[at]) > 2 and not argv[at].startswith("--"))
        at += 1 if glued else 2
    if at >= len(argv):
        return "", list(argv)
    command = argv[at]
    if command not in COMMANDS:
        near = difflib.get_close_matches(command, COMMANDS, 1, cutoff=0.7)
        hint = f"Did you mean {near[0]}?" if near else f"Commands are {', '.join(COMMANDS)}."
        raise Problem(f'"{command}" is not a command.', hint)
    return command, [*argv[:at], *argv[at + 1 :]]


class Terminal(NamedTuple):
    """What we are called from."""

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
    """Run one command line and return its exit code. Never raises and never prints a trace unless asked to."""
    streams.prepare()
    try:
        return _main(argv)
    except Problem as problem:
        return _report(problem, argv)
    except KeyboardInterrupt:
        streams.message("interrupted\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        streams.forget(sys.stdout)  # the reader went away; what was started goes on
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place that can turn a bug into a sentence
        from wizard import crash

        return _report(crash.problem(error, debug="--debug" in argv), argv)


def _main(argv: Sequence[str]) -> int:
    if "--version" in argv and not _command_named(argv):
        streams.data(f"llm-cost-ops-wizard {wizard.__version__}\n")
        return Exit.DONE
    command, rest = split(argv)
    if command == "sandbox":
        return _sandbox(rest)
    if not command and ("--help" in rest or "-h" in rest):
        streams.data(top_help())
        return Exit.DONE
    try:
        arguments = _parse(command, rest)
    except SystemExit as ended:  # argparse printed the help
        return int(ended.code or 0)
    terminal = Terminal.here()
    if wants_screen(arguments, terminal):
        from wizard import frontends

        return frontends.screen(arguments)
    if not command:
        return _no_command(terminal)
    if terminal.stdout and terminal.too_small and _has_screen(arguments):
        streams.message(f"{terminal.too_small} Going on in lines.\n")
    from wizard import frontends

    return frontends.lines(arguments, program())


def _command_named(argv: Sequence[str]) -> bool:
    return any(one in COMMANDS for one in argv)


def _no_command(terminal: Terminal) -> int:
    if terminal.stdin and terminal.stdout and terminal.too_small:
        raise Problem(terminal.too_small, "Make it larger, or give a command: see --help.")
    streams.message(top_help())
    return Exit.REFUSED


def _parse(command: str, rest: Sequence[str]) -> Arguments:
    from wizard.cli.arguments import Arguments

    if not rest:
        return Arguments(command=command)
    from wizard.cli.options import parser

    given = [one.split("=", 1)[0] if one.startswith("--dry-run=") else one for one in rest]
    parsed = vars(parser(command).parse_args(given))
    known = {one.name for one in fields(Arguments)}
    said: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in parsed.items() if key in known
    }
    if command == "values" and said.get("write") == "/dev/stdout":
        said["write"] = "-"  # so that nothing else is printed there
    most = len(WORDS.get(command, "").split())
    if len(words := said.get("words", ())) > most:
        raise Problem(f'"{words[most]}" is one word too many.', f"See {program()} {command} --help.")
    return Arguments(command=command, **said)


def _has_screen(arguments: Arguments) -> bool:
    special = (
        arguments.leftovers or arguments.keep_history or arguments.delete_namespace
    )  # of uninstall: only lines know them
    return (arguments.command in _SCREENS and not special) or (arguments.command == "runs" and bool(arguments.words))


def wants_screen(arguments: Arguments, terminal: Terminal) -> bool:
    """Whether the full screen answers (design: contracts, faces)."""
    lines_asked = arguments.plain or arguments.yes or arguments.output or arguments.dry_run
    usable = terminal.stdin and terminal.stdout and terminal.kind != "dumb" and not terminal.too_small
    return bool(_has_screen(arguments) and not lines_asked and usable)


def _asked_mode(argv: Sequence[str]) -> Output:
    """The form of output of a command line that may not even parse."""
    joined = [f"{one}={two}" for one, two in itertools.pairwise(argv)]
    for mode in ("json", "jsonl"):
        if {f"--output={mode}", f"-o={mode}", f"-o{mode}"} & {*argv, *joined}:
            return mode
    return "text"


def _report(problem: Problem, argv: Sequence[str]) -> int:
    from wizard.cli.output import Out
    from wizard.core.run.events import Event

    out = Out(_asked_mode(argv), no_color="--no-color" in argv)
    out.problem(problem)
    said = {"what": problem.what, "next_step": problem.next_step, "question": problem.question}
    ended = {"code": int(problem.code), "verdict": "", "reason": problem.what, "files": [], "commands": []}
    with contextlib.suppress(Problem, BrokenPipeError):  # standard output may be what the problem is about
        out.object({"exit": int(problem.code), "problem": said})
        out.event(Event("run.finished", ended))
    return problem.code


def _sandbox(rest: Sequence[str]) -> int:
    import argparse
    import gc

    from wizard.cli.options import Parser
    from wizard.sandbox import cli as sandbox_cli

    parser: argparse.ArgumentParser = Parser(prog=program(), allow_abbrev=False)
    commands = parser.add_subparsers(dest="command")
    sandbox_cli.register(commands)
    try:
        parsed = parser.parse_args(["sandbox", *rest])
    except SystemExit as ended:
        return int(ended.code or 0)
    gc.enable()
    return sandbox_cli.run(parsed)
