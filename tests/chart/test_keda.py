"""KEDA in place of the HorizontalPodAutoscaler."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest

ON = "autoscaling.keda.enabled=true"
TRIGGER = {
    "type": "prometheus",
    "metadata": {"serverAddress": "http://prometheus:9090", "query": "up", "threshold": "5"},
}


def scaled(chart: Chart, *sets: str, **keda: Any) -> Manifest:
    """Specification of the ScaledObject."""
    rendered = chart.render(ON, *sets, values={"autoscaling": {"keda": keda}})
    assert not rendered.kinds("HorizontalPodAutoscaler")
    spec: Manifest = rendered.one("ScaledObject", "llm-cost-ops")["spec"]
    return spec


def test_there_is_none_unless_asked_for(chart: Chart, preset: str | None) -> None:
    assert not chart.render(preset=preset).kinds("ScaledObject")


def test_it_scales_the_deployment_within_the_limits_of_the_autoscaler(chart_on_both: Chart) -> None:
    spec = scaled(
        chart_on_both, "autoscaling.minReplicas=2", "autoscaling.targetCPUUtilizationPercentage=55", triggers=[TRIGGER]
    )
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llm-cost-ops"}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 10)
    assert spec["triggers"] == [
        {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "55"}},
        {"type": "memory", "metricType": "Utilization", "metadata": {"value": "80"}},
        TRIGGER,
    ]
    assert "idleReplicaCount" not in spec


def test_triggers_alone_are_a_target(chart: Chart) -> None:
    off = ("autoscaling.targetCPUUtilizationPercentage=null", "autoscaling.targetMemoryUtilizationPercentage=null")
    spec = scaled(chart, *off, triggers=[TRIGGER], idleReplicaCount=0)
    assert (spec["triggers"], spec["idleReplicaCount"]) == ([TRIGGER], 0)
    assert (
        "set autoscaling.targetCPUUtilizationPercentage, autoscaling.targetMemoryUtilizationPercentage or autoscaling.keda.triggers"
        in (chart.refusal(ON, *off))
    )


def test_behaviour_and_fallback_reach_it(chart: Chart) -> None:
    fallback = {"failureThreshold": 3, "replicas": 6}
    spec = scaled(
        chart, "autoscaling.behavior.scaleDown.stabilizationWindowSeconds=600", triggers=[TRIGGER], fallback=fallback
    )
    assert spec["fallback"] == fallback
    assert spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == {
        "scaleDown": {"stabilizationWindowSeconds": 600}
    }


def test_the_autoscaler_before_it_lets_keda_take_over(chart: Chart) -> None:
    """KEDA refuses a ScaledObject beside another autoscaler, and helm removes the old one last."""
    annotations = chart.render().one("HorizontalPodAutoscaler", "llm-cost-ops")["metadata"]["annotations"]
    assert annotations["validations.keda.sh/hpa-ownership"] == "false"


@pytest.mark.full
def test_the_notes_say_where_to_look(chart: Chart) -> None:
    assert "kubectl get scaledobject,hpa -n costs llm-cost-ops keda-hpa-llm-cost-ops" in chart.notes(ON)
    assert "scaledobject" not in chart.notes()


@pytest.mark.parametrize(
    ("sets", "keda", "said"),
    [
        (("autoscaling.enabled=false",), {}, "set autoscaling.enabled=true, or autoscaling.keda.enabled=false"),
        (("autoscaling.metrics[0].type=Pods",), {}, "write them as autoscaling.keda.triggers"),
        ((), {"fallback": {"failureThreshold": 3, "replicas": 6}}, "add one to autoscaling.keda.triggers, or clear autoscaling.keda.fallback"),
        ((), {"idleReplicaCount": 0}, "add a trigger to autoscaling.keda.triggers, or set autoscaling.keda.idleReplicaCount=null"),
        ((), {"triggers": [{"type": "cpu", "metadata": {"value": "5"}}]}, "take it out and set autoscaling.targetCPUUtilizationPercentage"),
        ((), {"triggers": [{"type": "cron"}]}, "at '/autoscaling/keda/triggers/0': missing property 'metadata'"),
        ((), {"triggers": [{"type": "x", "metadata": {"threshold": 5}}]}, "at '/autoscaling/keda/triggers/0/metadata/threshold': got number, want string"),
        ((), {"triggers": [TRIGGER], "fallback": {"replicas": 6}}, "at '/autoscaling/keda/fallback'"),
    ],
)  # fmt: skip
def test_what_keda_would_refuse_or_pass_over_is_refused_here(
    chart_on_both: Chart, sets: tuple[str, ...], keda: dict[str, Any], said: str
) -> None:
    assert said in chart_on_both.refusal(ON, *sets, values={"autoscaling": {"keda": keda}})
