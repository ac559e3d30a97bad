"""Alternating rounds, and the table of their results."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Measure = Callable[[], float]
"""Does something once and returns the seconds that it took."""


@dataclass(frozen=True)
class Row:
    """One line of the table. Seconds, except where the unit says otherwise; `fits` is None when there is no bound."""

    name: str
    ours: Sequence[float]
    other: Sequence[float] = ()
    beside: str = ""
    bound: str = ""
    fits: bool | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The median of `ours` divided by the median of `other`; None without `other`."""
        return statistics.median(self.ours) / statistics.median(self.other) if self.other else None

    def to_data(self) -> dict[str, object]:
        """The row for a JSON file."""
        return {
            "name": self.name, "beside": self.beside, "bound": self.bound, "fits": self.fits, "ratio": self.ratio,
            "ours": list(self.ours), "other": list(self.other), "note": self.note,
        }  # fmt: skip


def timed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def p99(samples: Sequence[float]) -> float:
    """The 99th percentile; the maximum of fewer than a hundred samples."""
    return sorted(samples)[math.ceil(len(samples) * 0.99) - 1]


def alternate(ours: Measure, other: Measure, rounds: int) -> tuple[list[float], list[float]]:
    """The samples of both, in alternating order; one warm-up round of each is not counted."""
    ours()
    other()
    mine: list[float] = []
    theirs: list[float] = []
    for number in range(rounds):
        for measure in (ours, other) if number % 2 else (other, ours):
            (mine if measure is ours else theirs).append(measure())
    return mine, theirs


def table(rows: Sequence[Row]) -> str:
    """The rows as text: median and maximum in milliseconds, ratio, bound and whether it is kept."""
    head = ("what", "rounds", "ours ms (max)", "beside", "its ms (max)", "ratio", "bound", "")
    body = [
        (
            row.name, str(len(row.ours)), _stats(row.ours), row.beside, _stats(row.other),
            f"{row.ratio:.3f}" if row.ratio else "", row.bound, {True: "kept", False: "BROKEN", None: ""}[row.fits],
        )
        for row in rows
    ]  # fmt: skip
    widths = [max(len(line[at]) for line in (head, *body)) for at in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *body)
    ]
    return "\n".join([*lines, *(f"{row.name}: {row.note}" for row in rows if row.note)])


def _stats(samples: Sequence[float]) -> str:
    return f"{statistics.median(samples) * 1000:.0f} ({max(samples) * 1000:.0f})" if samples else ""
