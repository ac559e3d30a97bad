"""Facts about others of the cluster: asked for where something rendered makes them matter."""

from __future__ import annotations

from tests.engine.fakes import FakeCluster, FakeHelm
from tests.engine.preflight.test_collectors import MANIFEST, facts, world
from wizard.core.kube.api import Resource
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import Balancer, IssuerSeen, SyncedSecret

SERVICE = """
kind: Service
apiVersion: v1
metadata: {name: web}
spec: {type: LoadBalancer}
---
kind: ServiceMonitor
apiVersion: monitoring.coreos.com/v1
metadata: {name: web}
---
kind: Ingress
apiVersion: networking.k8s.io/v1
metadata: {name: web, annotations: {cert-manager.io/issuer: le}}
spec: {}
"""


class Operated(FakeCluster):
    async def resources(self) -> tuple[Resource, ...]:
        return (
            Resource("monitoring.coreos.com/v1", "Prometheus", "prometheuses", True),
            Resource("external-secrets.io/v1", "ExternalSecret", "externalsecrets", True),
        )


def operated() -> Operated:
    cluster = Operated()
    cluster.add("Namespace", "ns", status={"phase": "Active"})
    return cluster


async def test_load_balancers_of_others_and_the_own_one_that_has_an_address() -> None:
    cluster = operated()
    cluster.add("Service", "web", "ns", spec={"type": "LoadBalancer"})
    cluster.add("Service", "web", "shop", status={"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}})
    cluster.add("Service", "front", "blog", spec={})
    found = (await facts(world(cluster, FakeHelm(SERVICE)), "balancers"))["balancers"]
    assert found == (Balancer("shop/web", "lb.example.com"), Balancer("blog/front", ""))
    assert isinstance((await facts(world(cluster), "balancers"))["balancers"], Absent)


async def test_prometheus_is_listed_only_where_it_is_served_and_something_is_for_it() -> None:
    cluster = operated()
    cluster.add("Prometheus", "k8s", "monitoring", spec={})
    found = (await facts(world(cluster, FakeHelm(SERVICE)), "prometheuses"))["prometheuses"]
    assert [one["metadata"]["name"] for one in found] == ["k8s"]
    assert isinstance((await facts(world(cluster), "prometheuses"))["prometheuses"], Absent)


async def test_secrets_that_are_needed_are_matched_with_what_makes_them() -> None:
    cluster = operated()
    waits = {"conditions": [{"type": "Ready", "status": "False", "message": "no such key"}]}
    cluster.add("ExternalSecret", "theirs", "ns", spec={"target": {"name": "mine"}}, status=waits)
    cluster.add("ExternalSecret", "other", "ns", spec={})
    found = (await facts(world(cluster, FakeHelm(MANIFEST)), "synced_secrets"))["synced_secrets"]
    assert found == (SyncedSecret("ExternalSecret/theirs", "mine", False, "no such key"),)


async def test_an_issuer_is_told_with_its_authority_and_how_it_proves_names() -> None:
    cluster = operated()
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    acme = {"server": "https://acme.example.com", "solvers": [{"http01": {}}]}
    cluster.add("Issuer", "le", "ns", spec={"acme": acme}, status=ready)
    (issuer,) = (await facts(world(cluster, FakeHelm(SERVICE)), "cert_manager"))["cert_manager"].issuers
    assert issuer == IssuerSeen("Ingress/web", "Issuer", "le", True, True, "", "https://acme.example.com", True)
    cluster.add("Issuer", "le", "ns", spec={"acme": {**acme, "solvers": [{"http01": {}}, {"dns01": {}}]}}, status=ready)
    (issuer,) = (await facts(world(cluster, FakeHelm(SERVICE)), "cert_manager"))["cert_manager"].issuers
    assert not issuer.only_http
