"""The rights that operations on a release use, and the cost of lacking each: one table, shown before any change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple


class Right(NamedTuple):
    """One right, the operations that use it, and what they cannot do or report without it."""

    verb: str
    kind: str
    operations: tuple[str, ...]
    costs: str
    subresource: str = ""

    @property
    def text(self) -> str:
        """The right in words: get Pod log."""
        return f"{self.verb} {self.kind} {self.subresource}".strip()

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"right": self.text, "costs": self.costs}


_ALL: Final = ("upgrade", "history", "rollback", "uninstall", "recover")
_RUNS: Final = ("upgrade", "rollback", "uninstall")
TABLE: Final = (
    Right("list", "Secret", _ALL, "helm's records are hidden: no plan, no history, and nothing can be changed"),
    Right("create", "Secret", ("upgrade", "rollback"), "helm cannot keep the new revision, and fails"),
    Right("update", "Secret", (*_RUNS, "recover"), "helm's record cannot be written: the release stays as it is"),
    Right("delete", "Secret", ("uninstall",), "helm's records stay, and the release looks half uninstalled"),
    Right("list", "PersistentVolumeClaim", ("uninstall",), "which data stays, and which is lost, is unknown"),
    Right("get", "PersistentVolume", ("uninstall",), "whether data goes with its claim is unknown"),
    Right("list", "Pod", (*_RUNS, "diagnose"), "why something does not start is unknown"),
    Right("list", "Event", (*_RUNS, "diagnose"), "what the scheduler and the kubelet said is unknown"),
    Right("get", "Pod", (*_RUNS, "diagnose"), "why a container ends is unknown", "log"),
    Right("list", "ReplicaSet", ("rollback", "upgrade", "diagnose"), "which pods are old and which are new is unknown"),
    Right("list", "Node", ("diagnose",), "full, tainted and broken nodes are unknown"),
)


def of(operation: str) -> tuple[Right, ...]:
    """The rights that an operation uses."""
    return tuple(right for right in TABLE if operation in right.operations)


def lines(missing: Iterable[Right]) -> list[str]:
    """One line for each missing right."""
    return [f"you may not {right.text}: {right.costs}" for right in missing]
