"""Where secrets of a release are looked for, and what is left out or hidden."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.engine.fakes import FakeCluster
from tests.engine.release.stored import TARGET
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.helm import release
from wizard.core.kube.errors import ClusterError
from wizard.core.rules.facts import LeaksSeen
from wizard.core.text.secrets import Secret
from wizard.engine.release import leaks

VALUE = "Zq8xw7-Lm2%v"
ENCODED = base64.b64encode(VALUE.encode()).decode()
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\n"
SPEC = {
    "containers": [
        {"name": "a", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}]}
    ]
}


def cluster(*, kind: str = "Secret", live: tuple[dict[str, Any], ...] = (), **data: Any) -> FakeCluster:
    """A release whose only revision has that data, and whose Deployment reads Secret login."""
    made = FakeCluster()
    made.add(
        "Secret",
        "login",
        TARGET.namespace,
        data={"password": ENCODED, "user": base64.b64encode(b"Adm1n-of-all").decode()},
    )
    whole = {
        "name": "rel",
        "namespace": "n",
        "version": 3,
        "manifest": POD,
        "config": {},
        "info": {},
        "chart": {},
        **data,
    }
    labels = {"owner": "helm", "name": "rel", "version": "3", "status": "deployed"}
    body = base64.b64encode(release.pack(whole).encode()).decode() if kind == "Secret" else release.pack(whole)
    made.bodies = (
        {"kind": kind, "metadata": {"name": "sh.helm.release.v1.rel.v3", "labels": labels}, "data": {"release": body}},
    )
    for number, obj in enumerate((*live, {"kind": "Deployment", "spec": {"template": {"spec": SPEC}}})):
        metadata = {"uid": str(number), "annotations": {"meta.helm.sh/release-name": "rel"}}
        made.add(
            obj["kind"],
            f"o{number}",
            TARGET.namespace,
            metadata=metadata,
            **{key: obj[key] for key in obj if key != "kind"},
        )
    return made


async def places(of: FakeCluster, **more: Any) -> list[str]:
    seen = await leaks.look(of, YamlDocuments(), TARGET, more.pop("material", {}), **more)
    assert isinstance(seen, LeaksSeen)
    assert {leak.title for leak in seen.leaks} <= {"password of Secret login", "jwt-secret of Secret made"}
    return [leak.place for leak in seen.leaks]


HOOK = f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: h, annotations: {{a: '{VALUE}'}}}}\n"
RENDERED = f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: login}}\ndata: {{password: {ENCODED}}}\n"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"config": {"auth": {"password": VALUE}}}, "values at auth.password"),
        ({"config": {"urls": [f"redis://:{VALUE.replace('%', '%25')}@r"]}}, "values at urls[0]"),
        ({"info": {"notes": f"log in\nwith {VALUE}\n"}}, "notes, line 2"),
        ({"hooks": [{"name": "h", "kind": "Job", "manifest": HOOK}]}, "Job/h at metadata.annotations.a"),
        ({"manifest": f"{POD}---\n# {VALUE}\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\n"}, "manifest"),
        ({"manifest": f"{POD}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {{a: {ENCODED}}}\n"}, "ConfigMap/m at data.a"),
    ],
)  # fmt: skip
async def test_each_place_of_a_record(data: dict[str, Any], place: str) -> None:
    assert await places(cluster(**data)) == [f"revision 3 of helm's records: {place}"]


async def test_a_rendered_secret_counts_only_in_a_record_that_everybody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await places(cluster(manifest=POD + RENDERED)) == []
    monkeypatch.setenv("HELM_DRIVER", "configmap")
    found = await places(cluster(kind="ConfigMap", manifest=POD + RENDERED))
    assert found == ["revision 3 of helm's records: Secret/login at data.password"]


async def test_live_objects_of_the_release_and_files_of_the_run() -> None:
    live = ({"kind": "ConfigMap", "data": {"x": VALUE}}, {"kind": "Deployment", "spec": {"args": ["-p", VALUE]}})
    found = await places(cluster(live=live), files=[("record.jsonl", f"a\n{VALUE}\n"), ("run.json", "{}")])
    assert found == ["ConfigMap/o0 at data.x", "Deployment/o1 at spec.args[1]", "record.jsonl, line 2"]


async def test_what_the_run_made_is_looked_for_and_a_user_name_is_not() -> None:
    config = {"a": "R4ndom-text", "b": "Adm1n-of-all", "c": "admin-user-1"}
    made = {"made": {"jwt-secret": Secret("R4ndom-text"), "admin-user": Secret("admin-user-1")}}
    assert await places(cluster(config=config), material=made) == ["revision 3 of helm's records: values at a"]


async def test_what_is_hidden_is_said() -> None:
    of = cluster()
    of.refuse = {"list Job": ClusterError("forbidden", "no", 403, "list jobs")}
    seen = await leaks.look(of, YamlDocuments(), TARGET, {})
    assert isinstance(seen, LeaksSeen)
    assert (seen.leaks, seen.secrets, seen.hidden) == ((), 1, ("Job",))


@pytest.mark.parametrize(
    "data", [{"config": None}, {"config": [VALUE]}, {"info": 7}, {"hooks": {"a": 1}}, {"hooks": [None]}, {"manifest": f"{POD}---\n{{{VALUE}"}]
)  # fmt: skip
async def test_a_malformed_record_is_looked_through_as_far_as_it_goes(data: dict[str, Any]) -> None:
    holds = VALUE in str(data)
    assert bool(await places(cluster(**data), material={"made": {"jwt-secret": Secret(VALUE)}})) is holds
