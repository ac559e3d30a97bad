"""Helm's records, good and bad."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from wizard.core.errors import Exit, Problem
from wizard.core.helm import release

RECORD: dict[str, Any] = {
    "name": "rel", "namespace": "n", "version": 3, "apply_method": "ssa", "manifest": "kind: ConfigMap\n",
    "info": {"status": "deployed", "last_deployed": "2026-01-02T03:04:05Z", "description": "Upgrade \x1b[31mcomplete"},
    "chart": {"metadata": {"name": "c", "version": "1.0.0", "appVersion": "2"}, "values": {"a": 1}},
    "config": {"b": 2}, "hooks": [{"name": "h", "kind": "Job", "manifest": "x", "events": ["pre-upgrade"]}],
}  # fmt: skip


def test_a_record_is_read_from_a_secret_and_from_a_config_map() -> None:
    body = release.pack(RECORD)
    for text in (body, base64.b64encode(body.encode()).decode()):
        found = release.decode(text, "of rel")
        assert (found.revision, found.status, found.chart, found.chart_version, found.apply_method) == (
            3, "deployed", "c", "1.0.0", "ssa",
        )  # fmt: skip
        assert (found.config, found.defaults, found.hooks[0].events) == ({"b": 2}, {"a": 1}, ("pre-upgrade",))
        assert found.description == "Upgrade complete", "helm's text is made safe for a terminal"


def test_an_uncompressed_record_of_an_old_helm_is_read() -> None:
    body = base64.b64encode(json.dumps(RECORD).encode()).decode()
    assert release.decode(body, "of rel").revision == 3


@pytest.mark.parametrize(
    "body",
    [
        "", "x", "!!!", base64.b64encode(b"not json").decode(), base64.b64encode(gzip.compress(b"[]", mtime=0)).decode(),
        base64.b64encode(gzip.compress(json.dumps(RECORD).encode(), mtime=0)[:-9]).decode(),
        base64.b64encode(json.dumps({"schema": 9}).encode()).decode(),
        base64.b64encode(json.dumps({**RECORD, "info": []}).encode()).decode(),
        base64.b64encode(json.dumps({**RECORD, "version": "many"}).encode()).decode(),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_read_is_a_sentence_that_names_it(body: str) -> None:
    with pytest.raises(Problem) as caught:
        release.decode(body, "of rel revision 3")
    assert "of rel revision 3" in caught.value.what
    assert caught.value.code == Exit.UNKNOWN


def test_a_record_shows_neither_values_nor_manifest_when_it_is_printed() -> None:
    found = release.decode(release.pack({**RECORD, "config": {"p": "canary"}, "manifest": "canary"}), "x")
    assert "canary" not in repr(found)
