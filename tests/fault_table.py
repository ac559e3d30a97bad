"""The result table of the fault matrix: what became of each cell with the wizard, and with helm alone beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

PLACE: Final = Path("build/fault-matrix.md")
_SMALLEST: Final = 20
"""Cells below which it was only the sample: the last whole table is kept."""


def pytest_sessionfinish(session: Any) -> None:
    """Write the table when most of the matrix was run; only where the reports come together."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return
    reports = [one for word in ("passed", "failed") for one in reporter.stats.get(word, ()) if hasattr(one, "nodeid")]
    cells = [
        (dict(one.user_properties), one.outcome, one.duration)
        for one in reports
        if one.when == "call" and "fault" in dict(one.user_properties)
    ]
    if len(cells) >= _SMALLEST:
        place = Path(session.config.rootpath) / PLACE
        place.parent.mkdir(exist_ok=True)
        place.write_text(table(cells), encoding="utf-8")


def table(cells: Iterable[tuple[Mapping[str, Any], str, float]]) -> str:
    """Cells (properties of the test, outcome, seconds) as Markdown."""
    known = list(cells)
    counts = Counter(outcome for _, outcome, _ in known)
    lines = [
        f"# Fault matrix: {counts['passed']} of {len(known)} cells hold",
        "",
        "| Signal | To | Moment | Has to become | Held | Helm alone | Seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for properties, outcome, seconds in known:
        cell = " | ".join(map(str, properties["fault"]))
        held = "yes" if outcome == "passed" else "NO"
        lines.append(f"| {cell} | {held} | {properties.get('helm alone', '?')} | {seconds:.1f} |")
    return "\n".join(lines) + "\n"
