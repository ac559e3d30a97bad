from __future__ import annotations

from typing import Any

import pytest

from wizard.core.helm.unused_values import nearest, unread

DEFAULTS: dict[str, Any] = {
    "replicaCount": 1, "jwt": {"existingSecret": ""}, "nodeSelector": {}, "prometheus": {"enabled": False},
    "podAnnotations": {"a": "b"},
    "ingress": {"hosts": [], "tls": {"enabled": False}},
}  # fmt: skip
ROWS: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("all are known", {"replicaCount": 2, "ingress": {"hosts": [{"host": "x"}]}}, ()),
    ("the guide's second spelling of the secret", {"secrets": {"jwtSecret": "x"}}, ("secrets",)),
    ("a wrong name below a right one", {"jwt": {"secret": "x"}}, ("jwt.secret",)),
    ("two levels down", {"ingress": {"tls": {"enable": True}}}, ("ingress.tls.enable",)),
    ("an empty map takes anything", {"nodeSelector": {"disk": "ssd"}}, ()),
    ("annotations are the person's own", {"podAnnotations": {"mine": "1"}}, ()),
    ("a part that is switched off", {"prometheus": {"enabled": False, "retention": "1d"}}, ()),
    ("a part that is switched on", {"prometheus": {"enabled": True, "retention": "1d"}}, ("prometheus.retention",)),
    ("global values and subcharts", {"global": {"x": 1}, "grafana": {"y": 1}}, ()),
]


@pytest.mark.parametrize(("what", "given", "found"), ROWS, ids=[row[0] for row in ROWS])
def test_values_that_nothing_reads_are_named_by_their_path(
    what: str, given: dict[str, Any], found: tuple[str, ...]
) -> None:
    assert unread(given, DEFAULTS, frozenset({"grafana"})) == found


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("replica", "replicaCount"), ("image.tags", "image.tag"), ("persistence.size", "db.persistence.size"), ("db.persistance.size", "db.persistence.size"),
        ("quite.another.thing", ""), ("persistense", "persistence"),
    ],
)  # fmt: skip
def test_the_value_that_a_person_most_likely_meant_is_named(path: str, meant: str) -> None:
    known = {"replicaCount": 1, "image": {"tag": ""}, "db": {"persistence": {"size": "1Gi"}}, "persistence": {}}
    assert nearest(path, known) == meant
