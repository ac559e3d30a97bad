"""Changes a YAML text so that it holds other values, and leaves every other line as it is, byte for byte.

ruamel.yaml keeps comments, but writes the whole text anew: its own indentation, line breaks and blanks. Here only the
spans of values that change are replaced, and what came out is read again: where it does not hold what is wanted (an
anchor whose value changes is used elsewhere too), whole top-level values are replaced, and at last the whole text.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from wizard.adapters.helm import yaml_reader, yaml_writer
from wizard.core.helm import scalars
from wizard.core.helm.values import identical

_LOADER: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOM: Final = "\ufeff"
_PASSES: Final = 3
_MERGE: Final = "\0<<"
"""The name of a merge key: no key can be called so, and "<<" in quotes is a key."""


def edited(text: str, wanted: Mapping[str, Any]) -> str:
    """The text changed so that helm reads `wanted` in it: plain JSON data, keys in any order.

    Raises:
        ReadError, YAMLError, OverLimitError: the text itself is not read.
    """
    before = _read(text)
    if identical(before, wanted):
        return text
    body = text.removeprefix(_BOM)
    mark = text[: len(text) - len(body)]
    for whole in (False, True):
        with contextlib.suppress(yaml_reader.ReadError, yaml.YAMLError, ValueError, LookupError):
            if changed := _changed(mark, body, before, wanted, whole=whole):
                return changed
    return yaml_writer.dump(yaml_writer.commented(wanted))


def _changed(mark: str, body: str, before: Any, wanted: Mapping[str, Any], *, whole: bool) -> str:
    """The changed text with its byte order mark, "" when it cannot be had this way.

    Where an anchor's value has changed, the next pass writes out the old value in place of its aliases.
    """
    for _ in range(_PASSES):
        body = _Editor(body, whole=whole).changed(before, wanted)
        before = _read(mark + body)  # a first line may be right behind a mark and wrong without it
        if identical(before, wanted):
            return mark + body
    return ""


def _read(text: str) -> Mapping[str, Any]:
    tree = yaml_reader.only(text, repeats=False)
    if tree is None:
        return {}
    if not isinstance(tree, Mapping):
        raise yaml_reader.ReadError("it holds no KEY: VALUE lines", 1, 1)
    return tree


@dataclass
class _Node:
    """One value of the text and its span; `end` is behind its last character that is no blank or comment."""

    kind: str
    """mapping, sequence, scalar or alias."""
    start: int
    end: int
    flow: bool = False
    style: str = ""
    """Of a scalar: ', ", |, > or "" for a plain one."""
    entries: list[_Entry] = field(default_factory=list)
    items: list[_Node] = field(default_factory=list)


@dataclass
class _Entry:
    """One key of a mapping with its value."""

    name: str
    key: _Node
    value: _Node


class _Editor:
    """One pass over a text; `whole`: changed values at the top are replaced as they are, not searched for what differs."""

    def __init__(self, text: str, *, whole: bool) -> None:
        self._text = text
        self._whole = whole
        self._root = _parsed(text)
        self._break = "\r\n" if "\r\n" in text else "\n"
        self._step, self._offset = _indentation(text, self._root)
        self._replacements: list[tuple[int, int, str]] = []

    def changed(self, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
        """The text with everything replaced that differs."""
        root = self._root
        if root is None or root.kind != "mapping":
            start = self._text if root is None else self._text[: root.start]
            gap = "" if not start or start.endswith("\n") else self._break
            return start + gap + self._block(wanted, 0) + self._break
        if root.entries:
            self._mapping(root, before, wanted)
        else:
            self._replace(root.start, root.end, self._inline(wanted) if not wanted else self._block(wanted, 0))
        text = self._text
        for first, last, new in sorted(self._replacements, reverse=True):
            text = text[:first] + new + text[last:]
        return text

    # Collections

    def _mapping(self, node: _Node, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        kept = [entry for entry in node.entries if _merges(entry) or entry.name in wanted]
        if not kept or (node.flow and len(kept) < len(node.entries)):
            self._replace(
                node.entries[0].key.start if not node.flow else node.start, node.end, self._anew(node, wanted)
            )
            return
        for entry, following in zip(node.entries, [*node.entries[1:], None], strict=True):
            if entry not in kept:
                self._remove(entry, following)
            elif not _merges(entry) and not identical(before[entry.name], wanted[entry.name]):
                self._entry(node, entry, before[entry.name], wanted[entry.name])
        literal = {entry.name for entry in node.entries if not _merges(entry)}
        added = {
            name: value
            for name, value in wanted.items()
            if name not in literal and not (name in before and identical(before[name], value))
        }
        if added:
            self._add(node, kept[-1], added)

    def _anew(self, node: _Node, wanted: Mapping[str, Any]) -> str:
        """Another text for a whole mapping, from its first key on."""
        if node.flow or not wanted:
            return self._inline(wanted)
        return self._block(wanted, self._column(node.entries[0].key.start), hanging=True)

    def _remove(self, entry: _Entry, following: _Entry | None) -> None:
        """Remove an entry of a block mapping with its line's comment."""
        start = self._line_start(entry.key.start)
        if self._text[start : entry.key.start].strip(" "):  # it is the first behind a dash
            self._replace(entry.key.start, following.key.start if following else entry.value.end, "")
        else:
            end = self._line_end(max(entry.value.end, entry.key.end))
            self._replace(start, min(end + len(self._break), len(self._text)), "")

    def _add(self, node: _Node, last: _Entry, added: Mapping[str, Any]) -> None:
        """Add entries behind the last one that stays."""
        if node.flow:
            self._replace(last.value.end, last.value.end, "".join(f", {self._pair(*pair)}" for pair in added.items()))
            return
        lines = self._block(added, self._column(node.entries[0].key.start))
        at = self._line_end(max(last.value.end, last.key.end + 1))
        self._replace(at, at, self._break + lines)

    def _entry(self, node: _Node, entry: _Entry, before: Any, wanted: Any) -> None:
        at_top = node is self._root
        if not (self._whole and at_top) and self._inside(entry.value, before, wanted):
            return
        column = self._column(entry.key.start)
        self._value(self._text.index(":", entry.key.end) + 1, entry.value, wanted, column, in_flow=node.flow)

    def _inside(self, node: _Node, before: Any, wanted: Any) -> bool:
        """Replace what differs inside a value; False when it has to be replaced itself."""
        if isinstance(before, Mapping) and isinstance(wanted, Mapping) and node.kind == "mapping" and node.entries:
            if node.flow or wanted:
                self._mapping(node, before, wanted)
                return True
        elif isinstance(before, list) and isinstance(wanted, list) and node.kind == "sequence" and node.items:
            if len(wanted) == len(before) or (len(wanted) > len(before) and not node.flow):
                self._sequence(node, before, wanted)
                return True
            if wanted and not node.flow and (gone := _gone(before, wanted)) is not None:
                for index in gone:
                    self._remove_item(node.items[index])
                return True
        return False

    def _sequence(self, node: _Node, before: Sequence[Any], wanted: Sequence[Any]) -> None:
        for item, old, new in zip(node.items, before, wanted, strict=False):
            if not identical(old, new) and not self._inside(item, old, new):
                self._value(-1, item, new, 0, in_flow=node.flow)
        if more := wanted[len(before) :]:
            at = self._line_end(node.items[-1].end)
            self._replace(at, at, self._break + self._block(more, self._column(self._dash(node.items[0]))))

    def _remove_item(self, item: _Node) -> None:
        """Remove an item of a block sequence with its line's comment."""
        start, end = self._line_start(self._dash(item)), self._line_end(item.end)
        if self._text[start : self._dash(item)].strip(" "):
            raise ValueError("it stands behind another dash")
        self._replace(start, min(end + len(self._break), len(self._text)), "")

    # Values

    def _value(self, colon: int, node: _Node, wanted: Any, column: int, *, in_flow: bool) -> None:
        """Replace one value; `colon` is behind its key's colon, -1 for an item of a list."""
        is_block = not in_flow and isinstance(wanted, Mapping | list) and bool(wanted)
        is_beside = colon < 0 or not self._text[colon : node.start].strip(" \t")
        was_line = node.flow or node.kind == "alias" or (node.kind == "scalar" and node.style not in ("|", ">"))
        if is_block:
            if colon < 0:
                gap = " " if node.start == node.end else ""
                self._replace(node.start, node.end, gap + self._block(wanted, self._column(node.start), hanging=True))
            else:
                inner = column + (self._offset if isinstance(wanted, list) else self._step)
                self._replace(colon, max(node.end, colon), self._break + self._block(wanted, inner))
        elif is_beside and was_line and node.start < node.end:
            anchor = _ANCHOR.match(self._text, node.start)
            self._replace(anchor.end() if anchor else node.start, node.end, self._inline(wanted, node.style))
        elif colon < 0:
            self._replace(node.start, node.end, (" " if node.start == node.end else "") + self._inline(wanted))
        else:
            self._replace(colon, max(node.end, colon), " " + self._inline(wanted))

    def _inline(self, value: Any, quote: str = "") -> str:
        """A value on one line."""
        if isinstance(value, Mapping):
            return "{" + ", ".join(self._pair(*pair) for pair in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._inline, value)) + "]"
        if not isinstance(value, str):
            return json.dumps(value)
        quote = '"' if not value.isprintable() or _IN_FLOW.search(value) else quote
        made = yaml_writer.text(value, quote)
        return yaml_writer.dump([made], offset=0).removeprefix("- ").rstrip("\n")

    def _pair(self, name: str, value: Any) -> str:
        return f"{json.dumps(name, ensure_ascii=False)}: {self._inline(value)}"

    def _block(self, value: Any, column: int, *, hanging: bool = False) -> str:
        """A value in lines of its own that begin in a column; the first one does not when it is hanging."""
        text = yaml_writer.dump(yaml_writer.commented(value), step=self._step, offset=self._offset)
        outer = " " * (self._offset if isinstance(value, list) else 0)
        lines = [line.removeprefix(outer) for line in text.rstrip("\n").split("\n")]
        indented = [" " * column + line if line else line for line in lines]
        return self._break.join(indented).removeprefix(" " * column if hanging else "")

    # Places

    def _replace(self, start: int, end: int, new: str) -> None:
        self._replacements.append((start, end, new))

    def _column(self, index: int) -> int:
        return index - self._line_start(index)

    def _dash(self, item: _Node) -> int:
        return self._text.rindex("-", 0, item.start)

    def _line_start(self, index: int) -> int:
        return self._text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        """Where the line ends that this index is in, before its line break."""
        end = self._text.find("\n", index)
        if end < 0:
            return len(self._text)
        return end - 1 if self._break == "\r\n" and self._text[end - 1] == "\r" else end


def _gone(before: Sequence[Any], wanted: Sequence[Any]) -> list[int] | None:
    """The indexes of the items without which the list is the wanted one; None when it has others."""
    gone: list[int] = []
    rest = list(wanted)
    for index, item in enumerate(before):
        if rest and identical(item, rest[0]):
            rest.pop(0)
        else:
            gone.append(index)
    return None if rest else gone


_ANCHOR: Final = re.compile(r"&\S+\s+")
_IN_FLOW: Final = re.compile(r"[\[\]{},?]")
"""Characters that a text without quotes cannot hold between brackets."""


def _parsed(text: str) -> _Node | None:
    """The only document of a text as spans; None when it holds nothing."""
    stack: list[_Node] = []
    keys: list[tuple[str, _Node] | None] = []
    root: _Node | None = None
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            node = stack.pop()
            keys.pop()
            node.end = (
                _index(event.end_mark) if node.flow else max((part.end for part in _parts(node)), default=node.end)
            )
            continue
        made = _node(text, event)
        if made is None:
            continue
        if not stack:
            root = root or made
        elif stack[-1].kind == "sequence":
            stack[-1].items.append(made)
        elif keys[-1] is None:
            keys[-1] = (_name(event), made)
        else:
            stack[-1].entries.append(_Entry(*keys[-1], made))
            keys[-1] = None
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(made)
            keys.append(None)
    return None if root and root.kind == "scalar" and root.start == root.end else root


def _parts(node: _Node) -> Iterator[_Node]:
    """The nodes directly inside."""
    yield from node.items
    for entry in node.entries:
        yield entry.key
        yield entry.value


def _node(text: str, event: Any) -> _Node | None:
    """The node that an event begins; None for events of the document."""
    start, end = _index(event.start_mark), _index(event.end_mark)
    match event:
        case yaml.AliasEvent():
            return _Node("alias", start, end)
        case yaml.ScalarEvent():
            if event.style in ("|", ">"):
                end = start + len(text[start:end].rstrip())
            return _Node("scalar", start, end, style=event.style or "")
        case yaml.SequenceStartEvent():
            return _Node("sequence", start, end, flow=bool(event.flow_style))
        case yaml.MappingStartEvent():
            return _Node("mapping", start, end, flow=bool(event.flow_style))
    return None


def _index(mark: Any) -> int:
    index: int = mark.index
    return index


def _name(event: Any) -> str:
    """The key that a scalar is."""
    if not isinstance(event, yaml.ScalarEvent):
        return ""  # an alias; what comes out is read again
    if event.style or (event.tag is None and scalars.is_text(event.value)):
        return str(event.value)
    return _MERGE if event.value == scalars.MERGE else scalars.key(scalars.resolve(event.tag, event.value))


def _merges(entry: _Entry) -> bool:
    return entry.name == _MERGE


def _indentation(text: str, root: _Node | None) -> tuple[int, int]:
    """By how many columns this text indents a map below a map, and the dashes of a list below a map; 2 where it has none."""
    step = offset = 0
    todo = [root] if root else []
    while todo and not (step and offset):
        node = todo.pop(0)
        for entry in node.entries:
            column = _column(text, entry.key.start)
            if entry.value.entries and not entry.value.flow:
                step = step or _column(text, entry.value.entries[0].key.start) - column
            elif entry.value.items and not entry.value.flow:
                dash = text.rindex("-", 0, entry.value.items[0].start)
                offset = offset or 1 + _column(text, dash) - column
        todo += _parts(node)
    return step if step > 0 else 2, offset - 1 if offset else 2


def _column(text: str, index: int) -> int:
    return index - (text.rfind("\n", 0, index) + 1)
