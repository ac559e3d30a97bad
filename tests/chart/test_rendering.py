"""The chart renders everywhere it must, and what it renders fits Kubernetes."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import CHART, GIVEN, Chart, Rendered
from tests.chart.shapes import BUNDLED

LONG = "a-release-name-of-exactly-fifty-three-characters-long"


def test_defaults_and_presets_render_on_both_helms(chart_on_both: Chart, preset: str | None) -> None:
    kinds = {o["kind"] for o in chart_on_both.render(preset=preset).objects}
    assert {"Deployment", "StatefulSet", "Service", "ConfigMap", "Secret", "ServiceAccount"} <= kinds


def test_both_helms_render_the_same(preset: str | None, chart: Chart) -> None:
    helm3 = Chart("helm3", chart.folder, chart.scratch)
    assert helm3.render(*GIVEN, preset=preset).objects == chart.render(*GIVEN, preset=preset).objects


def test_no_object_is_rendered_twice(chart: Chart, preset: str | None) -> None:
    names = [(o["kind"], o["metadata"]["name"]) for o in chart.render(preset=preset).objects]
    assert len(names) == len(set(names))


def test_nothing_rendered_reaches_outside_the_namespace(chart: Chart, preset: str | None) -> None:
    allowed = {"ConfigMap", "CronJob", "Deployment", "Job", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy", "PersistentVolumeClaim",
               "Pod", "PodDisruptionBudget", "Secret", "Service", "ServiceAccount", "StatefulSet"}  # fmt: skip
    assert {o["kind"] for o in chart.render(preset=preset).objects} <= allowed


@pytest.mark.parametrize(
    "release", ["a", "thirty-characters-release-name", "llm-cost-ops", "llm-cost-ops-v2", LONG, "dots.in.it", "1digit"]
)
def test_names_and_labels_fit_for_any_release_name(chart: Chart, release: str) -> None:
    rendered = chart.render(release=release, values=BUNDLED)
    for item in rendered.objects:
        kind, name = item["kind"], item["metadata"]["name"]
        if kind == "Secret":  # named after the release, which may hold dots; Secrets may be long
            assert len(name) <= 253
            continue
        assert len(name) <= 63, (kind, name)
        assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name), (kind, name)
        if kind == "StatefulSet":  # its pods carry the label controller-revision-hash: name plus eleven characters
            assert len(name) <= 52, name
        labels = {**item["metadata"]["labels"]}
        if "template" in item.get("spec", {}):
            labels |= item["spec"]["template"]["metadata"]["labels"]
        assert all(len(value) <= 63 for value in labels.values()), labels


def test_two_long_release_names_with_one_beginning_stay_apart(chart: Chart) -> None:
    def names(release: str) -> set[tuple[str, str]]:
        return {(o["kind"], o["metadata"]["name"]) for o in chart.render(release=release).objects}

    assert not names(LONG[:-1] + "1") & names(LONG[:-1] + "2")


def test_two_releases_in_one_namespace_share_no_object(chart: Chart) -> None:
    def names(release: str) -> set[tuple[str, str]]:
        return {(o["kind"], o["metadata"]["name"]) for o in chart.render(release=release, values=BUNDLED).objects}

    assert not names("llm-cost-ops") & names("llm-cost-ops-v2")


def test_every_name_a_pod_refers_to_is_rendered(chart: Chart, preset: str | None) -> None:
    rendered = chart.render(preset=preset)
    for workload in rendered.workloads():
        for kind, name, key in references(workload):
            found = rendered.one(kind, name)
            assert key is None or key in found["data"], (kind, name, key)


def references(workload: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Kind, name and key of everything a workload's pods need beside them."""
    pod = workload["spec"]["template"]["spec"]
    found: list[tuple[str, str, str | None]] = []
    for container in pod["containers"]:
        for entry in container.get("env", []):
            ref = entry.get("valueFrom", {}).get("secretKeyRef")
            if ref:
                found.append(("Secret", ref["name"], ref["key"]))
        found += [("ConfigMap", e["configMapRef"]["name"], None) for e in container.get("envFrom", [])]
        mounts = {m["name"] for m in container["volumeMounts"]}
        volumes = {v["name"] for v in pod.get("volumes", [])}
        claims = {c["metadata"]["name"] for c in workload["spec"].get("volumeClaimTemplates", [])}
        assert mounts == volumes | claims
    for volume in pod.get("volumes", []):
        if "secret" in volume:
            found += [("Secret", volume["secret"]["secretName"], item["key"]) for item in volume["secret"]["items"]]
        if "configMap" in volume:
            found.append(("ConfigMap", volume["configMap"]["name"], None))
    if pod.get("serviceAccountName"):
        found.append(("ServiceAccount", pod["serviceAccountName"], None))
    return found


def test_no_list_keyed_by_name_holds_a_name_twice(chart: Chart, preset: str | None) -> None:
    for workload in chart.render("extraEnv[0].name=DATABASE_URL", "extraEnv[0].value=x", preset=preset).workloads():
        pod = workload["spec"]["template"]["spec"]
        for container in pod["containers"]:
            for field, key in (
                ("env", "name"),
                ("ports", "name"),
                ("ports", "containerPort"),
                ("volumeMounts", "mountPath"),
            ):
                values = [entry[key] for entry in container.get(field, [])]
                assert len(values) == len(set(values)), (workload["metadata"]["name"], field, values)
        names = [v["name"] for v in pod.get("volumes", [])]
        assert len(names) == len(set(names))


def test_every_service_selects_exactly_one_workload(chart: Chart, preset: str | None) -> None:
    rendered = chart.render(preset=preset)
    for service in rendered.kinds("Service"):
        selector = service["spec"]["selector"].items()
        hits = [w for w in rendered.workloads() if selector <= w["spec"]["template"]["metadata"]["labels"].items()]
        assert len(hits) == 1, service["metadata"]["name"]
        ports = {p["name"] for c in hits[0]["spec"]["template"]["spec"]["containers"] for p in c["ports"]}
        assert {p["targetPort"] for p in service["spec"]["ports"]} <= ports


def test_the_printed_log_command_matches_the_app_alone(chart: Chart) -> None:
    hits = [
        w["metadata"]["name"]
        for w in chart.render().workloads()
        if w["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] == "llm-cost-ops"
    ]
    assert hits == ["llm-cost-ops"]


def immutable(rendered: Rendered) -> dict[tuple[str, str], Any]:
    """Fields that the API server refuses to change, and names that data hangs on.

    Left out: storage class and size of a claim, which a preset may set for a new release; a live one is refused by the chart.
    """
    found: dict[tuple[str, str], Any] = {}
    for item in rendered.objects:
        kind, spec = item["kind"], item.get("spec", {})
        key = (kind, item["metadata"]["name"])
        if kind in ("Deployment", "StatefulSet"):
            claims = [
                {"metadata": c["metadata"], "accessModes": c["spec"]["accessModes"]}
                for c in spec.get("volumeClaimTemplates", [])
            ]
            found[key] = (spec["selector"], spec.get("serviceName"), spec.get("podManagementPolicy"), claims)
        elif kind == "Service":
            found[key] = (spec.get("clusterIP"), spec["selector"])
        elif kind == "PersistentVolumeClaim":
            found[key] = (spec["accessModes"], item["metadata"]["annotations"]["helm.sh/resource-policy"])
        elif kind == "Secret":
            found[key] = (item["type"], sorted(item["data"]), item.get("immutable"))
    return found


SHAPES_OF_A_RELEASE: dict[str, dict[str, Any]] = {
    "defaults": {}, "dev": {"preset": "dev"}, "staging": {"preset": "staging"}, "prod": {"preset": "prod"},
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), itertools.permutations(SHAPES_OF_A_RELEASE, 2))
def test_immutable_fields_stay_between_any_two_presets(chart: Chart, before: str, after: str) -> None:
    """Whatever both have is the same, no Secret or Service goes away with a change of preset, and a claim is kept."""
    old, new = (immutable(chart.render(**SHAPES_OF_A_RELEASE[name])) for name in (before, after))
    assert {key: new[key] for key in old if key in new} == {key: old[key] for key in old if key in new}
    assert {key for key in old if key not in new and key[0] in ("Secret", "Service")} == set()
    assert all(fields[1] == "keep" for (kind, _), fields in old.items() if kind == "PersistentVolumeClaim")


def test_immutable_fields_survive_a_change_of_version_and_environment(chart: Chart, tmp_path: Path) -> None:
    copy = tmp_path / "llm-cost-ops"
    shutil.copytree(chart.folder, copy)
    meta = copy / "Chart.yaml"
    text = re.sub(r"(?m)^version: .+$", "version: 7.0.0", meta.read_text())
    meta.write_text(text.replace('"1.0.0"', '"7.0.0"'))
    later = Chart("helm4", copy, chart.scratch).render("global.environment=qa")
    assert later.one("Deployment", "llm-cost-ops")["metadata"]["labels"]["helm.sh/chart"] == "llm-cost-ops-7.0.0"
    assert immutable(later) == immutable(chart.render())


def test_a_new_chart_version_restarts_nothing_by_itself(chart: Chart, tmp_path: Path) -> None:
    copy = tmp_path / "llm-cost-ops"
    shutil.copytree(chart.folder, copy)
    meta = copy / "Chart.yaml"
    meta.write_text(re.sub(r"(?m)^version: .+$", "version: 1.99.0", meta.read_text()))
    before = {w["metadata"]["name"]: w["spec"]["template"] for w in chart.render(*GIVEN).workloads()}
    later = Chart("helm4", copy, chart.scratch).render(*GIVEN)
    assert {w["metadata"]["name"]: w["spec"]["template"] for w in later.workloads()} == before


@pytest.mark.parametrize("version", ["1.28.0", "1.28.3-gke.100", "1.30.0", "1.36.3"])
def test_old_and_vendor_marked_clusters_are_accepted(chart_on_both: Chart, version: str) -> None:
    app = chart_on_both.render(options=("--kube-version", version)).one("Deployment", "llm-cost-ops")
    container = app["spec"]["template"]["spec"]["containers"][0]
    assert ("lifecycle" in container) == (not version.startswith("1.28"))  # the sleep hook came with 1.30


@pytest.mark.parametrize("shape", [None, BUNDLED], ids=["defaults", "everything"])
def test_what_is_rendered_is_tidy(chart: Chart, shape: dict[str, Any] | None) -> None:
    """What yamllint would say, and the marks of a template that met a value it did not expect."""
    text = chart.render(values=shape).text
    assert "\t" not in text
    assert not re.search(r"[ ]+$", text, re.MULTILINE), "space at the end of a line"
    assert not re.search(r"<no value>|%!.?\(|map\[|\[\]interface", text), "a value printed by accident"
    assert not re.search(r"^ *[\w./-]+: *$\n(?! *[-\w#\"'./])", text, re.MULTILINE), "a key with nothing below it"


def test_every_checksum_is_quoted_because_some_look_like_a_number() -> None:
    lines = [
        (path.name, line.strip())
        for path in CHART.rglob("*.yaml")
        for line in path.read_text().splitlines()
        if line.lstrip().startswith("checksum/")
    ]
    assert len(lines) >= 6
    assert [one for one in lines if not one[1].endswith("| quote }}")] == []
