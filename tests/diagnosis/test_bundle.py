"""A bundle gives the diagnosis of the cluster again, and holds no secret: over every labelled failure."""

from __future__ import annotations

import base64
import io
import tarfile
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from tests.diagnosis.breaking import APP, Bed, Break
from tests.diagnosis.score import EVERY, LOSSES, SOUND
from tests.tui.fakes import NAME_MISSING
from wizard.core.bundle import archive, content
from wizard.core.bundle.content import Bundle, Withheld
from wizard.core.rules import diagnosis
from wizard.core.rules.diagnosis import Diagnosis, Hidden, Observation
from wizard.core.rules.snapshot import HelmError
from wizard.core.target import Target

TARGET = Target("prod", "shop", "llm-cost-ops", "/home/me/.kube/config")
FAILURES: dict[str, Break] = {**SOUND, **{case.name: case.breaks for case in EVERY}}


def observed(*breaks: Break) -> Observation:
    bed = Bed()
    for change in breaks:
        change(bed)
    unseen = (Hidden("Node", "v may not list nodes", "list nodes"),)
    return Observation(replace(bed.world.snapshot(), context="prod", reach=NAME_MISSING), unseen, frozenset({"Job"}))


def packed(observation: Observation) -> bytes:
    return archive.pack(content.of(observation, TARGET, "1.0.0"), "in lines\n")


def again(observation: Observation) -> Bundle:
    return archive.unpack(packed(observation), "b.tar.gz")


def files(raw: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(raw)) as found:
        members = [(member.name.partition("/")[2], found.extractfile(member)) for member in found]
        return {name: file.read().decode() for name, file in members if file}


def outline(found: Diagnosis) -> Any:
    """What both have to say: all but the texts of evidence, which may quote what is withheld."""
    findings = [(one.id, one.object, one.title, one.since, one.rank, one.heals, one.remedy, one.commands, one.explains, one.avoid,
                 [(proof.object, proof.field, proof.time) for proof in one.evidence]) for one in found.findings]  # fmt: skip
    return findings, replace(found, target=replace(found.target, kubeconfig=""), findings=())


@pytest.mark.parametrize("loss", [None, *(pytest.param(loss, marks=pytest.mark.full) for loss in LOSSES)])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.full] if at % 6 else []) for at, name in enumerate(FAILURES)]
)
def test_the_diagnosis_is_the_same_again(name: str, loss: str | None) -> None:
    seen = observed(FAILURES[name], *([LOSSES[loss]] if loss else []))
    assert outline(again(seen).diagnosis()) == outline(diagnosis.of(seen, TARGET))


def test_two_bundles_of_one_observation_are_equal_and_open_without_the_wizard() -> None:
    seen = observed(FAILURES["wrong database password, crash loop"])
    assert packed(seen) == packed(seen)
    named = files(packed(seen))
    assert [*named][:5] == ["README.txt", "diagnosis.txt", "diagnosis.json", "snapshot.json", "withheld.txt"]
    assert named["diagnosis.txt"] == "in lines\n"
    (log, *_) = [name for name in named if name.startswith("logs/llm-cost-ops-")]
    assert "password authentication failed" in named[log]
    assert "/home/me" not in "".join(named.values())


def test_more_logs_are_to_be_read_alone_and_masked_as_all_texts() -> None:
    seen = observed(FAILURES["wrong database password, crash loop"])
    (pod, container), *_ = seen.snapshot.logs
    lines = ["ready", f"panic: token: {canary('log')}"] * 60
    made = content.of(seen, TARGET, "1.0.0", {(pod, container): lines, ("other-0", "web"): lines})
    raw = archive.pack(made, "in lines\n")

    named = files(raw)
    assert canary("log") not in "".join(named.values())
    assert named["logs/other-0/web.log"].count("ready") == named[f"logs/{pod}/{container}.log"].count("ready") == 60
    assert f"{pod}/{container} (120 lines)" in dict(made.contents())["logs"]
    assert Withheld("Pod/other-0", "log of container web", "parts that look secret are masked", 60) in made.withheld
    assert outline(archive.unpack(raw, "b.tar.gz").diagnosis()) == outline(diagnosis.of(seen, TARGET))


def test_old_and_new_templates_that_differ_in_a_withheld_value_alone_still_differ() -> None:
    bed = Bed()
    template = bed.root(APP)["spec"]["template"]["spec"]["containers"][0]
    template["env"].append({"name": "LIMIT", "value": "2"})
    seen = Observation(bed.world.snapshot())
    assert seen.snapshot.left
    assert again(seen).observation.snapshot.left == seen.snapshot.left


PLACES = (
    "secret", "secret-note", "config-map", "variable", "plain-variable", "server-password", "url", "url-slash", "argument", "flag",
    "command", "header", "hook", "annotation", "template-annotation", "applied", "field-of-a-manager", "volume-attribute", "log",
    "event", "last-words", "helm-error", "description", "unread-kind",
)  # fmt: skip


def canary(place: str) -> str:
    return f"c4n4ry.{place}/x@Y+7Q"


def plant(bed: Bed) -> None:
    """A secret in each place, most of them in the shapes in which applications print theirs."""
    at = {place: canary(place) for place in PLACES}
    coded = {place: base64.b64encode(text.encode()).decode() for place, text in at.items()}
    bed.crashes(APP, 1, f"panic: token: {at['log']}", f"limit is {at['plain-variable']} today")
    root, pod = bed.root(APP), bed.pods(APP)[0]
    for spec in (root["spec"]["template"]["spec"], pod["spec"]):
        container = spec["containers"][0]
        container["env"] += [
            {"name": "DB_PASSWORD", "value": at["variable"]},
            {"name": "LIMIT", "value": at["plain-variable"]},
            {"name": "DB_SERVER_PASSWORD", "value": at["server-password"].replace("/x@Y+", "")},
            {"name": "QUEUE", "value": f"amqp://me:{quote(at['url'], safe='')}@queue:5672/{at['url']}?key={at['url']}"},
            {"name": "CACHE", "value": f"redis://:{at['url-slash']}@cache:6379"},
        ]
        container["args"] = [
            "serve",
            at["argument"],
            f"--password={at['flag']}",
            "--token",
            at["flag"],
            f"-p{at['flag']}",
        ]
        container["command"] = ["/bin/sh", "-c", f"run {at['command']}"]
        container["livenessProbe"]["httpGet"]["httpHeaders"] = [{"name": "X-Any", "value": at["header"]}]
        container["lifecycle"] = {"preStop": {"exec": {"command": ["say", at["hook"]]}}}
        spec.setdefault("volumes", []).append(
            {"name": "v", "csi": {"volumeAttributes": {"any": at["volume-attribute"]}}}
        )
    root["spec"]["template"]["metadata"]["annotations"] = {"any": at["template-annotation"]}
    root["metadata"]["annotations"] |= {
        "any.io/thing": at["annotation"], "kubectl.kubernetes.io/last-applied-configuration": at["applied"],
    }  # fmt: skip
    root["metadata"]["managedFields"] = [
        {"manager": "helm", "time": bed.ago(5), "fieldsV1": {at["field-of-a-manager"]: {}}}
    ]
    pod["status"]["containerStatuses"][0]["lastState"] = {
        "terminated": {"message": f"bad password={at['last-words']}", "exitCode": 1}
    }
    bed.event(pod, "Failed", f"exec: DB_PASSWORD={at['event']} refused", count=1)
    bed.record("deployed", "failed", description=f"denied: postgres://me:{at['description']}@db:5432/x")
    bed.world.said.append(HelmError(f'Error: jwt_secret: "{at["helm-error"]}"', "helm, run 1", bed.ago(1)))
    meta = {"namespace": "shop", "creationTimestamp": bed.ago(60)}
    bed.world.around += [
        {"kind": "Secret", "metadata": {**meta, "name": "s", "uid": "s", "annotations": {"any": at["secret-note"]}},
         "data": {"jwt": coded["secret"]}, "stringData": {"b": at["secret"]}},
        {"kind": "ConfigMap", "metadata": {**meta, "name": "c", "uid": "c"}, "data": {"file": at["config-map"]}, "binaryData": {"b": coded["config-map"]}},
        {"kind": "Widget", "metadata": {**meta, "name": "w", "uid": "w"}, "spec": {"any": at["unread-kind"]}},
    ]  # fmt: skip


def forms(text: str) -> list[str]:
    """A text as it is, in base64 at each of the three offsets, and escaped for URLs and JSON."""
    shifted = [base64.b64encode(b"x" * before + text.encode())[4:-4].decode() for before in range(3)]
    return [text, quote(text), quote(text, safe=""), text.replace("/", "\\/"), *shifted]


def test_no_planted_secret_is_in_a_bundle_in_any_form() -> None:
    seen = observed(plant)
    raw = packed(seen)
    inside = "".join(f"{name}\n{text}" for name, text in files(raw).items()) + "".join(map(str, again(seen).contents()))
    short = [f"c4n4ry.{place}" for place in PLACES]
    assert [text for text in short if text in inside] == []
    assert [form for place in PLACES for form in forms(canary(place)) if form in inside or form.encode() in raw] == []
    held = files(raw)["withheld.txt"]
    for line in (
        "Secret/s data: only the names of its keys", "ConfigMap/c data: only the names", "ConfigMap/c binaryData: not on the list",
        "Deployment/llm-cost-ops env of container app: values are withheld", "args of container app", "Widget/w (all of it): not on the list",
        "annotation kubectl.kubernetes.io/last-applied-configuration: it repeats", "log of container app: parts that look secret",
    ):  # fmt: skip
        assert line in held, line


def test_what_was_planted_changes_no_finding() -> None:
    seen = observed(plant)
    found = again(seen).diagnosis()
    assert found.findings
    assert [(one.id, one.object) for one in found.findings] == [
        (one.id, one.object) for one in diagnosis.of(seen, TARGET).findings
    ]


def test_a_cause_that_only_a_withheld_value_tells_is_said_to_be_another_one() -> None:
    def quoted(bed: Bed) -> None:
        bed.crashes(APP, 1, "dial tcp: lookup plan77xb.acme.test: no such host")
        for pod in bed.pods(APP):
            pod["spec"]["containers"][0]["env"].append({"name": "PLAN", "value": "plan77xb"})

    made = content.of(observed(quoted), TARGET, "1.0.0")
    assert "plan77xb" not in repr(made)
    assert "Release/llm-cost-ops diagnosis: another one without what is withheld" in map(str, made.withheld)
