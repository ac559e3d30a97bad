"""The result table of the full matrices: what each case of them came to, as one page of Markdown outside of git.

Beside it a second page: what each upgrade of the chart restarts; and each failure as it comes, of any run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

PLACE: Final = Path("build/full-results.md")
FAILURES: Final = Path("build/failures.txt")
ROOT: Final = Path(__file__).resolve().parents[1]
UPGRADES: Final = Path("build/upgrades.md")
_SIGNS: Final = {"passed": "passed", "failed": "FAILED", "error": "FAILED (setup)", "skipped": "skipped"}


def pytest_runtest_logreport(report: Any) -> None:
    """Write each failure at once: a run of an hour that is ended from outside prints no summary."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        place = ROOT / FAILURES
        place.parent.mkdir(exist_ok=True)
        with place.open("a", encoding="utf-8") as file:
            file.write(
                f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {report.nodeid} ({report.when})\n{report.longreprtext}\n\n"
            )


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """Write the table after a run that the full matrices were part of; a run without them leaves the last one alone."""
    reports = [
        (one, word)
        for word in _SIGNS
        for one in terminalreporter.stats.get(word, ())
        if hasattr(one, "keywords") and (one.when == "call" or word != "passed")  # a file that does not import has none
    ]
    if not any("full" in one.keywords for one, _ in reports):
        return
    place = Path(config.rootpath) / PLACE
    place.parent.mkdir(exist_ok=True)
    place.write_text(table((one.nodeid, word, one.duration) for one, word in reports), encoding="utf-8")
    terminalreporter.write_line(f"result table: {PLACE}")
    found = [what for one, _ in reports for key, what in one.user_properties if key == "upgrade"]
    if found:
        (Path(config.rootpath) / UPGRADES).write_text(upgrades(found), encoding="utf-8")
        terminalreporter.write_line(f"pods that upgrades restart: {UPGRADES}")


def table(results: Iterable[tuple[str, str, float]]) -> str:
    """Results (node id, outcome, seconds) as Markdown: a count for each file, then a row for each test that has cases."""
    rows = sorted(set(results))
    files: dict[str, list[tuple[str, str, float]]] = {}
    for node, word, seconds in rows:
        file, _, name = node.partition("::")
        files.setdefault(file, []).append((name, word, seconds))
    lines = ["# Results", "", "| File | Passed | Other | Seconds |", "|---|---|---|---|"]
    for file, many in files.items():
        good = sum(word == "passed" for _, word, _ in many)
        lines.append(f"| {file} | {good} | {len(many) - good} | {sum(seconds for *_, seconds in many):.0f} |")
    for file, many in files.items():
        cases = [one for one in many if "[" in one[0] or one[1] != "passed"]
        if not cases:
            continue
        lines += ["", f"## {file}", "", "| Test | Case | Result | Seconds |", "|---|---|---|---|"]
        for name, word, seconds in cases:
            test, case = _parts(name)
            lines.append(f"| {test} | {case} | {_SIGNS[word]} | {seconds:.1f} |")
    return "\n".join(lines) + "\n"


def _parts(name: str) -> tuple[str, str]:
    found = re.fullmatch(r"([^\[]+)\[(.*)\]", name.rpartition("::")[2])
    test, case = (found[1], found[2]) if found else (name, "")
    return test.removeprefix("test_").replace("_", " "), case.replace("|", "\\|")


_COMPONENTS: Final = ("app", "postgresql", "redis", "prometheus", "grafana")


def upgrades(found: Iterable[tuple[str, str, Mapping[str, str]]]) -> str:
    """Upgrades (what changed, helm, and the effect on the pods of each component) as Markdown."""
    lines = ["# What an upgrade does to the pods", "", "An empty cell: they go on running.", ""]
    lines += ["| Upgrade | Helm | " + " | ".join(_COMPONENTS) + " |", "|---" * (len(_COMPONENTS) + 2) + "|"]
    for what, helm, effect in sorted(found, key=lambda row: row[:2]):
        cells = [what.replace("|", "\\|"), helm, *(effect.get(component, "") for component in _COMPONENTS)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
