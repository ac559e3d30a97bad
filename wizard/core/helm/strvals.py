r"""The grammar of helm's --set flags: `a.b[0]=v,c={x,y}` onto a tree of values, as helm's own parser does it.

As in helm (pkg/strvals, pkg/cli/values/options.go) `\` keeps the character after it, a text that ends early means what
stands before its end, and flags are applied by their kind, wherever they stand on the command line. Helm 3 and 4 differ
twice: of `--set-json` a whole JSON object is taken, which helm 4 can; `a[0` is refused, which helm 4 takes for nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, NoReturn

from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.helm import values

FLAGS: Final = ("--set-json", "--set", "--set-string", "--set-file", "--set-literal")
"""In the order in which helm applies them."""
MAX_INDEX: Final = 65536
MAX_LEVELS: Final = 30
"""Dots in one key."""
_EXAMPLES: Final = {
    "--set-json": """--set-json 'a="text",b=[1,2]'""",
    "--set": "--set replicaCount=3",
    "--set-string": "--set-string image.tag=1.10",
    "--set-file": "--set-file config.motd=./motd.txt",
    "--set-literal": "--set-literal config.motd=text",
}
_BLANKS: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""unicode.IsSpace of Go; Python's isspace knows more."""
_ESCAPES: Final = r"(?s)\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\."
"""Pairs of surrogates, surrogates without their other half, all other escapes."""


class SetFlag(NamedTuple):
    """One flag of the command line with its text; of --set-file also what its files held, in the order of their paths."""

    flag: str
    text: str
    contents: tuple[str, ...] = ()


def in_order(given: Iterable[SetFlag]) -> list[SetFlag]:
    """The flags in the order in which helm applies them: by kind, then as given."""
    return sorted(given, key=lambda item: FLAGS.index(item.flag))


def apply(tree: dict[str, Any], given: SetFlag, read: Callable[[str], Any] | None = None) -> None:
    """Apply one flag to a tree in place: maps and lists that are there are changed, what is missing is made.

    Args:
        tree: values as helm has them after the -f files; null is None.
        given: the flag.
        read: the value for a path of --set-file; without it the contents of the flag, one after the other.

    Raises:
        Problem: the text is not of helm's grammar, or does not fit what is in the tree, which is then half changed.
    """
    contents = iter(given.contents)
    parser = _Parser(given, read or (lambda path: next(contents)))
    try:
        given.text.encode()
        if given.flag == "--set-json" and given.text.strip(_BLANKS).startswith("{"):
            merged = values.overlay(tree, parser.whole_object())
            tree.clear()
            tree.update(merged)
        else:
            while not parser.key(tree, 0):
                pass
        deep = _levels(tree) > limits.DEPTH
    except RecursionError:
        deep = True
    except UnicodeEncodeError:
        parser.refuse("the text is not UTF-8", "Write it in UTF-8.")
    if deep:
        parser.refuse(f"it is nested more than {limits.DEPTH} levels deep", "Set less deep values.")


def _levels(tree: Any) -> int:
    levels, nodes = 0, [tree]
    while nodes:
        levels += 1
        nodes = [child for node in nodes for child in _children(node)]
    return levels


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, Mapping):
        return node.values()
    return node if isinstance(node, list) else ()


class _Parser:
    """Reads one text from left to right. Methods that return a bool say whether the text ended in the middle of a key.

    Then nothing more is set, and helm takes what was set so far.
    """

    def __init__(self, given: SetFlag, read: Callable[[str], Any]) -> None:
        self._flag, self._text = given.flag, given.text
        self._literal = given.flag == "--set-literal"
        self._convert = {"--set": typed, "--set-file": read}.get(given.flag, str)
        self._at = 0
        # Go's reader of JSON makes a replacement character of half a pair of surrogates.
        self._json_text = re.sub(_ESCAPES, lambda found: r"\ufffd" if len(found[0]) == 6 else found[0], given.text)

    def key(self, tree: dict[str, Any], level: int) -> bool:
        """A key with its value into a map; `level` counts the dots before it."""
        name, stop = self._until("=[." if self._literal else "=[,.")
        match stop:
            case "=":
                value, ended = self._value()
            case "[":
                value = self._there(tree.get(name), list, name) if name in tree else []
                ended = self._item(value, self._index(), level)
            case ".":
                value = self._there(tree.get(name), dict, name) if name in tree else {}
                ended = self._inner(value, level + 1)
                if not value:
                    if not ended:
                        self.refuse(f'key map "{name}" has no value')
                    return ended
            case _:
                if name or stop:
                    self._no_value(name, stop)
                return True
        if name:  # helm reads what has an empty key, and drops it
            tree[name] = value
        return ended

    def _inner(self, tree: dict[str, Any], level: int) -> bool:
        if level > MAX_LEVELS:
            self.refuse(
                f"value name nested level is greater than maximum supported nested level of {MAX_LEVELS}",
                "Set it in a -f file.",
            )
        return self.key(tree, level)

    def _item(self, items: list[Any], index: int, level: int) -> bool:
        """What follows the index of a list, into that list."""
        if index < 0:
            self.refuse(f"negative {index} index not allowed", "The first item is [0].")
        name, stop = self._until("[.=")
        if name:
            self.refuse(f'unexpected data at end of array index: "{name}"', "Write it as in hosts[0].host=VALUE.")
        there = items[index] if index < len(items) else None
        ended = False
        match stop:
            case "=":
                value, _ = self._value()
            case "[":
                value = [] if there is None else self._there(there, list, f"[{index}]")
                ended = self._item(value, self._index(), level)
            case ".":
                value = there if isinstance(there, dict) else {}
                if index < len(items):
                    items[index] = value
                ended = self.key(value, level)
            case _:
                return True
        if not ended:
            self._put(items, index, value)
        return ended

    def _put(self, items: list[Any], index: int, value: Any) -> None:
        if index > MAX_INDEX:
            self.refuse(
                f"index of {index} is greater than maximum supported index of {MAX_INDEX}", "Write a smaller index."
            )
        items.extend([None] * (index + 1 - len(items)))
        items[index] = value

    def _index(self) -> int:
        text, stop = self._until("]")
        index = _int64(text)
        if not stop or index is None:
            found = f'"{text}" is not a whole number' if stop else "there is no ]"
            self.refuse(f"error parsing index: {found}", "Write it as in hosts[0].host=VALUE.")
        return index

    def _there(self, found: Any, kind: type, name: str) -> Any:
        if not isinstance(found, kind):
            self.refuse(
                f'"{name}" is not a {"list" if kind is list else "map"}',
                "Set the whole of it with --set-json, or change it in the values file.",
            )
        return found

    def _value(self) -> tuple[Any, bool]:
        """What follows the equals sign, and whether there is nothing."""
        if self._literal:
            begin, self._at = self._at, len(self._text)
            return self._text[begin:], False
        if self._flag == "--set-json":
            return self._json(), False
        if self._at >= len(self._text):
            return "", True
        if self._text[self._at] == "{":
            self._at += 1
            return list(self._items()), False
        return self._convert(self._until(",")[0]), False

    def _items(self) -> Iterator[Any]:
        stop = ","
        while stop == ",":
            text, stop = self._until(",}")
            if not stop:
                self.refuse("list must terminate with '}'", r"Write it as in --set a={x,y}; \{ is a brace of a text.")
            yield self._convert(text)
        if self._text.startswith(",", self._at):
            self._at += 1

    def _json(self) -> Any:
        """A JSON value, null for none, with the blanks and the comma after it."""
        if self._skip_blanks():
            return None
        value, self._at = self._decoded()
        self._skip_blanks()
        return value

    def whole_object(self) -> dict[str, Any]:
        """The whole text as a JSON object."""
        self._skip_blanks()
        tree, self._at = self._decoded()
        if self._text[self._at :].strip(" \t\r\n"):
            self.refuse("there is more than one JSON object", "Give one object in each flag.")
        found: dict[str, Any] = tree
        return found

    def _decoded(self) -> tuple[Any, int]:
        try:
            value, end = _DECODER.raw_decode(self._json_text, self._at)
        except ValueError as error:
            self.refuse(f"not JSON: {error}", f"Write it as in {_EXAMPLES[self._flag]}: a text has double quotes.")
        if re.fullmatch(_CUT_NUMBER, self._text[self._at : end + 1]):
            self.refuse("not JSON: a number that is cut off", f"Write it as in {_EXAMPLES[self._flag]}.")
        return value, end

    def _skip_blanks(self) -> bool:
        """Go on behind blanks and one comma; whether nothing but those was there."""
        while self._at < len(self._text) and self._text[self._at] in _BLANKS:
            self._at += 1
        if self._text.startswith(",", self._at):
            self._at += 1
            return True
        return self._at == len(self._text)

    def _until(self, stops: str) -> tuple[str, str]:
        """The text before one of the characters, without backslashes, and that character; "" at the end."""
        found: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char in stops:
                return "".join(found), char
            if char == "\\" and not self._literal:
                char = self._text[self._at : self._at + 1]
                self._at += 1
            found.append(char)
        return "".join(found), ""

    def _no_value(self, name: str, stop: str) -> NoReturn:
        comma = "," in self._text[: self._at - len(name)] and not self._literal and self._flag != "--set-json"
        self.refuse(
            f'key "{name}" has no value' + (" (cannot end with ,)" if stop else ""),
            rf"Write a comma inside a value as \, as in {self._flag} 'a=one\,two'." if comma else "",
        )

    def refuse(self, what: str, next_step: str = "") -> NoReturn:
        """Raise the Problem."""
        raise Problem(f"{self._flag}: {what}.", next_step or f"Write it as in {_EXAMPLES[self._flag]}.")


def typed(text: str) -> Any:
    """What a text means as a value of --set: true, null, a whole number, or the text itself."""
    folded = text.casefold()
    if folded in _WORDS:
        return _WORDS[folded]
    number = None if text.startswith("0") and text != "0" else _int64(text)
    return text if number is None else number


_WORDS: Final = {"true": True, "false": False, "null": None}


def _int64(text: str) -> int | None:
    found = re.fullmatch(r"([+-]?)0*([0-9]{1,19})", text, re.ASCII)
    number = int(found[1] + found[2]) if found else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def _number(text: str) -> float:
    """A number of JSON, which for helm is always a floating-point number; one that is whole is written without a point."""
    number = float(text)
    if math.isinf(number):
        return _no_number(text)
    return int(number) if number.is_integer() and abs(number) <= 2**53 else number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not a number that helm can hold")


_DECODER: Final = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_no_number)
_CUT_NUMBER: Final = r"-?[0-9]+(?:\.|(?:\.[0-9]+)?[eE])"
"""A number with the character after it that promises more: Python's reader stops before it."""
