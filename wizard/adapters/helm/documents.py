"""YAML: read as helm reads it, edited with ruamel.yaml so that comments, order and unknown keys survive."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.helm import scalars
from wizard.core.text import sanitize

if TYPE_CHECKING:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    from wizard.core.helm.values import ValueEdit, Path


class YamlDocuments:
    """YAML documents as plain trees, and as text with comments."""

    def load(self, text: str, source: str, *, repeats: bool = False) -> Any:
        """One document as plain JSON data, as both helms read it; None when it is empty.

        repeats: the last value of a repeated key counts, as for helm and kubectl; else a repeated key is refused.

        Raises:
            Problem: it is not taken; names source, line and column.
        """
        from wizard.adapters.helm import yaml_reader  # 15 ms, here and below: the first paint needs no document

        with _problems(source):
            return yaml_reader.only(text, repeats=repeats)

    def load_all(self, text: str, source: str) -> list[Any]:
        """Every document of a stream, empty ones dropped."""
        from wizard.adapters.helm import yaml_reader

        with _problems(source):
            return [document for document in yaml_reader.every(text) if document]

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

        self.load(text, source)  # it refuses keys that are mappings: ruamel reads each of their levels twice, 2^n
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
"""What ruamel raises for a scalar that does not fit its form or tag: 2001-99-99, 0b_, !!bool x, !!timestamp x."""


@contextlib.contextmanager
def _problems(source: str) -> Iterator[None]:
    """Makes a Problem of what a reader raises."""
    import yaml

    from wizard.adapters.helm import yaml_reader

    try:
        yield
    except limits.OverLimitError as error:
        raise Problem(f"{source} is not read: {error}.", "Write it out without that, or give another file.") from error
    except yaml_reader.ReadError as error:
        where = f"{source}, line {error.line}, column {error.column}"
        raise Problem(f"{where} is not taken: {error.reason}.", "Correct that line and try again.") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise _problem(error, source) from error


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
    yaml_.width = limits.YAML  # no text is folded: of several blanks where a line breaks one would be lost
    yaml_.composer.warn_double_anchors = False  # it would be printed over the screen; YAML allows it
    return yaml_


def _dump(document: Any) -> str:
    out = io.StringIO()
    _round_trip().dump(document, out)
    return out.getvalue()


def _commented(node: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(node, Mapping):
        made = CommentedMap()
        for key, value in node.items():
            made[_text(key)] = _commented(value)
        return made
    if isinstance(node, list | tuple):
        return CommentedSeq(_commented(value) for value in node)
    return _text(node) if isinstance(node, str) else node


def _text(text: str) -> str:
    """A text or key; quoted where helm takes the bare word for something else (yes, null, 1_000, <<) or something in it is not seen."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    bare = scalars.is_text(text) and text.replace("\n", "").isprintable()
    return text if bare else DoubleQuotedScalarString(text)


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
            node[_text(key)] = empty
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
        node[_text(last)] = _commented(line.value)
