"""Writes YAML that both helms read as it was meant, with ruamel.yaml, which can put comments into it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wizard.core import limits
from wizard.core.helm import scalars

if TYPE_CHECKING:
    from ruamel.yaml import YAML


def dump(document: Any, *, step: int = 2, offset: int = 2) -> str:
    """The text of plain data or of a `commented` tree; `step` indents maps, `offset` the dashes of lists."""
    out = io.StringIO()
    _yaml(step, offset).dump(document, out)
    return out.getvalue()


def commented(node: Any, *, flow: bool = False) -> Any:
    """Plain data as a tree that comments can be put into; `flow`: lists of texts are written on one line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(node, Mapping):
        made = CommentedMap()
        for key, value in node.items():
            made[text(key)] = commented(value, flow=flow)
        return made
    if isinstance(node, list | tuple):
        listed = CommentedSeq(commented(value, flow=flow) for value in node)
        if flow and all(isinstance(value, str) for value in node):
            listed.fa.set_flow_style()
        return listed
    return text(node) if isinstance(node, str) else node


def text(words: str, quote: str = "") -> str:
    """A text or key; quoted where helm takes the bare word for something else (yes, null, 1_000, <<) or something in it is not seen.

    `quote` is the kind of quotes that it gets if they can hold it: ' or ".
    """
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

    if quote == "'" and words.isprintable():
        return SingleQuotedScalarString(words)
    bare = scalars.is_text(words) and words.replace("\n", "").isprintable()
    return words if bare and not quote else DoubleQuotedScalarString(words)


def _yaml(step: int, offset: int) -> YAML:
    from ruamel.yaml import YAML  # 60 ms, and only written files need it

    yaml_ = YAML()
    yaml_.indent(mapping=step, sequence=offset + 2, offset=offset)
    yaml_.width = limits.YAML  # no text is folded: of several blanks where a line breaks one would be lost
    return yaml_
