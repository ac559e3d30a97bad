"""Limits of all input: sizes, depths, counts and total times, and the checks that need no input or output.

Every reader (adapters/bounded and each parser) uses these. Input over a limit raises ValueError or OSError with a
sentence; the reader names the source and turns it into a Problem or a ClusterError.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from typing import Any, Final, TypeGuard

KIB: Final = 1 << 10
MIB: Final = 1 << 20

DEPTH: Final = 100
"""Levels of a document. Kubernetes' own objects have about 20; Python's parsers fail at some hundred."""
ALIASED: Final = MIB
"""Characters that the aliases of a YAML document may add: helm could not store more in a release record."""

FILE: Final = MIB
"""Bytes of a person's file: a Secret and a release record hold 1 MiB."""
REPLACED: Final = 64 * MIB
"""Bytes of a person's file that the wizard compares, backs up and replaces."""
CHART_FILE: Final = 5 * MIB
"""Bytes of one file of a chart, as for helm."""
CHART_CONTENT: Final = 100 * MIB
"""Bytes that a packed chart may unpack to, as for helm."""
CHART_PACKED: Final = 110 * MIB
"""Bytes of a packed chart: what does not get smaller when it is packed gets a little larger."""
CHART_FILES: Final = 20_000
"""Files of a packed chart; the largest published ones have some thousand."""
BUNDLE: Final = 32 * MIB
"""Bytes of a bundle, a saved observation of a release."""
BUNDLE_CONTENT: Final = 256 * MIB
"""Bytes that a bundle may unpack to."""
BUNDLE_FILES: Final = 5_000
"""Files in a bundle."""
KUBECONFIG: Final = 4 * MIB
"""Bytes of one kubeconfig: some hundred clusters with their certificates."""
KUBECONFIGS: Final = 100
"""Files that $KUBECONFIG may list."""
KEPT: Final = 8 * MIB
"""Bytes of a file that the wizard wrote: a draft, a run's run.json, a cached chart."""
PIPE_SECONDS: Final = 30.0
"""How long a pipe that is given as a file (process substitution) may take in all; a password manager may ask first."""

LOG_LINES: Final = 150
"""Last lines of a container's log in which the reason of its end is looked for: traces of Spring and asyncio are 100 long."""
BODY: Final = 64 * MIB
"""Bytes of one response of an API server; lists come in pages."""
HEAD_SECONDS: Final = 30.0
"""How long the head of a response may take from its first byte."""
BODY_SECONDS: Final = 30.0
"""How long a body may take in all, plus one second for each MiB received."""
PAGES: Final = 500
"""Pages of one list."""
WATCH_LINE: Final = 8 * MIB
"""Bytes of one line of a watch: an object of a cluster has at most 3 MiB."""
RECORD_LINE: Final = 8 * MIB
"""Bytes of one line of a run's record."""

PLUGIN_SECONDS: Final = 10.0
"""How long a login plugin may take; cloud logins need a few seconds.

Shorter than a check may take, so that the error names the plugin.
"""
PLUGIN_OUTPUT: Final = MIB
"""Bytes of each output of a login plugin."""
HELM_OUTPUT: Final = 16 * MIB
"""Bytes of each output of `helm template` or `helm list`."""
HELM_SECONDS: Final = 60.0
"""How long such a command may take."""
PULL_SECONDS: Final = 180.0
"""How long `helm pull` may take: a large chart from a slow registry."""
YAML: Final = 16 * MIB
"""Characters of one YAML text."""
HELM_LINE: Final = 64 * KIB
"""Bytes that are kept of one line that a run's helm prints."""

_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""Brackets as the signed bytes 1 and -1."""
_OTHERS: Final = bytes(set(range(256)) - set(b'[]{}"'))
_STRING: Final = rb'"[^"]*"'
_STRAIGHT: Final = b"\x01" * (DEPTH + 1)


class OverLimitError(ValueError):
    """Input is larger or deeper than a limit allows; the text says which limit ("it is nested ...")."""


def amount(size: int) -> str:
    """A limit in words: "64 MiB", "100 bytes"."""
    for unit, name in ((MIB, "MiB"), (KIB, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} bytes"


def loads(raw: bytes | str) -> Any:
    """JSON input as plain data.

    Raises:
        OverLimitError: it is nested more than DEPTH levels deep.
        ValueError: it is not JSON in UTF-8, or holds a number that is not finite (NaN, 1e400).
    """
    text = raw if isinstance(raw, str) else raw.decode("utf-8")
    if text.count("{") + text.count("[") > DEPTH:
        _check_levels(raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass"))
    return _decoder().decode(text)


def _check_levels(raw: bytes) -> None:
    """Raise OverLimitError for JSON that is nested too deep, before it is parsed; the parser reports other errors."""
    bare = raw.replace(b"\\\\", b"").replace(b'\\"', b"").translate(_STEPS, _OTHERS)
    bare = bare.replace(b'""', b"")  # does not move a bracket into or out of a string
    if b'"' in bare:
        bare = re.sub(_STRING, b"", bare)
    if bare.count(1) > DEPTH and (_STRAIGHT in bare or max(accumulate(memoryview(bare).cast("b"))) > DEPTH):
        raise OverLimitError(f"it is nested more than {DEPTH} levels deep")


@cache
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=_finite, parse_constant=_no_number)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        _no_number(text)
    return number


def _no_number(text: str) -> float:
    raise OverLimitError(f"it holds {text[:20]}, which is not a finite number")


class Expansion:
    """The size of a YAML document with its aliases expanded, counted from its events before any object is built."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}
        """By anchor: characters and levels."""
        self._open: list[tuple[str, int, int]] = []
        """Of each open collection: anchor, characters so far, levels below."""
        self._key: list[bool | None] = []
        """Of each open collection: whether a key comes next; None in a sequence."""
        self._added = 0

    def begin(self, anchor: str | None, *, mapping: bool) -> None:
        """A mapping or sequence begins."""
        if self._next():
            raise OverLimitError("a mapping or list in it is a key")
        self._key.append(True if mapping else None)
        self._open.append((anchor or "", 1, 0))
        self._deep(len(self._open))

    def end(self) -> None:
        """The mapping or sequence ends."""
        self._key.pop()
        anchor, size, levels = self._open.pop()
        self._took(anchor, size, levels + 1)

    def scalar(self, anchor: str | None, length: int) -> None:
        """A scalar of so many characters."""
        self._next()
        self._took(anchor or "", length + 1, 0)

    def alias(self, anchor: str) -> None:
        """The content of an anchor is repeated here; the parser refuses an unknown name."""
        self._next()
        if any(anchor == outer for outer, _, _ in self._open) and anchor not in self._known:
            raise OverLimitError("an alias in it refers to a collection that contains it")
        size, levels = self._known.get(anchor, (1, 0))
        self._added += size
        if self._added > ALIASED:
            raise OverLimitError(f"its aliases add more than {amount(ALIASED)}")
        self._deep(len(self._open) + levels)
        self._took("", size, levels)

    def _next(self) -> bool:
        """Whether the current node is a key."""
        if not self._key or self._key[-1] is None:
            return False
        self._key[-1] = not self._key[-1]
        return not self._key[-1]

    def _took(self, anchor: str, size: int, levels: int) -> None:
        if anchor:
            self._known[anchor] = (size, levels)
        if self._open:
            name, before, below = self._open[-1]
            self._open[-1] = (name, before + size, max(below, levels))

    def _deep(self, levels: int) -> None:
        if levels > DEPTH:
            raise OverLimitError(f"it is nested more than {DEPTH} levels deep")


def is_count(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number that every program can hold exactly; true and false are not."""
    return type(value) is int and abs(value) < 1 << 53


def texts(value: Any) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def text_of(data: Mapping[str, Any], key: str) -> str:
    """The text under a key; "" when the key is missing or its value is not a text."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def map_of(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The mapping under a key; an empty one when the key is missing or its value is not a mapping."""
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def maps_of(data: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
    """The mappings in the list under a key; none when the key is missing or its value is not a list."""
    value = data.get(key)
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list | tuple) else ()
