"""What an upgrade's values become, in four columns, without a secret in sight."""

from __future__ import annotations

from typing import Any

import pytest

from wizard.core.helm import upgrade_values
from wizard.core.helm.upgrade_values import ABSENT
from wizard.core.text import masking


def test_four_columns_for_what_a_person_set_and_what_the_charts_differ_in() -> None:
    old = {"replicas": 1, "image": {"tag": "1"}, "gone": True, "same": 1, "now-default": 1}
    new = {"replicas": 2, "image": {"tag": "2"}, "same": 1, "added": "x", "now-default": 1}
    mine = {"replicas": 3, "gone": False, "now-default": 5}

    rows = upgrade_values.rows(old, new, mine, {**new, "replicas": 3})

    told = [(one.path, one.old_default, one.new_default, one.mine, one.result, one.kind) for one in rows]
    assert told == [
        ("gone", True, ABSENT, False, ABSENT, "gone"),
        ("now-default", 1, 1, 5, 1, "mine"),
        ("replicas", 1, 2, 3, 3, "mine"),
        ("image.tag", "1", "2", ABSENT, "2", "new-default"),
        ("added", ABSENT, "x", ABSENT, "x", "added"),
    ]


def test_a_secret_among_the_values_is_masked_in_every_column() -> None:
    mine = {
        "postgresql": {"auth": {"password": "canary-canary"}},
        "extra": {"apiKey": "canary-key-1"},
        "url": "pg://u:canary-pw@h/d",
    }
    rows = upgrade_values.rows({}, {}, mine, mine)
    assert "canary" not in str(rows)
    assert {one.path for one in rows} == {"postgresql.auth.password", "extra.apiKey", "url"}


def test_a_file_is_compared_with_what_runs_by_what_it_means() -> None:
    running = {"replicas": 2, "level": "info", "postgresql": {"auth": {"password": "canary-canary"}}}
    file = {"replicas": 3, "level": "info", "size": 1}
    defaults = {"replicas": 1, "size": 1}
    found = upgrade_values.against_file(running, file, defaults)
    assert [(one.path, one.running, one.file) for one in found] == [("replicas", 2, 3)]


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:n/api"}}, "Argo CD (application shop)"),
        ({"labels": {"argocd.argoproj.io/instance": "shop"}}, "Argo CD (application shop)"),
        (
            {"labels": {"helm.toolkit.fluxcd.io/name": "api", "helm.toolkit.fluxcd.io/namespace": "flux"}},
            "Flux (HelmRelease flux/api)",
        ),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "all"}}, "Flux (Kustomization all)"),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, ""),
    ],
)  # fmt: skip
def test_a_controller_that_owns_the_release_is_named(metadata: dict[str, Any], says: str) -> None:
    found = upgrade_values.owner([{"kind": "Deployment", "metadata": {"name": "api", **metadata}}])
    assert str(found or "").startswith(says)
    assert bool(found) is bool(says)


@pytest.mark.parametrize(
    ("running", "chart", "older"),
    [
        ("1.2.0", "1.1.9", True), ("1.2.0", "1.2.0", False), ("1.9.0", "1.10.0", False), ("x", "1.0.0", False),
        ("1.2.0", "1.2.0-rc.1", True), ("1.2.0-rc.1", "1.2.0", False),
    ],
)  # fmt: skip
def test_a_downgrade_is_an_older_chart(running: str, chart: str, older: bool) -> None:
    assert upgrade_values.is_downgrade(running, chart) is older


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("password", True), ("redisPassword", True), ("jwt.secret", True), ("apiKey", True), ("token", True), ("private_key", True),
        ("existingSecret", False), ("secretName", False), ("passwordKey", False), ("auth.enabled", False), ("tokenFile", False),
        ("replicas", False), ("ingress.tls", False),
    ],
)  # fmt: skip
def test_keys_that_hold_secrets_are_told_from_those_that_name_them(path: str, hidden: bool) -> None:
    tree: Any = "canary-canary"
    for part in reversed(path.split(".")):
        tree = {part: tree}
    assert ("canary" not in str(masking.masked_values(tree))) is hidden
