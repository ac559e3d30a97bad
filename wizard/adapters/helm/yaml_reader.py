"""YAML documents as both helms read them: sigs.k8s.io/yaml, which is Go's yaml.v2 and then JSON.

The events come from PyYAML's parser, the C one where it is built; what they mean is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from wizard.core import limits
from wizard.core.helm import scalars


class ReadError(Exception):
    """A document that helm or the wizard does not take: the reason, and the line and column, both from 1."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


def only(text: str, *, repeats: bool) -> Any:
    """The only document of a text, None when it is empty.

    A text with several documents is refused, for the two helms read it differently. Of a repeated key the last value
    counts where `repeats` are taken, as for helm; else it is refused, for the others would be lost in silence.

    Raises:
        ReadError: helm refuses the text, or reads less of it than it says.
        OverLimitError: it would become too large or too deep.
        YAMLError: it is not YAML.
    """
    _check_lines(text)
    # helm 4 reads by lines and ends the last one; helm 3 does not, so that a block of text at the end differs.
    documents = list(_Reader(text if text.endswith("\n") else text + "\n", helm=True, repeats=repeats).documents())
    for document in documents[1:]:
        if document.tree is not None:
            raise _refused("a second document begins, which helm 3 leaves out and helm 4 merges", document.mark)
    return documents[0].tree if documents else None


def every(text: str) -> Iterator[Any]:
    """The documents of a text, such as a manifest, in which the last value of a repeated key counts; raises as `only`."""
    return (document.tree for document in _Reader(text, helm=False, repeats=True).documents())


def _check_lines(text: str) -> None:
    """Raise for lines that the two helms or PyYAML take differently, which is quicker to see before it is read."""
    if "---" in text:
        for number, line in enumerate(text.split("\n"), 1):
            if line.startswith("---") and (rest := line[3:].strip()) and rest[0] != "#":
                raise ReadError("helm 4 takes no line that begins with --- and goes on", number, 1)
    if "\ufeff" in text and (mark := re.search(r"[\n\r\x85\u2028\u2029\ufeff]\ufeff", text)):
        raise ReadError("a byte order mark begins a line", text.count("\n", 0, mark.end()) + 1, 1)


@dataclass(frozen=True)
class _Document:
    tree: Any
    mark: Any


@dataclass
class _Open:
    """A mapping or sequence that is being read."""

    made: Any
    mark: Any
    kept: _Kept
    is_flow: bool
    is_key_next: bool
    """Whether a key comes next; of a sequence never."""
    key: str = ""
    merges: bool = False
    """Whether what comes next is merged into the mapping."""
    lines: dict[str, int] = field(default_factory=dict)
    """Of the mapping's own keys, from 1."""
    nodes: int = 0
    """How many were read before it."""


@dataclass
class _Kept:
    """What an anchor names: a mapping, a sequence, or a scalar as Go has it before JSON."""

    made: Any
    nodes: int = 0
    """How many it is; 0 as long as it is being read."""


class _Reader:
    """Builds plain data from the events of a text."""

    def __init__(self, text: str, *, helm: bool, repeats: bool) -> None:
        self._text = text.removeprefix("\ufeff")  # so that the marks count as the text does
        self._helm, self._repeats = helm, repeats
        self._has_tags = "!" in text
        self._has_slashes = "\\/" in text
        self._begin()

    def documents(self) -> Iterator[_Document]:
        """Each document as it ends; raises as `only`."""
        if len(self._text) > limits.YAML:
            raise limits.OverLimitError(f"it holds more than {limits.amount(limits.YAML)}")
        mark = None
        for event in yaml.parse(self._text, Loader=_LOADER):
            try:
                self._take(event)
            except limits.OverLimitError:
                raise
            except ValueError as error:
                raise _refused(str(error), event.start_mark) from error
            if isinstance(event, yaml.DocumentStartEvent):
                mark = event.start_mark
            elif isinstance(event, yaml.DocumentEndEvent):
                yield _Document(self._root, mark)

    def _begin(self) -> None:
        self._root: Any = None
        self._open: list[_Open] = []
        self._anchors: dict[str, _Kept] = {}
        self._expansion = limits.Expansion()
        self._nodes = 1
        self._aliased = 0

    def _take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.CollectionStartEvent():
                self._start(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
            case yaml.CollectionEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                if self._helm and (event.version or event.tags):
                    raise ValueError("helm 4 takes no directives")
                self._begin()

    def _scalar(self, event: Any) -> None:
        text, tag = event.value, event.tag
        self._expansion.scalar(event.anchor, len(text))
        self._nodes += 1
        self._check_spelling(event)
        if tag is None and (event.style or (self._has_tags and re.match(_BARE_TAG, self._source(event)))):
            tag = scalars.STR
        made = scalars.resolve(tag, text)
        if event.anchor:
            self._anchors[event.anchor] = _Kept(made, 1)
        self._put(made, event.start_mark, merges=text == scalars.MERGE and (event.implicit[0] or tag == scalars.MERGES))

    def _check_spelling(self, event: Any) -> None:
        """Raise ValueError for what PyYAML takes and Go refuses or reads differently."""
        if self._has_slashes and event.style == '"' and re.search(_SLASH, self._source(event)):
            raise ValueError("helm knows no escape \\/")
        if event.style or not (self._open and self._open[-1].is_flow):
            return
        if "?" in event.value:
            raise ValueError("helm takes no ? in a text without quotes between brackets")
        tagged = self._has_tags and not event.value and re.match(rf"{_ANCHOR}!", self._source(event))
        if tagged and self._text.startswith(",", event.end_mark.index):
            raise ValueError("helm takes the comma for a part of the tag")

    def _source(self, event: Any) -> str:
        """How a scalar is written, with its anchor and tag."""
        return self._text[event.start_mark.index : event.end_mark.index]

    def _start(self, event: Any, made: Any) -> None:
        self._expansion.begin(event.anchor, mapping=isinstance(made, dict))
        kept = _Kept(made)
        if event.anchor:
            self._anchors[event.anchor] = kept
        self._open.append(
            _Open(made, event.start_mark, kept, bool(event.flow_style), isinstance(made, dict), nodes=self._nodes)
        )
        self._nodes += 1

    def _end(self) -> None:
        self._expansion.end()
        ended = self._open.pop()
        ended.kept.nodes = self._nodes - ended.nodes
        self._put(ended.made, ended.mark)

    def _alias(self, event: Any) -> None:
        self._expansion.alias(event.anchor)
        kept = self._anchors.get(event.anchor)
        if kept is None:
            raise ValueError("found an alias without its anchor")
        if not kept.nodes:
            raise ValueError("found an alias that refers to a collection that contains it")
        self._nodes += 1 + kept.nodes
        self._aliased += kept.nodes
        if self._aliased > 100 and self._nodes > 1000 and self._aliased / self._nodes > _allowed_aliases(self._nodes):
            raise ValueError("helm takes no document that is mostly aliases")
        self._put(kept.made, event.start_mark, is_alias=True)

    def _put(self, made: Any, mark: Any, *, merges: bool = False, is_alias: bool = False) -> None:
        """Put what was read in its place: it is the document, or comes next in its collection."""
        if not self._open:
            self._root = _behind_json(made)
            return
        within = self._open[-1]
        if isinstance(within.made, list):
            within.made.append(_behind_json(made))
        elif within.is_key_next:
            within.is_key_next, within.merges = False, merges
            if merges:
                self._nodes -= 1  # Go does not count it, nor a list behind it
            else:
                within.key = self._key(made, within, mark)
        else:
            within.is_key_next = True
            if within.merges:
                self._nodes -= isinstance(made, list) and not is_alias
                _merge(made, within.made, is_alias=is_alias)
            else:
                within.made[within.key] = _behind_json(made)

    def _key(self, made: Any, within: _Open, mark: Any) -> str:
        if isinstance(made, dict | list):
            raise ValueError("found a mapping or list that is a key")
        key = scalars.key(made)
        if not self._repeats:
            line = mark.line + 1
            if (before := within.lines.get(key)) is not None:
                raise ValueError(f"a key is named here that line {before} names, and helm takes the last one alone")
            within.lines[key] = line
        return key


def _refused(reason: str, mark: Any) -> ReadError:
    return ReadError(reason, mark.line + 1, mark.column + 1)


def _behind_json(made: Any) -> Any:
    return made if isinstance(made, dict | list) else scalars.value(made)


def _merge(made: Any, into: dict[str, Any], *, is_alias: bool) -> None:
    """Go merges where the merge key stands: later keys win over it, earlier ones do not; of a list the first wins."""
    parts = [made] if isinstance(made, dict) or is_alias else made
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ValueError("found a merge key with something else than mappings")
    for part in reversed(parts):
        into.update(part)


def _allowed_aliases(nodes: int) -> float:
    """The largest share of a document's nodes that Go takes from aliases."""
    few, many = 400_000, 4_000_000
    return 0.99 - 0.89 * (min(max(nodes, few), many) - few) / (many - few)


_LOADER: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ANCHOR: Final = r"(&\S+\s+)?"
_BARE_TAG: Final = rf"{_ANCHOR}!(?!\S)"
"""The tag that makes a text of a plain scalar; PyYAML does not tell it."""
_SLASH: Final = r"(?<!\\)(\\\\)*\\/"
