"""What linters of the field say against the presets: nothing that is not answered in one table."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import GIVEN, PRESETS, Chart
from tests.chart.tools import KUBE_SCORE, checkov
from wizard.sandbox import toolchain

TABLE = Path(__file__).with_name("accepted.toml")

pytestmark = [pytest.mark.full, pytest.mark.xdist_group("linters")]


@dataclass(frozen=True, order=True)
class Complaint:
    """What a linter has against an object."""

    linter: str
    check: str
    object: str
    """Kind/name."""


@dataclass(frozen=True)
class Accepted:
    """A row of the table: complaints that are meant to stay, and why."""

    linter: str
    check: str
    objects: str
    """A pattern for Kind/name."""
    reason: str

    def covers(self, one: Complaint) -> bool:
        """Whether it answers a complaint."""
        named = (self.linter, self.check) == (one.linter, one.check)
        return named and re.fullmatch(self.objects, one.object) is not None


ROWS = [Accepted(**row) for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["accepted"]]


def said_by(*command: str) -> Any:
    """What a linter writes as JSON; it ends with another code than 0 when it complains."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def of_kube_score(manifests: Path) -> set[Complaint]:
    """Complaints of kube-score, which grades each check: 10 is good."""
    program = toolchain.ensure_pin(KUBE_SCORE)
    graded = said_by(str(program), "score", str(manifests), "--output-format", "json", "--kubernetes-version", "v1.36")
    return {
        Complaint("kube-score", check["check"]["id"], f"{one['type_meta']['kind']}/{one['object_meta']['name']}")
        for one in graded
        for check in one["checks"]
        if not check["skipped"] and check["grade"] < 10
    }


def of_checkov(manifests: Path) -> set[Complaint]:
    """Complaints of checkov."""
    report = said_by(
        str(checkov()), "-m", "checkov.main", "--file", str(manifests), "--framework", "kubernetes",
        "--output", "json", "--compact", "--quiet", "--skip-download",
    )  # fmt: skip
    found = set()
    for one in report["results"]["failed_checks"]:
        kind, _, name, *_labels = one["resource"].split(".")
        found.add(Complaint("checkov", one["check_id"], f"{kind}/{name}"))
    return found


@pytest.fixture(scope="module")
def complaints(chart: Chart, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Complaint]]:
    """Complaints of all linters by preset."""
    folder = tmp_path_factory.mktemp("manifests")
    found = {}
    for preset in (None, *PRESETS):
        file = folder / f"{preset or 'defaults'}.yaml"
        file.write_text(chart.render(*GIVEN, preset=preset).text)
        found[file.stem] = of_kube_score(file) | of_checkov(file)
    return found


def test_every_complaint_is_answered_in_the_table(complaints: dict[str, set[Complaint]]) -> None:
    open_ones = {
        (preset, one) for preset, many in complaints.items() for one in many if not any(row.covers(one) for row in ROWS)
    }
    assert sorted(open_ones) == []


def test_every_row_of_the_table_answers_a_complaint(complaints: dict[str, set[Complaint]]) -> None:
    made = set().union(*complaints.values())
    assert [row for row in ROWS if not any(row.covers(one) for one in made)] == []
    assert all(len(row.reason) > 20 for row in ROWS)
