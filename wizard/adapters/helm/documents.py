"""YAML: fast reading with PyYAML, editing with ruamel.yaml so that comments, order and unknown keys survive."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.text import sanitize

if TYPE_CHECKING:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    from wizard.core.helm.values import ValueEdit, Path


class YamlDocuments:
    """YAML documents as plain trees, and as text with comments."""

    def load(self, text: str, source: str) -> Any:
        """One document as plain Python data; raises Problem naming source, line and column."""
        return next(_loaded(text, source, every=False))

    def load_all(self, text: str, source: str) -> list[Any]:
        """Every document of a stream, empty ones dropped."""
        return [document for document in _loaded(text, source, every=True) if document]

    def render(self, header: Sequence[str], tree: Mapping[str, Any], notes: Mapping[str, str]) -> str:
        """A values file: header comment, tree, and a comment at the end of each line that `notes` names by path."""
        out = "".join(f"# {line}\n" for line in header)
        if not tree:
            return out + "{}\n"
        from wizard.core.helm import values

        document = _commented(tree)
        for path, why in notes.items():
            _comment(document, values.path_of(path), why)
        return out + "\n" + _dump(document)

    def edit(self, text: str, lines: Sequence[ValueEdit], source: str) -> str:
        """The text of a person's own file with ordered edits applied; comments, order and unknown keys survive."""
        from ruamel.yaml.error import YAMLError

        _check(text, source, whole=True)  # ruamel reads each level of keys that are mappings twice: 2^n
        try:
            document = _round_trip().load(text)
        except (YAMLError, *_SCALARS) as error:
            raise _problem(error, source) from error
        if document is None:
            document = _commented({})
        if not isinstance(document, Mapping):
            raise Problem(f"{source} is not a values file: it holds no KEY: VALUE lines.", "Give another with -f.")
        for line in lines:
            _put(document, line)
        return _dump(document)


_SCALARS: Final = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, AssertionError)
"""What the libraries raise for a scalar that does not fit its form or tag: 2001-99-99, 0b_, !!bool x, !!timestamp x."""


def _loaded(text: str, source: str, *, every: bool) -> Iterator[Any]:
    """The documents of a text as plain data, with `every` all of them, else its only one; raises Problem."""
    import yaml  # 15 ms, here and below: the first paint needs no document

    _check(text, source)
    try:
        if every:
            yield from yaml.load_all(text, Loader=_loader())
        else:
            yield yaml.load(text, Loader=_loader())  # noqa: S506 - a safe loader, the C one where it is built
    except (yaml.YAMLError, *_SCALARS) as error:
        raise _problem(error, source) from error


def _check(text: str, source: str, *, whole: bool = False) -> None:
    """Raise Problem for a text that would become too large or too deep, before it is built."""
    import yaml

    try:
        if len(text) > limits.YAML:
            raise limits.OverLimitError(f"it holds more than {limits.amount(limits.YAML)}")
        if not whole and limits.is_flat(text):
            return
        counted = limits.Expansion()
        for event in yaml.parse(text, Loader=_loader()):
            if isinstance(event, yaml.ScalarEvent):
                counted.scalar(event.anchor, len(event.value))
            elif isinstance(event, yaml.CollectionStartEvent):
                counted.begin(event.anchor, mapping=isinstance(event, yaml.MappingStartEvent))
            elif isinstance(event, yaml.CollectionEndEvent):
                counted.end()
            elif isinstance(event, yaml.AliasEvent):
                counted.alias(str(event.anchor))
            elif isinstance(event, yaml.DocumentStartEvent):
                counted = limits.Expansion()
    except limits.OverLimitError as error:
        raise Problem(f"{source} is not read: {error}.", "Write it out without that, or give another file.") from error
    except yaml.YAMLError as error:
        raise _problem(error, source) from error


@cache
def _loader() -> type[Any]:
    """A safe loader, the C one where it is built, that refuses .inf and .nan: JSON, and so helm, has no such numbers."""
    import yaml

    base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc] # which of the two it is, is known only at run time
        pass

    def number(loader: Any, node: Any) -> float:
        value: float = loader.construct_yaml_float(node)
        if not math.isfinite(value):
            words = "found a number that is infinite or none"
            raise yaml.constructor.ConstructorError(None, None, words, node.start_mark)
        return value

    Loader.add_constructor("tag:yaml.org,2002:float", number)
    return Loader


def _problem(error: Exception, source: str) -> Problem:
    if reason := getattr(error, "reason", ""):
        return Problem(
            f"{source} is not a text file: {sanitize.line(str(reason))}.", "Give another, or save it as text."
        )
    mark = getattr(error, "problem_mark", None)
    where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    reason = getattr(error, "problem", None) or "a text in it is not what its form or its tag says"
    return Problem(f"{source}{where} is not YAML: {_without_content(reason)}.", "Correct that line and try again.")


def _without_content(reason: str) -> str:
    """A parser's message without the quoted tag, alias or text of the document: it may be a secret."""
    return sanitize.line(re.sub(_QUOTED, r"\1...\2", reason, flags=re.DOTALL))


_QUOTED: Final = r"""(?<!\S)(['"])(?!<)[^'"]{4,}.*(['"])"""


def _round_trip() -> YAML:
    from ruamel.yaml import YAML  # 60 ms, and only written files need it

    yaml_ = YAML()
    yaml_.indent(mapping=2, sequence=4, offset=2)
    yaml_.preserve_quotes = True
    yaml_.width = 4096
    yaml_.composer.warn_double_anchors = False  # it would be printed over the screen; YAML allows it
    return yaml_


def _dump(document: Any) -> str:
    out = io.StringIO()
    _round_trip().dump(document, out)
    return out.getvalue()


def _commented(node: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(node, Mapping):
        made = CommentedMap()
        for key, value in node.items():
            made[key] = _commented(value)
        return made
    if isinstance(node, list | tuple):
        return CommentedSeq(_commented(value) for value in node)
    if isinstance(node, str) and _other_than_text(node):
        return DoubleQuotedScalarString(node)
    return node


def _other_than_text(text: str) -> bool:
    """Whether YAML 1.1, which Helm reads, would take the bare word for something else: yes, on, null, 1_000."""
    import yaml

    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call] # not in the stubs
    return bool(tag != "tag:yaml.org,2002:str")


def _comment(document: Any, path: Path, why: str) -> None:
    node = document
    for part in path[:-1]:
        if not isinstance(node, Mapping) or part not in node:
            return
        node = node[part]
    if not isinstance(node, Mapping) or path[-1] not in node:
        return
    if isinstance(node[path[-1]], Mapping | list) and node[path[-1]]:
        _round_trip_map(node).yaml_set_comment_before_after_key(path[-1], before=why, indent=2 * (len(path) - 1))
    else:
        _round_trip_map(node).yaml_add_eol_comment(why, path[-1], column=0)


def _round_trip_map(node: Any) -> CommentedMap:
    made: CommentedMap = node
    return made


def _put(document: Any, line: ValueEdit) -> None:
    from wizard.core.helm.values import DELETE

    node = document
    for key, following in zip(line.path, line.path[1:], strict=False):
        empty: Any = _commented([] if isinstance(following, int) else {})
        if isinstance(key, int):
            while len(node) <= key:
                node.append(_commented({}))
        elif not isinstance(node.get(key), Mapping | list):
            if line.value is DELETE:
                return
            node[key] = empty
        node = node[key]
    last = line.path[-1]
    if line.value is DELETE:
        if isinstance(last, int):
            del node[last : last + 1]
        else:
            node.pop(last, None)
    elif isinstance(last, int):
        while len(node) <= last:
            node.append(None)
        node[last] = _commented(line.value)
    elif node.get(last) != line.value:
        node[last] = _commented(line.value)
