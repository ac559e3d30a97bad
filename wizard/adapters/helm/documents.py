"""YAML: read as helm reads it, written with comments, and edited in place."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.text import sanitize

if TYPE_CHECKING:
    from wizard.core.helm.values import Path


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

    def load_first(self, text: str, source: str) -> Any:
        """The first document of a stream, None when it is empty; of a repeated key the last value counts; raises as `load`."""
        from wizard.adapters.helm import yaml_reader

        with _problems(source):
            return next(yaml_reader.every(text), None)

    def render(self, header: Sequence[str], tree: Mapping[str, Any], notes: Mapping[str, str]) -> str:
        """A values file: header comment, tree, and a comment at the end of each line that `notes` names by path."""
        out = "".join(f"# {line}\n" for line in header)
        if not tree:
            return out + "{}\n"
        from wizard.adapters.helm import yaml_writer

        document = yaml_writer.commented(tree)
        for path, why in notes.items():
            _comment(document, values.path_of(path), why)
        return out + "\n" + yaml_writer.dump(document)

    def annotated(self, tree: Mapping[str, Any], notes: Mapping[str, str]) -> str:
        """An object as YAML: lists of texts on one line, and a comment above each entry that `notes` names by path."""
        from wizard.adapters.helm import yaml_writer

        document = yaml_writer.commented(tree, flow=True)
        for path, why in notes.items():
            *above, last = values.path_of(path)
            node: Any = values.get(document, tuple(above)) if above else document  # a map or list of ruamel
            node.yaml_set_comment_before_after_key(last, before=why, indent=2 * len(above))
        return yaml_writer.dump(document)

    def edit(self, text: str, wanted: Mapping[str, Any], source: str) -> str:
        """The text of a person's own file changed so that it holds `wanted`; every other line stays byte for byte.

        Raises:
            Problem: as `load`.
        """
        from wizard.adapters.helm import yaml_editor

        with _problems(source):
            return yaml_editor.edited(text, wanted)


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


def _comment(document: Any, path: Path, why: str) -> None:
    above = values.get(document, path[:-1]) if path[1:] else document
    if not isinstance(above, Mapping) or path[-1] not in above:
        return
    node: Any = above  # a map of ruamel
    if isinstance(node[path[-1]], Mapping | list) and node[path[-1]]:
        node.yaml_set_comment_before_after_key(path[-1], before=why, indent=2 * (len(path) - 1))
    else:
        node.yaml_add_eol_comment(why, path[-1], column=0)
