"""A plan that changes, removes and keeps something."""

from __future__ import annotations

from tests.tui.fakes import CONTEXT
from wizard.core.helm.plan import Field, ObjectPlan, Plan

API = ObjectPlan(
    "Deployment", "llm-cost-ops", "ns", "apps/v1", "changed",
    (Field("spec.replicas", 1, 3), Field("spec.template.spec.containers[api].image", "x:1", "x:2")), "rolling",
)  # fmt: skip
KEY = ObjectPlan("Secret", "llm-cost-ops-app", "ns", "v1", "changed", (Field("data.key", "same", "same"),))
GONE = ObjectPlan("Ingress", "llm-cost-ops", "ns", "networking.k8s.io/v1", "removed")
SAME = ObjectPlan(
    "Service", "llm-cost-ops", "ns", "v1", "unchanged", drift=(Field("spec.type", "ClusterIP", "NodePort"),)
)

PLAN = Plan("upgrade", CONTEXT, "ns", "llm-cost-ops", 3, 3, (API, KEY, GONE, SAME), "llm-cost-ops-1.0.0")
