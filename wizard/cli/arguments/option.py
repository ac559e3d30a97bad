"""Dataclass fields that are also flags, with names, help and default in one place; `wizard.cli.options` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, field
from typing import Any, Final, Literal, NamedTuple

_FLAGS: Final = "flags"
"""The key of a field's metadata."""

Completion = Literal["", "file"] | tuple[str, ...]
"""What a shell offers for a value: nothing, paths, or these words."""


class Flag(NamedTuple):
    """One `add_argument`: an option, or positional arguments when it has no names."""

    names: tuple[str, ...]
    keywords: Mapping[str, Any]
    """Further arguments of `add_argument`: help, metavar, action and so on."""
    group: str = ""
    """The title of its group in the help; "" for "options"."""
    completion: Completion = ""

    @property
    def takes_value(self) -> bool:
        """Whether a value follows the flag."""
        return self.keywords.get("action") != "store_true"


# `help` is the name that argparse uses.
def switch(*names: str, help: str, group: str = "") -> Any:  # noqa: A002
    """A field of type bool: False without its flag."""
    return from_flags(Flag(names, {"action": "store_true", "help": help}, group), default=False)


def option(
    *names: str, help: str, group: str = "", default: Any = "", completion: Completion = "", **keywords: Any  # noqa: A002
) -> Any:  # fmt: skip
    """A field whose flag takes a value; "" without it."""
    return from_flags(Flag(names, {"help": help, **keywords}, group, completion), default=default)


def repeatable(*names: str, group: str, completion: Completion = "", **keywords: Any) -> Any:
    """A field of type tuple: the values of its flag, in order."""
    return option(*names, group=group, default=(), completion=completion, action="append", **keywords)


def positional(*, help: str = "", completion: Completion = "") -> Any:  # noqa: A002
    """The field for positional arguments; the table has their names, the help is for shell completion."""
    return from_flags(Flag((), {"nargs": "*", "help": help}, completion=completion), default=())


def from_flags(*flags: Flag, default: Any) -> Any:
    """A field that one or several flags fill."""
    return field(default=default, metadata={_FLAGS: flags})


def flags_of(described: Field[Any]) -> tuple[Flag, ...]:
    """The flags that fill a field; empty for a field that is not on the command line."""
    flags: tuple[Flag, ...] = described.metadata.get(_FLAGS, ())
    return flags
