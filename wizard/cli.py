"""The command line: commands, options, help, which face answers, exit codes. Imports nothing heavy until it must."""

from __future__ import annotations

import argparse
import difflib
import itertools
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import wizard
from wizard.core.errors import Exit, Problem

if TYPE_CHECKING:
    from wizard.lines.arguments import Arguments
    from wizard.lines.out import Output

SMALLEST: Final = (80, 24)
"""Columns and lines that the full screen needs."""

COMMANDS: Final[Mapping[str, str]] = {
    "install": "ask what is missing, check, install, and show it becoming ready",
    "upgrade": "the same for a release that is there",
    "values": "write the values file only; needs no cluster",
    "check": "all checks, read-only",
    "status": "how a release is, live with --follow",
    "logs": "the lines of all its containers, live with --follow",
    "runs": "past and running operations; with an ID comes back to one",
    "sandbox": "a real control plane on this machine to practise on",
}
_SCREENS: Final = ("", "install", "upgrade")
"""Commands with a screen of their own; `runs` has one when it is given an ID."""

_EXAMPLES: Final[Mapping[str, Sequence[str]]] = {
    "install": ("install --preset dev --dry-run", "install --preset dev --yes"),
    "upgrade": ("upgrade --preset dev --set replicaCount=2 --yes",),
    "values": (
        "values --preset prod --answer image=ghcr.io/acme/llm-cost-ops:v1.0.0 --answer host=api.acme.com --write -",
    ),
    "check": ("check --preset dev",),
    "status": ("status", "status --output json"),
    "logs": ("logs --tail 20",),
    "runs": ("runs",),
    "sandbox": ("sandbox up", 'eval "$({program} sandbox env)"'),
}
_WORDS: Final[Mapping[str, str]] = {
    "install": "[RELEASE [CHART]]", "upgrade": "[RELEASE [CHART]]", "status": "[RELEASE]", "logs": "[RELEASE]", "runs": "[ID]",
}  # fmt: skip
"""Positional arguments, where there are any."""
_EXIT_CODES: Final = """exit codes:
  0    done; for status: healthy, or on its way
  1    the operation failed; for status: a problem was found
  2    blocked by a failed check, or bad input
  3    something that decides could not be known; for status: nothing found
  130  interrupted"""


def program() -> str:
    """How this program was called, so that printed commands work when pasted."""
    called = sys.argv[0]
    if Path(called).name == "__main__.py":
        return f"{_as_typed(sys.executable)} -m wizard"
    return _as_typed(called)


def _as_typed(path: str) -> str:
    """The shortest text that a shell here understands as this program."""
    name = Path(path).name
    found = shutil.which(name)
    if found and Path(found).absolute() == Path(path).absolute():
        return name
    near = os.path.relpath(path)
    return path if near.startswith("..") else near


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as a Problem."""

    def error(self, message: str) -> NoReturn:
        text = message[:1].upper() + message[1:].rstrip(".")
        raise Problem(f"{text}.", f"See {self.prog} --help.")


class _Set(argparse.Action):
    """Keeps --set, --set-string and --set-file in the order they were given."""

    def __call__(self, parser: object, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        namespace.sets = (*getattr(namespace, "sets", ()), (option, values))


def _parser(command: str) -> _Parser:
    examples = "\n".join(f"  {program()} {one.format(program=program())}" for one in _EXAMPLES.get(command, ()))
    parser = _Parser(
        prog=f"{program()} {command}".strip(),
        usage=f"{program()} {command} {_WORDS.get(command, '')} [OPTIONS]".replace("  ", " "),
        description=f"{COMMANDS[command][:1].upper()}{COMMANDS[command][1:]}." if command else None,
        epilog=f"example:\n{examples}\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    if command in _WORDS:
        parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    if command != "runs":
        _where(parser)
    if command in ("install", "upgrade", "values", "check"):
        _answers(parser)
    if command in ("install", "upgrade"):
        _operation(parser, command)
    if command == "check":
        parser.add_argument("--helm", metavar="PATH", help="the helm to use")
    if command in ("status", "logs"):
        parser.add_argument("--follow", action="store_true", help="go on until interrupted")
    if command == "logs":
        parser.add_argument("-c", "--container", metavar="NAME", help="only this container")
        parser.add_argument("--tail", type=int, metavar="N", help="only the last N lines of each container")
    _output(parser)
    return parser


def _where(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where")
    group.add_argument("--context", metavar="NAME", help="kubeconfig context; the current one without it")
    group.add_argument("--kubeconfig", metavar="FILE", help="instead of $KUBECONFIG and ~/.kube/config")
    group.add_argument("-n", "--namespace", metavar="NAME", help="namespace")
    group.add_argument("--release", metavar="NAME", help="release name")


def _answers(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("answers")
    group.add_argument(
        "--preset", metavar="dev|staging|prod", help="sizes, replicas, ingress and log level to start from"
    )
    group.add_argument("--answer", action="append", metavar="ID=VALUE", help="answer a question; repeatable")
    group.add_argument("-f", "--values", action="append", metavar="FILE", help="values file, as in helm; repeatable")
    group.add_argument("--set", action=_Set, metavar="KEY=VALUE", help="set a value, as in helm; never a secret")
    group.add_argument("--set-string", action=_Set, metavar="KEY=VALUE", help="set a text")
    group.add_argument("--set-file", action=_Set, metavar="KEY=PATH", help="set a text from a file; never a secret")
    group.add_argument(
        "--secret-file", action="append", metavar="NAME=PATH", help="jwt, postgres, redis, smtp or grafana from a file"
    )
    group.add_argument("--existing-secret", action="append", metavar="NAME=SECRET", help="use a Secret that is there")
    group.add_argument("--chart", metavar="PATH", help="chart folder; the built-in one without it")
    group.add_argument("--write", metavar="FILE", help="where the values file goes (values: - prints it)")
    group.add_argument("--yes", action="store_true", help="ask nothing")


def _operation(parser: argparse.ArgumentParser, command: str) -> None:
    group = parser.add_argument_group("how")
    group.add_argument("--confirm", metavar="RELEASE", help="needed for prod, also with --yes")
    group.add_argument("--strict", action="store_true", help="stop when something that decides cannot be known")
    group.add_argument(
        "--accept", action="append", metavar="ID=REASON", help="go on in spite of that failed check; repeatable"
    )
    group.add_argument("--dry-run", action="store_true", help="stop after the checks; nothing is changed or written")
    group.add_argument("--timeout", metavar="TIME", help="how long helm waits (10m)")
    group.add_argument("--helm", metavar="PATH", help="the helm to use")
    group.add_argument("--wait", action="store_true", help="as in helm; always on")
    group.add_argument("--create-namespace", action="store_true", help="as in helm; always on")
    group.add_argument("--atomic", "--rollback-on-failure", action="store_true", dest="atomic", help=argparse.SUPPRESS)
    if command == "upgrade":
        group.add_argument("-i", "--install", action="store_true", help="install when there is no such release")


def _output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o", "--output", choices=("text", "json", "jsonl"), help="lines; one object at the end; one event a line"
    )
    group.add_argument("--plain", action="store_true", help="lines, never the full screen")
    group.add_argument("--no-color", action="store_true", help="no colour; NO_COLOR does the same")
    group.add_argument("--debug", action="store_true", help="show the trace of an unexpected error")


def top_help() -> str:
    """The help of the program without a command."""
    name = program()
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {command.ljust(width)}  {text}" for command, text in COMMANDS.items())
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

{_EXIT_CODES}
"""


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


@dataclass(frozen=True)
class Terminal:
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
    try:
        return _main(argv)
    except Problem as problem:
        return _report(problem, argv)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader went away; what was started goes on. Python would complain at exit about the flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place that can turn a bug into a sentence
        from wizard import crash

        return _report(crash.problem(error, debug="--debug" in argv), argv)


def _main(argv: Sequence[str]) -> int:
    if "--version" in argv and not _command_named(argv):
        print(f"llm-cost-ops-wizard {wizard.__version__}")
        return Exit.DONE
    command, rest = split(argv)
    if command == "sandbox":
        return _sandbox(rest)
    if not command and ("--help" in rest or "-h" in rest):
        print(top_help(), end="")
        return Exit.DONE
    try:
        arguments = _parse(command, rest)
    except SystemExit as ended:  # argparse printed the help
        return int(ended.code or 0)
    terminal = Terminal.here()
    if wants_screen(arguments, terminal):
        from wizard import faces

        return faces.screen(arguments)
    if not command:
        return _no_command(terminal)
    if terminal.stdout and terminal.too_small and _has_screen(arguments):
        print(f"{terminal.too_small} Going on in lines.", file=sys.stderr)
    from wizard import faces

    return faces.lines(arguments, program())


def _command_named(argv: Sequence[str]) -> bool:
    return any(one in COMMANDS for one in argv)


def _no_command(terminal: Terminal) -> int:
    if terminal.stdin and terminal.stdout and terminal.too_small:
        raise Problem(terminal.too_small, "Make it larger, or give a command: see --help.")
    print(top_help(), end="", file=sys.stderr)
    return Exit.REFUSED


def _parse(command: str, rest: Sequence[str]) -> Arguments:
    from wizard.lines.arguments import Arguments

    given = [one.split("=", 1)[0] if one.startswith("--dry-run=") else one for one in rest]
    parsed = vars(_parser(command).parse_args(given))
    if parsed.get("atomic"):
        raise Problem(
            "--atomic is not offered: the wizard does not roll back by itself yet, and a helm that does deletes the evidence.",
            "Leave it out; after a failure fix the cause and run upgrade.",
        )
    known = {one.name for one in fields(Arguments)}
    said: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in parsed.items() if key in known
    }
    most = len(_WORDS.get(command, "").split())
    if len(words := said.get("words", ())) > most:
        raise Problem(f'"{words[most]}" is one word too many.', f"See {program()} {command} --help.")
    return Arguments(command=command, **said)


def _has_screen(arguments: Arguments) -> bool:
    return arguments.command in _SCREENS or (arguments.command == "runs" and bool(arguments.words))


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
    from wizard.core.events import Event
    from wizard.lines.out import Out

    out = Out(_asked_mode(argv), no_color="--no-color" in argv)
    out.problem(problem)
    said = {"what": problem.what, "next_step": problem.next_step, "question": problem.question}
    out.object({"exit": int(problem.code), "problem": said})
    ended = {"code": int(problem.code), "verdict": "", "reason": problem.what, "files": [], "commands": []}
    out.event(Event("run.finished", ended))
    return problem.code


def _sandbox(rest: Sequence[str]) -> int:
    from wizard.sandbox import cli as sandbox_cli

    parser: argparse.ArgumentParser = _Parser(prog=program(), allow_abbrev=False)
    commands = parser.add_subparsers(dest="command")
    sandbox_cli.register(commands)
    try:
        parsed = parser.parse_args(["sandbox", *rest])
    except SystemExit as ended:
        return int(ended.code or 0)
    return sandbox_cli.run(parsed)
