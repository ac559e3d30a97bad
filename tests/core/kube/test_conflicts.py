"""Conflicts of server-side apply in the API server's words, as kube-apiserver v1.36 answers them."""

from __future__ import annotations

import pytest

from wizard.core.kube import conflicts

OWNERS = [
    ('conflict with "kubectl" with subresource "scale" using apps/v1', "kubectl"),
    ('conflict with "kubectl-edit" using apps/v1', "kubectl-edit"),
    ('conflict with "kubectl-client-side-apply" using v1 at 2026-03-02T14:00:00Z', "kubectl-client-side-apply"),
    ('Apply failed with 1 conflict: conflict with "Argo CD" using v1: .data.a', "Argo CD"),
    ('Apply failed with 2 conflicts: conflicts with "a" using v1:\n- .data.a\n- .data.b', "a"),
    ("its labels conflict with those of another team", ""),
    ("field is immutable", ""),
    ('conflict with "', ""),
    ("", ""),
]


@pytest.mark.parametrize(("message", "owner"), OWNERS)
def test_the_owner_of_a_field_is_read_from_the_refusal(message: str, owner: str) -> None:
    assert conflicts.owner(message) == owner


PATHS = [
    (".spec.replicas", "spec.replicas"),
    ('.spec.template.spec.containers[name="api"].image', "spec.template.spec.containers[api].image"),
    ('.spec.ports[port=80,protocol="TCP"].targetPort', "spec.ports[80].targetPort"),
    ('.spec.template.spec.containers[name="a"].env[name="B.c"].value', "spec.template.spec.containers[a].env[B.c].value"),
    (".metadata.labels.app.kubernetes.io/name", "metadata.labels[app.kubernetes.io/name]"),
    (".metadata.annotations.a", "metadata.annotations.a"),
    (".data.app.yaml", "data[app.yaml]"),
    (".spec.selector.app.kubernetes.io/name", "spec.selector[app.kubernetes.io/name]"),
    (".spec.selector.matchLabels.app.kubernetes.io/name", "spec.selector.matchLabels[app.kubernetes.io/name]"),
    ('.spec.template.spec.containers[name="a"].resources.limits.nvidia.com/gpu', "spec.template.spec.containers[a].resources.limits[nvidia.com/gpu]"),
    ('.metadata.finalizers[v="example.com/a"]', "metadata.finalizers[example.com/a]"),
    (".spec.args[0]", "spec.args[0]"),
    ("[", "["),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("given", "path"), PATHS)
def test_a_field_is_written_as_in_a_plan(given: str, path: str) -> None:
    assert conflicts.path(given) == path


def test_replicas_alone_are_an_autoscalers() -> None:
    assert conflicts.is_autoscaled(".spec.replicas", "kube-controller-manager")
    assert not conflicts.is_autoscaled(".spec.replicas", "kubectl")
    assert not conflicts.is_autoscaled(".metadata.annotations.a", "kube-controller-manager")
