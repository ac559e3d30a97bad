"""What a person may want of the app's pods, and labels and annotations of everything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest, Rendered


def pod(rendered: Rendered) -> Manifest:
    """Pod spec of the app."""
    spec: Manifest = rendered.one("Deployment", "llm-cost-ops")["spec"]["template"]["spec"]
    return spec


PASSED_ON: list[tuple[str, Any, str]] = [
    ("runtimeClassName", "gvisor", "runtimeClassName"),
    ("priorityClassName", "high", "priorityClassName"),
    ("hostAliases", [{"ip": "10.0.0.7", "hostnames": ["db.internal"]}], "hostAliases"),
    ("dnsPolicy", "None", "dnsPolicy"),
    ("dnsConfig", {"nameservers": ["10.0.0.10"], "options": [{"name": "ndots", "value": "2"}]}, "dnsConfig"),
    ("nodeSelector", {"disk": "ssd"}, "nodeSelector"),
    ("tolerations", [{"key": "a", "operator": "Exists"}], "tolerations"),
    ("affinity", {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}, "affinity"),
    ("terminationGracePeriodSeconds", 90, "terminationGracePeriodSeconds"),
    ("initContainers", [{"name": "wait", "image": "busybox:1"}], "initContainers"),
]


@pytest.mark.parametrize(("path", "value", "field"), PASSED_ON, ids=[p for p, _, _ in PASSED_ON])
def test_a_setting_of_the_pod_reaches_the_pod(chart: Chart, path: str, value: Any, field: str) -> None:
    assert pod(chart.render()).get(field) != value
    assert pod(chart.render(values={path: value}))[field] == value


def test_replicas_are_spread_softly_over_zones_and_nodes_and_count_the_app_alone(chart: Chart) -> None:
    rendered = chart.render()
    constraints = pod(rendered)["topologySpreadConstraints"]
    assert [c["topologyKey"] for c in constraints] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    selector = rendered.one("Deployment", "llm-cost-ops")["spec"]["selector"]
    for constraint in constraints:
        assert constraint["labelSelector"] == selector
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"


def test_a_spread_of_ones_own_may_bring_its_selector_and_an_empty_list_is_none(chart: Chart) -> None:
    own = {"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule",
           "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}  # fmt: skip
    assert pod(chart.render(values={"topologySpreadConstraints": [own]}))["topologySpreadConstraints"] == [own]
    assert "topologySpreadConstraints" not in pod(chart.render(values={"topologySpreadConstraints": []}))


def test_a_sidecar_stands_after_the_app(chart: Chart) -> None:
    sidecar = {"name": "proxy", "image": "example.com/proxy:1"}
    containers = pod(chart.render(values={"sidecars": [sidecar]}))["containers"]
    assert [c["name"] for c in containers] == ["app", "proxy"]
    assert containers[1] == sidecar


def test_a_volume_takes_the_place_of_ours_by_name_and_a_mount_by_path(chart: Chart) -> None:
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "app-data"}}
    spec = pod(
        chart.render(
            values={
                "extraVolumes": [claim, {"name": "ca", "configMap": {"name": "ca"}}],
                "extraVolumeMounts": [
                    {"name": "ca", "mountPath": "/etc/ca"},
                    {"name": "data", "mountPath": "/app/logs"},
                ],
            }
        )
    )
    volumes = {v["name"]: v for v in spec["volumes"]}
    assert sorted(volumes) == ["ca", "data", "logs", "tmp"]
    assert len(spec["volumes"]) == 4
    assert volumes["data"] == claim
    mounts = {m["mountPath"]: m["name"] for m in spec["containers"][0]["volumeMounts"]}
    assert mounts == {"/tmp": "tmp", "/app/data": "data", "/app/logs": "data", "/etc/ca": "ca"}
    assert len(spec["containers"][0]["volumeMounts"]) == 4


def test_a_volume_can_be_added_to_a_writable_root(chart: Chart) -> None:
    values = {"securityContext": {"readOnlyRootFilesystem": False}, "extraVolumes": [{"name": "x", "emptyDir": {}}]}
    assert pod(chart.render(values=values))["volumes"] == [{"name": "x", "emptyDir": {}}]


def test_a_variable_given_twice_is_set_once_to_the_last_value(chart: Chart) -> None:
    entries = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "A", "value": "3"}]
    env = pod(chart.render(values={"extraEnv": entries}))["containers"][0]["env"]
    assert [e for e in env if e["name"] in "AB"] == [{"name": "A", "value": "3"}, {"name": "B", "value": "2"}]


def test_whole_maps_of_variables_come_after_the_charts_own(chart: Chart) -> None:
    given = [{"secretRef": {"name": "more"}}]
    source = pod(chart.render(values={"extraEnvFrom": given}))["containers"][0]["envFrom"]
    assert source == [{"configMapRef": {"name": "llm-cost-ops"}}, *given]


def test_a_pre_stop_of_ones_own_replaces_the_sleep_and_a_post_start_does_not(chart: Chart) -> None:
    def hooks(lifecycle: dict[str, Any]) -> Any:
        return pod(chart.render(values={"lifecycle": lifecycle}))["containers"][0]["lifecycle"]

    drain = {"httpGet": {"path": "/drain", "port": "http"}}
    assert hooks({"preStop": drain}) == {"preStop": drain}
    assert hooks({"postStart": drain}) == {"postStart": drain, "preStop": {"sleep": {"seconds": 5}}}
    assert "lifecycle" not in pod(chart.render("preStopSleepSeconds=0"))["containers"][0]


def test_an_update_replaces_pods_as_the_guide_prints_it_or_as_asked(chart: Chart) -> None:
    def spec(*sets: str) -> Manifest:
        found: Manifest = chart.render(*sets).one("Deployment", "llm-cost-ops")["spec"]
        return found

    assert spec()["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert spec("strategy.rollingUpdate.maxSurge=25%")["strategy"]["rollingUpdate"]["maxSurge"] == "25%"
    assert spec("strategy.type=Recreate")["strategy"] == {"type": "Recreate"}
    assert spec("minReadySeconds=10")["minReadySeconds"] == 10
    assert spec("revisionHistoryLimit=2")["revisionHistoryLimit"] == 2


def test_a_user_chosen_by_the_cluster_is_possible(chart: Chart) -> None:
    spec = pod(chart.render("podSecurityContext.runAsUser=null", "podSecurityContext.fsGroup=null"))
    assert not {"runAsUser", "fsGroup"} & spec["securityContext"].keys()
    assert spec["securityContext"]["runAsNonRoot"] is True


def test_the_autoscaler_takes_more_metrics_and_a_behaviour(chart: Chart) -> None:
    metric = {
        "type": "Pods",
        "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "9"}},
    }
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 600}}
    values = {"autoscaling": {"metrics": [metric], "behavior": behavior, "targetMemoryUtilizationPercentage": None}}
    spec = chart.render(values=values).one("HorizontalPodAutoscaler", "llm-cost-ops")["spec"]
    assert spec["metrics"][1:] == [metric]
    assert spec["behavior"] == behavior


def test_the_service_can_have_addresses_of_both_families(chart: Chart) -> None:
    spec = chart.render(
        "service.ipFamilyPolicy=PreferDualStack", "service.ipFamilies={IPv6,IPv4}", "service.sessionAffinity=ClientIP"
    ).one("Service", "llm-cost-ops")["spec"]
    assert (spec["ipFamilyPolicy"], spec["ipFamilies"]) == ("PreferDualStack", ["IPv6", "IPv4"])
    assert spec["sessionAffinity"] == "ClientIP"


EVERY_OBJECT = (
    "prometheus.persistence.enabled=true",
    "grafana.persistence.enabled=true",
    "serviceMonitor.enabled=true",
)


def test_common_labels_are_on_every_object_and_every_pod_and_in_no_selector(chart: Chart) -> None:
    rendered = chart.render("global.commonLabels.team=costs", *EVERY_OBJECT)
    for item in rendered.objects:
        assert item["metadata"]["labels"]["team"] == "costs", (item["kind"], item["metadata"]["name"])
        assert "team" not in item.get("spec", {}).get("selector", {}).get("matchLabels", {})
    for workload in rendered.workloads():
        assert workload["spec"]["template"]["metadata"]["labels"]["team"] == "costs"
        for claim in workload["spec"].get("volumeClaimTemplates", []):
            assert "team" not in claim["metadata"]["labels"]


def test_common_annotations_are_on_every_object_and_give_way_to_its_own(chart: Chart) -> None:
    rendered = chart.render("global.commonAnnotations.owner=me", "service.annotations.owner=you", *EVERY_OBJECT)
    for item in rendered.objects:
        expected = "you" if (item["kind"], item["metadata"]["name"]) == ("Service", "llm-cost-ops") else "me"
        assert item["metadata"]["annotations"]["owner"] == expected, (item["kind"], item["metadata"]["name"])
    assert rendered.kinds("Secret")[0]["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_common_labels_cannot_replace_those_of_the_chart(chart: Chart) -> None:
    said = chart.refusal(values={"global": {"commonLabels": {"app.kubernetes.io/name": "x"}}})
    assert "/global/commonLabels" in said
