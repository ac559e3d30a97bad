"""Makes the parser of the command line from the table of commands; imported only when there is something to parse."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, NoReturn

from typing_extensions import override

from wizard import streams
from wizard.cli.arguments.base import GROUPS, Arguments
from wizard.cli.arguments.home import HomeArguments
from wizard.cli.arguments.option import Flag, flags_of
from wizard.cli.help import EXIT_CODES, program
from wizard.cli.table import COMMANDS, Command
from wizard.core.errors import Problem


class Parser(argparse.ArgumentParser):
    """Raises errors as a Problem of one sentence."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(allow_abbrev=False, **keywords)
        self.register("action", "append_named", _AppendNamed)

    @override
    def error(self, message: str) -> NoReturn:
        text = message[:1].upper() + message[1:].rstrip(".")
        raise Problem(f"{text}.", f"See {self.prog} --help.")

    @override
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        # argparse reports a command's unknown arguments at the top, with the program's name instead of the command's.
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    @override
    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if not isinstance(action, _Commands):  # it has no sub-parsers yet to check against
            super()._check_value(action, value)

    @override
    def _print_message(self, message: str, file: Any = None) -> None:
        streams.data(message)


class _AppendNamed(argparse.Action):
    """Appends the option with its value, so that one field takes all --set flags."""

    @override
    def __call__(self, parser: object, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        setattr(namespace, self.dest, (*getattr(namespace, self.dest, ()), (option, values)))


class _Before(argparse.Action):
    """Stores an option that comes before the command, for the command's own parser."""

    @override
    def __call__(self, parser: object, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        name = self.option_strings[-1]  # the long one: any value can follow its "="
        namespace.before = (*namespace.before, name if self.nargs == 0 else f"{name}={values}")


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg] # generic for type checkers alone
    """Makes the parser of the given command only, which keeps the launch fast."""

    @override
    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        name, *rest = values
        namespace.command = name
        if name in COMMANDS:  # otherwise it may be the value of an unknown option, which is the error to report
            add_command(self, COMMANDS[name])
            super().__call__(parser, namespace, [name, *namespace.before, *rest], option)


def parse(argv: Sequence[str]) -> Arguments:
    """The arguments of a command line; options may come before the command.

    Raises:
        Problem: the command line is invalid.
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
    _refuse_extra_words(command, getattr(parsed, "words", ()))
    return _arguments(command.arguments_type(), parsed)


def _add_before(top: Parser) -> None:
    """Accept the options of all commands before the command; the parser has to know which of them take a value."""
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


def _refuse_extra_words(command: Command, words: Sequence[str]) -> None:
    most = len(command.words.split())
    if len(words) > most:
        raise Problem(f'"{words[most]}" is one word too many.', f"See {program()} {command.name} --help.")


def _arguments(kind: type[Arguments], parsed: argparse.Namespace) -> Arguments:
    given = {**vars(parsed), "parsed": parsed}  # the whole namespace is for a command with its own parser
    names = {field.name for field in fields(kind)}
    accepted: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if name in names
    }
    return kind(**accepted)


Added = Callable[[argparse.Action, Flag], None]
"""Called with each action that was made from a flag."""


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
    """Add the options and positional arguments of a dataclass."""
    groups: dict[str, argparse._ActionsContainer] = {"": parser}
    for name, flag in sorted(_flags(kind), key=lambda described: GROUPS.index(described[1].group)):
        if flag.group not in groups:
            groups[flag.group] = parser.add_argument_group(flag.group)
        # The usage line shows positional arguments already.
        keywords = flag.keywords if flag.names else {**flag.keywords, "help": argparse.SUPPRESS}
        action = groups[flag.group].add_argument(*flag.names, dest=name, **keywords)
        if added:
            added(action, flag)


def _flags(kind: type[Arguments]) -> list[tuple[str, Flag]]:
    """The flags of a dataclass, each after the name of its field."""
    return [(field.name, flag) for field in fields(kind) for flag in flags_of(field)]
