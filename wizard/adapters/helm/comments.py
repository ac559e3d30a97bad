"""The comments of a values.yaml as help texts: beside a key, above it, and those of helm-docs and of Bitnami's generator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import yaml

from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.helm.value_tree import MOST
from wizard.core.helm.values import Path

_LOADER: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LONGEST: Final = 1_000
"""Characters of one help text."""
_ABOVE: Final = 30
"""Lines of one."""
_LINE: Final = re.compile(r"\s*#+ ?(.*?)\s*")
_BESIDE: Final = re.compile(r"[ \t]+#+ ?(.*?)\s*")
_BEHIND_KEY: Final = re.compile(r"\s*:(?:\s+[&!|>][^\s#]*)*(?:\s+#+ ?(.*?))?\s*")
_PARAM: Final = re.compile(r"\s*##?\s*@param\s+(\S+)\s+(?:\[[^\]]*\]\s*)?(.*?)\s*")
_HELM_DOCS: Final = "-- "
_CODE: Final = re.compile(r"-?\s*[\w./-]+:(?:\s|$)|- |[}\]]")
"""How a line begins that is a value which was put out of use."""


def of(text: str) -> dict[Path, str]:
    """The help of each key by its path; the text is YAML that was read before."""
    lines = text.split("\n")
    found: dict[Path, str] = {}
    try:
        for path, key in _keys(text):
            if help_ := _beside(lines, key) or _above(lines, key.line):
                found[path] = help_[:_LONGEST]
            if len(found) >= MOST:
                break
    except yaml.YAMLError:
        return found  # helm's reader has said what is wrong
    for line in lines if "@param" in text else ():
        if param := _PARAM.fullmatch(line):
            try:
                found[values.path_of(param[1])] = param[2][:_LONGEST]
            except Problem:
                continue
    return found


class _Key(NamedTuple):
    """Where a key is, and where its value ends: lines and columns from 0."""

    line: int
    column: int
    """Behind the key."""
    ends: tuple[int, int]
    is_block: bool
    """Whether its value is a map or list on lines of its own."""


def _keys(text: str) -> Iterator[tuple[Path, _Key]]:
    """Every key outside of lists."""
    events = list(yaml.parse(text, Loader=_LOADER))
    ends = _ends(events)
    path: list[str] = []
    key: Any = None
    number = 0
    while number < len(events):
        event = events[number]
        if isinstance(event, yaml.MappingEndEvent):
            path, key = path[:-1], None
        elif isinstance(event, yaml.NodeEvent):
            if key is not None:
                mark = ends.get(number, event).end_mark
                is_block = isinstance(event, yaml.CollectionStartEvent) and not event.flow_style
                yield tuple(path), _Key(key.start_mark.line, key.end_mark.column, (mark.line, mark.column), is_block)
                key = None
                if not isinstance(event, yaml.MappingStartEvent):
                    path = path[:-1]
            elif isinstance(event, yaml.ScalarEvent):
                path, key = [*path, event.value], event
            if isinstance(event, yaml.SequenceStartEvent):
                number = events.index(ends[number], number)
        number += 1


def _ends(events: Sequence[Any]) -> dict[int, Any]:
    """The event that ends each collection, by the number of the one that begins it."""
    ends: dict[int, Any] = {}
    begun: list[int] = []
    for number, event in enumerate(events):
        if isinstance(event, yaml.CollectionStartEvent):
            begun.append(number)
        elif isinstance(event, yaml.CollectionEndEvent):
            ends[begun.pop()] = event
    return ends


def _beside(lines: list[str], key: _Key) -> str:
    """The comment at the end of the key's line."""
    if key.is_block or key.ends[0] != key.line:
        match = _BEHIND_KEY.fullmatch(lines[key.line], key.column)
    else:
        match = _BESIDE.fullmatch(lines[key.line], key.ends[1])
    return (match[1] or "") if match else ""


def _above(lines: list[str], number: int) -> str:
    """The comment on the lines directly above; of helm-docs' what follows its sign."""
    block: list[str] = []
    for line in reversed(lines[max(0, number - _ABOVE) : number]):
        comment = _LINE.fullmatch(line)
        if not (line.strip() and comment):
            break
        block.insert(0, comment[1])
    for start, line in enumerate(block):
        if line.startswith(_HELM_DOCS):
            block = [line.removeprefix(_HELM_DOCS), *block[start + 1 :]]
            break
    prose = [line for line in block if line and not line.startswith("@") and not _CODE.match(line)]
    return re.sub(r"^\([^)]*\)\s*", "", " ".join(prose))
