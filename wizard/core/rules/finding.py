"""A finding: a diagnosed cause, its rank among others, and the registry of the rules that find it.

A new finding is one decorated function in `findings/` and one table in its test. Nothing else lists it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from wizard.core.rules import registry

if TYPE_CHECKING:
    from wizard.core.rules.snapshot import Snapshot

Heals = Literal["yes", "no", "unknown"]

HEALS: Final[Mapping[Heals, str]] = {
    "yes": "heals by itself", "no": "will not heal by itself", "unknown": "may heal",
}  # fmt: skip

STAGES: Final = ("X", "CL", "SC", "VO", "CO", "LG", "TR")
"""Families, causes of others first: the release itself, its nodes, then in the order of a pod's start: admission and
scheduling, disk, container, logs, traffic."""


@dataclass(frozen=True)
class Evidence:
    """The proof of a finding: the raw text, the object ("Kind/name") and field that hold it, and since when."""

    text: str
    object: str = ""
    field: str = ""
    time: str = ""

    def __str__(self) -> str:
        where = f"{self.object} {self.field}".strip()
        return f"{where}: {self.text}" if where else self.text


@dataclass(frozen=True)
class Finding:
    """A diagnosed cause.

    `object` is "Kind/name" of the affected object; `terminal` means that waiting is pointless; `heals` says whether it
    heals by itself; `since` is when it began.
    """

    id: str
    title: str
    object: str
    evidence: tuple[Evidence, ...]
    remedy: tuple[str, ...]
    terminal: bool = False
    heals: Heals = "unknown"
    since: str = ""
    waits: bool = False
    """It may be only a symptom: what it waits for may be another finding."""
    urgent: bool = True
    """It keeps the release from working or progressing; False: separate and not urgent."""
    commands: tuple[str, ...] = ()
    """Command lines that show more, or fix it."""
    avoid: tuple[str, ...] = ()
    """Actions that would make it worse."""
    unseen: tuple[str, ...] = ()
    """Missing proof, and the right that would show it."""
    affects: tuple[str, ...] = ()
    """Objects that cannot work because of it."""
    hides: tuple[str, ...] = ()
    """Objects whose own findings are folded into this one."""
    explains: tuple[str, ...] = ()
    """What was folded into it: objects with the same cause, and findings that are only its symptoms."""
    question: str = ""
    """The question of the wizard whose answer makes it so; "" when none does, and for other charts."""
    calls: str = ""
    """Of one that waits: the host that it cannot reach; only what is behind that host explains it. "" is unknown."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The evidence in sentences; the last one names what else it explains."""
        sentences = tuple(map(str, self.evidence))
        return (*sentences, f"also affected: {', '.join(self.explains)}") if self.explains else sentences

    @property
    def rank(self) -> int:
        """Its position among findings, smallest first: urgent, not a symptom, terminal, of an early stage."""
        flags = (not self.urgent, self.waits, not self.terminal)
        return sum(flag << bit for flag, bit in zip(flags, (2, 1, 0), strict=True)) * (len(STAGES) + 1) + stage(self)

    def to_data(self) -> dict[str, Any]:
        """The data of a `finding` event."""
        return {
            "id": self.id,
            "title": self.title,
            "object": self.object,
            "terminal": self.terminal,
            "evidence": list(self.lines),
            "remedy": list(self.remedy),
            "urgent": self.urgent,
            "waits": self.waits,
            "heals": self.heals,
            "since": self.since,
            "rank": self.rank,
            "commands": list(self.commands),
            "avoid": list(self.avoid),
            "question": self.question,
        }

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> Finding:
        """The finding of a `finding` event, its evidence as sentences; records of older wizards lack some fields."""
        return Finding(
            id=data["id"],
            title=data["title"],
            object=data["object"],
            evidence=tuple(map(Evidence, data["evidence"])),
            remedy=tuple(data["remedy"]),
            terminal=data["terminal"],
            heals=data.get("heals", "unknown"),
            since=data.get("since", ""),
            waits=data.get("waits", False),
            urgent=data.get("urgent", True),
            commands=tuple(data.get("commands", ())),
            avoid=tuple(data.get("avoid", ())),
            question=data.get("question", ""),
        )


def order(cause: Finding) -> tuple[int, str, str]:
    """The sort key of findings, the first cause first; the same in every front end."""
    return (cause.rank, cause.id, cause.object)


def stage(cause: Finding) -> int:
    """The index of the finding's family in STAGES."""
    family = cause.id.rstrip("0123456789")
    return STAGES.index(family) if family in STAGES else len(STAGES)


Body = Callable[["Snapshot"], Iterator[Finding]]
_findings: dict[str, Body] = {}


def finding(*ids: str) -> Callable[[Body], Body]:
    """Register a rule under the IDs that it may yield (reference/features.md section 5).

    Raises:
        ValueError: an ID is taken.
    """

    def register(body: Body) -> Body:
        for finding_id in ids:
            if finding_id in _findings:
                msg = f"finding {finding_id} is registered twice"
                raise ValueError(msg)
            _findings[finding_id] = body
        return body

    return register


def all_findings() -> tuple[Body, ...]:
    """Every registered rule once."""
    return tuple(dict.fromkeys(_findings[key] for key in finding_ids()))


def finding_ids() -> list[str]:
    """The IDs of all findings, sorted."""
    registry.load("wizard.core.rules.findings")
    return sorted(_findings)
