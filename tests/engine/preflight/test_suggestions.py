from __future__ import annotations

import pytest

from tests.engine.fakes import FakeCluster
from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target
from wizard.engine.preflight import suggestions

TARGET = Target("llm-cost-ops-sandbox-x", "ns")


async def test_what_may_not_be_seen_is_none_and_what_is_not_there_is_empty() -> None:
    forbidden = ClusterError("forbidden", "eve may not list storageclasses", 403)
    unserved = ClusterError("not-found", "This cluster does not serve clusterissuers.cert-manager.io.", 404)
    cluster = FakeCluster(refuse={"list StorageClass": forbidden, "list ClusterIssuer": unserved})
    cluster.add("Namespace", "ns")
    found = await suggestions.refresh(ClusterSuggestions(contexts=("a",)), cluster, TARGET)
    assert found.contexts == ("a",), "what was known stays"
    assert found.sandbox
    assert found.namespaces == ("ns",)
    assert found.storage_classes is None
    assert found.issuers == ()
    assert found.ingress_classes == ()


async def test_the_default_class_is_the_marked_one() -> None:
    cluster = FakeCluster()
    cluster.add("StorageClass", "a")
    cluster.add("StorageClass", "b", metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}})
    found = await suggestions.refresh(ClusterSuggestions(), cluster, TARGET)
    assert (found.storage_classes, found.default_storage_class) == (("a", "b"), "b")


async def test_a_hanging_call_leaves_only_its_own_hint_unknown() -> None:
    found = await suggestions.refresh(ClusterSuggestions(), FakeCluster(slow={"list Namespace"}), TARGET, seconds=0.1)
    assert found.namespaces is None
    assert found.storage_classes == ()


@pytest.mark.parametrize(
    ("context", "wanted"), [("llm-cost-ops-sandbox", True), ("llm-cost-ops-sandbox-mine", True), ("prod", False)]
)
def test_a_sandbox_is_known_by_its_context(context: str, wanted: bool) -> None:
    assert suggestions.is_sandbox(context) is wanted
