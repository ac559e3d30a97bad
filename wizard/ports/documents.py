"""YAML in and out, comments kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Documents(Protocol):
    """YAML documents as plain trees, and as text with comments."""

    def load(self, text: str, source: str, *, repeats: bool = False) -> Any:
        """One document as plain JSON data, as both helms read it; None when it is empty.

        repeats: the last value of a repeated key counts, as for helm and kubectl; else a repeated key is refused.

        Raises:
            Problem: it is not taken; names source, line and column.
        """
        ...

    def load_all(self, text: str, source: str) -> list[Any]:
        """Every document of a stream, empty ones dropped."""
        ...

    def render(self, header: Sequence[str], tree: Mapping[str, Any], notes: Mapping[str, str]) -> str:
        """A values file: header comment, tree, and a comment beside each line that `notes` names by path."""
        ...

    def annotated(self, tree: Mapping[str, Any], notes: Mapping[str, str]) -> str:
        """An object as YAML: lists of texts on one line, and a comment above each entry that `notes` names by path."""
        ...

    def edit(self, text: str, wanted: Mapping[str, Any], source: str) -> str:
        """The text of a person's own file changed so that it holds `wanted`; every other line stays byte for byte.

        Raises:
            Problem: as `load`.
        """
        ...
