"""What of the tree of values shows: opened maps, and the search. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from wizard.core.helm.value_tree import ValueNode, ValueTree
from wizard.core.helm.values import Path


@dataclass(frozen=True)
class ValuesState:
    """A tree, the maps that are open in it, and what is searched for; with a search only what it finds shows."""

    tree: ValueTree
    opened: frozenset[Path] = field(default_factory=frozenset)
    query: str = ""

    @cached_property
    def found(self) -> frozenset[Path]:
        """The paths that the search finds; none without a search."""
        return self.tree.found(self.query) if self.query.strip() else frozenset()

    @cached_property
    def _on_the_way(self) -> frozenset[Path]:
        """The paths that were found, and those of the maps around them."""
        return frozenset(path[:length] for path in self.found for length in range(1, len(path) + 1))

    @cached_property
    def shown(self) -> tuple[int, ...]:
        """The numbers of the nodes that show, in order."""
        nodes, ends = self.tree.nodes, self.tree.ends
        if self.query.strip():
            return tuple(number for number, node in enumerate(nodes) if node.path in self._on_the_way)
        numbers: list[int] = []
        number = 0
        while number < len(nodes):
            numbers.append(number)
            number = number + 1 if nodes[number].path in self.opened else ends[number]
        return tuple(numbers)

    def node(self, line: int) -> ValueNode | None:
        """The node that a line shows."""
        return self.tree.nodes[self.shown[line]] if 0 <= line < len(self.shown) else None

    def has_inside(self, line: int) -> bool:
        """Whether the node of a line has values inside it."""
        number = self.shown[line]
        return self.tree.ends[number] > number + 1

    def is_open(self, line: int) -> bool:
        """Whether the values inside the node of a line show."""
        path = self.tree.nodes[self.shown[line]].path
        if self.query.strip():
            return line + 1 < len(self.shown) and len(self.tree.nodes[self.shown[line + 1]].path) > len(path)
        return path in self.opened

    def line_of(self, path: Path) -> int:
        """The line that shows a path, or the nearest map around it; 0 where none does."""
        lines = {self.tree.nodes[number].path: line for line, number in enumerate(self.shown)}
        return next((lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines), 0)

    def toggled(self, path: Path) -> ValuesState:
        """The state with a map opened or closed."""
        return replace(self, opened=self.opened ^ {path})

    def revealed(self, path: Path) -> ValuesState:
        """The state without a search, in which the path shows."""
        around = frozenset(path[:length] for length in range(1, len(path)))
        return replace(self, query="", opened=self.opened | around)
