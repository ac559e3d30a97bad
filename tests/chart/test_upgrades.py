"""Every earlier release upgrades to the chart of this checkout: data and credentials stay, and what restarts is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, HELMS, Manifest
from tests.chart.shapes import shape
from tests.chart.upgrading import EARLIER, NAME, Live, read, umbrella
from tests.conftest import Bed

PUBLISHED = {"llm-cost-ops-1.0.0.tgz": "799185926288257a1d197025ee14654bee75518cf883327e3f7a4872ef531c3e"}


@dataclass(frozen=True)
class Team:
    """How a team runs its release: a preset of the chart, values of its own, and the option of its upgrades."""

    preset: str = ""
    values: Mapping[str, Any] | None = None
    reuse: str = ""
    """With it, an upgrade repeats no value."""
    umbrella: bool = False

    def given(self, chart: Path) -> Manifest:
        """The values for a version of the chart."""
        values = read(chart, f"values-{self.preset}.yaml") if self.preset else {}
        values |= self.values or {}
        return {NAME: values} if self.umbrella else values


OUTSIDE = shape(**{
    "postgresql.enabled": False, "externalDatabase.host": "db.example.com", "externalDatabase.password": "of-the-database",
    "redis.enabled": False, "externalRedis.host": "cache.example.com", "externalRedis.password": "of-the-cache",
})  # fmt: skip
ALL_ON = shape(**{
    "migrations.enabled": True, "backup.enabled": True, "networkPolicy.enabled": True, "smtp.host": "mail.example.com",
    "prometheus.persistence.enabled": True, "grafana.persistence.enabled": True,
})  # fmt: skip
TEAMS = {
    "dev": Team("dev"),
    "staging": Team("staging"),
    "prod": Team("prod"),
    "everything on": Team(values=ALL_ON),
    "external database and Redis": Team(values=OUTSIDE),
    "below an umbrella chart": Team(values=ALL_ON, umbrella=True),
    "--reuse-values": Team("dev", reuse="--reuse-values"),
    "--reset-then-reuse-values": Team("dev", reuse="--reset-then-reuse-values"),
}
# Values of an older chart meet templates that know more settings: this goes wrong first.
QUICK = ("--reuse-values", "helm4")


@pytest.mark.parametrize(("name", "digest"), PUBLISHED.items())
def test_a_published_archive_is_what_it_was(name: str, digest: str) -> None:
    (archive,) = (file for file in EARLIER if file.name == name)
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("earlier", EARLIER, ids=lambda file: file.stem)
def test_an_archive_has_the_version_of_its_name_and_is_small(earlier: Path) -> None:
    assert earlier.name == f"{NAME}-{read(earlier, 'Chart.yaml')['version']}.tgz"
    assert earlier.stat().st_size < 150_000


def test_settings_that_came_later_have_their_values_without_the_chart_s_own() -> None:
    """What --reuse-values of the oldest release leaves out is filled in, each as values.yaml has it."""

    def added(before: Manifest, after: Manifest) -> Manifest:
        found = {key: value for key, value in after.items() if key not in before}
        both = {key: added(before[key], after[key]) for key in after if key in before and isinstance(before[key], dict)}
        return found | {key: value for key, value in both.items() if value}

    template = (CHART / "templates" / "_added.tpl").read_text()
    written = template.split('"llm-cost-ops.addedSettings" -}}\n')[1].removesuffix("{{- end }}\n")
    assert yaml.safe_load(written) == added(read(EARLIER[0], "values.yaml"), read(CHART, "values.yaml"))


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("team", "helm"),
    [
        pytest.param(team, helm, marks=() if (team, helm) == QUICK else pytest.mark.full)
        for team in TEAMS
        for helm in HELMS
    ],
)
@pytest.mark.parametrize("earlier", EARLIER, ids=lambda file: file.stem)
def test_an_upgrade_keeps_secrets_and_claims_and_takes_no_pod_away(
    earlier: Path, team: str, helm: str, sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str],
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    live, how = Live(sandbox, tool(helm), namespace, tmp_path), TEAMS[team]
    old, new = earlier, CHART
    if how.umbrella:
        old, new = (umbrella(tmp_path / name, chart) for name, chart in (("old", old), ("new", new)))

    live.done("install", NAME, str(old), "--create-namespace", *live.values(how.given(earlier)))
    before = live.state()
    again = (how.reuse,) if how.reuse else live.values(how.given(CHART))
    live.done("upgrade", NAME, str(new), *again)
    after = live.state()

    effect = before.effect(after)
    record_property("upgrade", [f"{earlier.stem}: {team}", helm, effect])
    assert len(before.secrets) >= 3
    assert before.changed_secrets(after) == set()
    assert before.changed_claims(after) == set()
    assert set(effect.values()) <= {"restarted", "new"}
