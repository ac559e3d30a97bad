"""The parser of the command line, made from the table of commands; only imported when there is something to parse."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, NoReturn

from typing_extensions import override

from wizard import streams
from wizard.cli.arguments.base import GROUPS, Arguments, HomeArguments
from wizard.cli.arguments.option import Flag, flags_of
from wizard.cli.help import EXIT_CODES, program
from wizard.cli.table import COMMANDS, Command
from wizard.core.errors import Problem


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as a Problem."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(allow_abbrev=False, **keywords)
        self.register("action", "append_named", _AppendNamed)

    @override
    def error(self, message: str) -> NoReturn:
        text = message[:1].upper() + message[1:].rstrip(".")
        raise Problem(f"{text}.", f"See {self.prog} --help.")

    @override
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        # argparse hands up what a command does not know; the message would name the program, not the command.
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    @override
    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if not isinstance(action, _Commands):  # which has no parsers yet to choose from
            super()._check_value(action, value)

    @override
    def _print_message(self, message: str, file: Any = None) -> None:
        streams.data(message)


class _AppendNamed(argparse.Action):
    """Appends the option with its value, so that --set, --set-string and --set-file keep their order."""

    @override
    def __call__(self, parser: object, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        setattr(namespace, self.dest, (*getattr(namespace, self.dest, ()), (option, values)))


class _Before(argparse.Action):
    """Keeps an option that stands before the command, for the command's own parser."""

    @override
    def __call__(self, parser: object, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        name = self.option_strings[-1]  # the long one, to which a value can be joined whatever it is
        namespace.before = (*namespace.before, name if self.nargs == 0 else f"{name}={values}")


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg] # generic for type checkers alone
    """Makes the parser of the command that is given, and of no other: a launch does not pay for those."""

    @override
    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        name, *rest = values
        namespace.command = name
        if name in COMMANDS:  # otherwise it may be the value of an unknown option, which is the worse mistake
            add_command(self, COMMANDS[name])
            super().__call__(parser, namespace, [name, *namespace.before, *rest], option)


def parse(argv: Sequence[str]) -> Arguments:
    """The arguments of a command line; options may stand before the command.

    Raises:
        Problem: it cannot be understood.
        SystemExit: the help of a command was asked for, and printed.
    """
    # argparse has no optional value that leaves the next word alone, and --dry-run may be followed by the release.
    words = ["--dry-run" if word.startswith("--dry-run=") else word for word in argv]
    top = Parser(prog=program(), add_help=False, argument_default=argparse.SUPPRESS)
    top.set_defaults(before=())
    if words and words[0].startswith("-"):
        _add_before(top)
    top.add_subparsers(action=_Commands, dest="command", prog=program())
    parsed = top.parse_args(words)
    if parsed.command is None:
        home = Parser(prog=program(), add_help=False, argument_default=argparse.SUPPRESS)
        add_flags(home, HomeArguments)
        return _arguments(HomeArguments, home.parse_args(parsed.before))
    command = _command(parsed.command)
    _refuse_more_words(command, getattr(parsed, "words", ()))
    return _arguments(command.arguments_type(), parsed)


def _add_before(top: Parser) -> None:
    """What may stand before the command: the options of all of them, so that it is known which take a value."""
    taken: set[str] = set()
    kinds: list[type[Arguments]] = [HomeArguments, *(command.arguments_type() for command in COMMANDS.values())]
    for kind in kinds:
        for _, flag in _flags(kind):
            if flag.names and taken.isdisjoint(flag.names):
                taken.update(flag.names)
                top.add_argument(*flag.names, action=_Before, nargs=None if flag.takes_value else 0)


def _command(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name]
    near = difflib.get_close_matches(name, COMMANDS, 1, cutoff=0.7)
    hint = f"Did you mean {near[0]}?" if near else f"Commands are {', '.join(COMMANDS)}."
    raise Problem(f'"{name}" is not a command.', hint)


def _refuse_more_words(command: Command, words: Sequence[str]) -> None:
    most = len(command.words.split())
    if len(words) > most:
        raise Problem(f'"{words[most]}" is one word too many.', f"See {program()} {command.name} --help.")


def _arguments(kind: type[Arguments], parsed: argparse.Namespace) -> Arguments:
    said = {**vars(parsed), "parsed": parsed}  # the whole of it is for a command that brings its own parser
    known = {field.name for field in fields(kind)}
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items() if name in known
    }
    return kind(**given)


Added = Callable[[argparse.Action, Flag], None]
"""Is called with each action that was made of a flag."""


def add_command(commands: argparse._SubParsersAction[Parser], command: Command, added: Added | None = None) -> None:
    """Add the parser of one command."""
    if command.register:
        command.registration()(commands)
        return
    examples = "\n".join(f"  {line}" for line in command.example_lines(program()))
    parser = commands.add_parser(
        command.name,
        help=command.text,
        usage=f"{program()} {command.name} {command.words} [OPTIONS]".replace("  ", " "),
        description=f"{command.text[:1].upper()}{command.text[1:]}.",
        epilog=f"example:\n{examples}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    add_flags(parser, command.arguments_type(), added)


def add_flags(parser: Parser, kind: type[Arguments], added: Added | None = None) -> None:
    """Add the options and words of a dataclass."""
    groups: dict[str, argparse._ActionsContainer] = {"": parser}
    for name, flag in sorted(_flags(kind), key=lambda described: GROUPS.index(described[1].group)):
        if flag.group not in groups:
            groups[flag.group] = parser.add_argument_group(flag.group)
        # The usage shows the words already; the help need not list them again.
        keywords = flag.keywords if flag.names else {**flag.keywords, "help": argparse.SUPPRESS}
        action = groups[flag.group].add_argument(*flag.names, dest=name, **keywords)
        if added:
            added(action, flag)


def _flags(kind: type[Arguments]) -> list[tuple[str, Flag]]:
    """The flags of a dataclass, each with the name of its field."""
    return [(field.name, flag) for field in fields(kind) for flag in flags_of(field)]
