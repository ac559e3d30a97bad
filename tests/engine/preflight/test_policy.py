"""Facts about what the cluster allows: webhooks that are asked about the release, network policies, the pods around it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.fakes import FakeCluster, FakeHelm
from tests.engine.preflight.test_collectors import active, facts, world
from wizard.core.kube.api import Resource
from wizard.core.kube.errors import ClusterError
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import WebhookSeen

APP = """
kind: Deployment
apiVersion: apps/v1
metadata: {name: api, labels: {tier: app}}
spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c}]}}}
"""
POLICY = """
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: mine}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: edge}}}]}]}
"""
PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
DEPLOYMENTS = {
    "apiGroups": ["apps"],
    "apiVersions": ["v1beta1"],
    "operations": ["*"],
    "resources": ["deployments"],
    "scope": "*",
}
OTHERS = {"apiGroups": ["apps"], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": ["*"]}


class Serving(FakeCluster):
    async def resources(self) -> tuple[Resource, ...]:
        return (Resource("apps/v1", "Deployment", "deployments", True),)


def asked(cluster: FakeCluster, **hook: Any) -> None:
    """A webhook behind Service hooks/guard, of namespace ns with labels."""
    cluster.add("Namespace", "ns", status={"phase": "Active"}, metadata={"labels": {"team": "a"}})
    service = {"clientConfig": {"service": {"namespace": "hooks", "name": "guard"}}}
    cluster.add("ValidatingWebhookConfiguration", "guard", webhooks=[{"name": "g", "rules": [PODS], **service, **hook}])


@pytest.mark.parametrize(
    ("hook", "objects"),
    [
        ({}, ("pods of Deployment/api",)),
        ({"failurePolicy": "Ignore"}, ()),
        ({"rules": [DEPLOYMENTS]}, ("Deployment/api",)),
        ({"rules": [DEPLOYMENTS | {"scope": "Cluster"}]}, ()),
        ({"rules": [OTHERS]}, ()),
        ({"rules": [PODS | {"resources": ["pods/exec"]}]}, ()),
        ({"rules": [PODS | {"apiGroups": ["*"], "resources": ["*"]}]}, ("helm's record", "Deployment/api", "pods of Deployment/api")),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, ("pods of Deployment/api",)),
        ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]}}, ()),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ns"}}}, ("pods of Deployment/api",)),
        ({"objectSelector": {"matchLabels": {"app": "api"}}}, ("pods of Deployment/api",)),
        ({"objectSelector": {"matchLabels": {"app": "other"}}}, ()),
        ({"clientConfig": {"url": "https://x"}}, ()),
    ],
)  # fmt: skip
async def test_a_webhook_is_told_with_the_objects_that_it_is_asked_about(
    hook: dict[str, Any], objects: tuple[str, ...]
) -> None:
    cluster = Serving()
    asked(cluster, **hook)
    found = (await facts(world(cluster, FakeHelm(APP)), "webhooks"))["webhooks"]
    wanted = WebhookSeen("g", "ValidatingWebhookConfiguration/guard", "hooks/guard", "missing", objects)
    assert found == ((wanted,) if objects else ())
    assert ("list EndpointSlice hooks" in cluster.calls) == bool(objects), "a Service is looked at where it matters"


async def test_the_service_of_a_webhook_has_ready_pods_or_none_or_is_hidden() -> None:
    cluster = Serving()
    asked(cluster)
    cluster.add("Service", "guard", "hooks")
    of = {"kubernetes.io/service-name": "guard"}
    states = []
    for endpoints in (
        [],
        [{"conditions": {"ready": False}}],
        [{"conditions": {"ready": False}}, {"addresses": ["10.0.0.1"]}],
    ):
        cluster.add("EndpointSlice", "guard-x", "hooks", metadata={"labels": of}, endpoints=endpoints)
        (found,) = (await facts(world(cluster, FakeHelm(APP)), "webhooks"))["webhooks"]
        states.append(found.state)
    cluster.refuse["list EndpointSlice"] = ClusterError("forbidden", "eve may not list endpointslices.", 403)
    (found,) = (await facts(world(cluster, FakeHelm(APP)), "webhooks"))["webhooks"]
    assert [*states, found.state] == ["no endpoints", "no endpoints", "ready", "hidden"]


async def test_policies_of_the_release_are_left_out_and_labels_of_namespaces_are_asked_for_where_they_decide() -> None:
    cluster = active()
    assert (await facts(world(cluster, FakeHelm(APP)), "neighbours"))["neighbours"] == Absent(
        "no network policy is there"
    )
    notes = {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "ns"}
    cluster.add("NetworkPolicy", "old", "ns", metadata={"annotations": notes}, spec={})
    cluster.add("NetworkPolicy", "deny", "ns", spec={"podSelector": {}})
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    cluster.add("Pod", "coredns", "kube-system", metadata={"labels": {"k8s-app": "kube-dns"}}, spec={}, status=ready)
    plain = (await facts(world(cluster, FakeHelm(APP)), "neighbours"))["neighbours"]
    assert [one["metadata"]["name"] for one in plain.policies] == ["deny"]
    assert [one["metadata"]["name"] for one in plain.resolvers] == ["coredns"]
    assert plain.namespaces is None
    assert "list Namespace" not in cluster.calls
    found = (await facts(world(cluster, FakeHelm(APP + POLICY)), "neighbours"))["neighbours"]
    assert found.namespaces == {"ns": {}}
    cluster.refuse["list NetworkPolicy"] = ClusterError(
        "forbidden", "eve may not list them.", 403, "list networkpolicies"
    )
    hidden = (await facts(world(cluster, FakeHelm(APP)), "neighbours"))["neighbours"]
    assert hidden == Unknown("eve may not list them", "list networkpolicies")
