"""Objects of kinds that a cluster may not know: routes of the Gateway API, external secrets, and whatever a person adds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest

GATEWAY = "gateway.networking.k8s.io/v1/HTTPRoute"
ROUTE = ("ingress.enabled=false", "httpRoute.parentRefs[0].name=shared")
STORE = "externalSecret.secretStoreRef.name=vault"
FROM_STORE = {
    "jwt": {"existingSecret": "app"},
    "smtp": {"existingSecret": "app", "host": "mail"},
    "postgresql": {"auth": {"existingSecret": "pg", "secretKeys": {"urlPasswordKey": "encoded"}}},
    "grafana": {"existingSecret": "graphs"},
    "externalSecret": {
        "enabled": True,
        "secretStoreRef": {"name": "vault"},
        "remoteRefs": {
            "jwt": {"key": "prod", "property": "jwt"},
            "smtp": {"key": "prod", "property": "mail"},
            "postgresql": {"key": "database"},
            "grafana": {"key": "graphs"},
        },
    },
}


def with_apis(*apis: str) -> tuple[str, ...]:
    """Options that make helm believe in these kinds."""
    return tuple(item for api in apis for item in ("--api-versions", api))


@pytest.mark.parametrize(
    ("sets", "apis", "rendered"),
    [
        ((), (GATEWAY,), False),
        (ROUTE, (), False),
        (ROUTE, (GATEWAY,), True),
        (("ingress.enabled=false",), (GATEWAY,), False),
        ((*ROUTE, "httpRoute.enabled=false"), (GATEWAY,), False),
        ((*ROUTE, "httpRoute.enabled=true"), (), True),
        (("httpRoute.parentRefs[0].name=shared",), (GATEWAY,), False),
    ],
)
def test_a_route_is_made_where_a_gateway_takes_the_place_of_the_ingress(
    chart_on_both: Chart, sets: tuple[str, ...], apis: tuple[str, ...], rendered: bool
) -> None:
    objects = chart_on_both.render(*sets, options=with_apis(*apis))
    assert bool(objects.kinds("HTTPRoute")) == rendered
    assert not (objects.kinds("HTTPRoute") and objects.kinds("Ingress"))


def test_a_route_leads_from_the_hosts_of_the_ingress_to_the_service(chart: Chart) -> None:
    spec = chart.render(*ROUTE, "httpRoute.enabled=true", "ingress.hosts[0]=a.example.com").one(
        "HTTPRoute", "llm-cost-ops"
    )["spec"]
    assert spec["parentRefs"] == [{"name": "shared"}]
    assert spec["hostnames"] == ["a.example.com"]
    assert spec["rules"] == [
        {
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            "backendRefs": [{"name": "llm-cost-ops", "port": 80}],
        }
    ]


def test_a_route_takes_everything_it_is_given(chart: Chart) -> None:
    backends = [{"name": "llm-cost-ops", "port": 80, "weight": 9}, {"name": "v2", "port": 80, "weight": 1}]
    filters = [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x"]}}]
    route = {
        "enabled": True, "withIngress": True, "parentRefs": [{"name": "g", "namespace": "gateways"}], "hostnames": ["b.example.com"],
        "path": "/costs", "filters": filters, "timeouts": {"request": "60s"}, "backendRefs": backends,
        "annotations": {"a": "b"}, "keepOnUninstall": True,
    }  # fmt: skip
    rendered = chart.render(values={"httpRoute": route})
    assert rendered.kinds("Ingress")
    found = rendered.one("HTTPRoute", "llm-cost-ops")
    assert found["metadata"]["annotations"] == {"a": "b", "helm.sh/resource-policy": "keep"}
    assert found["spec"]["hostnames"] == ["b.example.com"]
    assert found["spec"]["rules"] == [
        {
            "matches": [{"path": {"type": "PathPrefix", "value": "/costs"}}],
            "filters": filters,
            "timeouts": {"request": "60s"},
            "backendRefs": backends,
        }
    ]


def external(chart: Chart, name: str, **more: Any) -> Manifest:
    """Spec of the ExternalSecret of that name."""
    spec: Manifest = chart.render(values=FROM_STORE, **more).one("ExternalSecret", name)["spec"]
    return spec


def test_an_external_secret_fills_the_keys_that_the_pods_read(chart: Chart) -> None:
    rendered = chart.render(values=FROM_STORE)
    filled = {
        (e["spec"]["target"]["name"], key)
        for e in rendered.kinds("ExternalSecret")
        for key in [d["secretKey"] for d in e["spec"]["data"]]
        + list(e["spec"]["target"].get("template", {}).get("data", {}))
    }
    outside = {"app", "pg", "graphs"}
    read = {
        (ref["name"], ref["key"])
        for w in rendered.workloads()
        for c in w["spec"]["template"]["spec"]["containers"]
        for ref in [e.get("valueFrom", {}).get("secretKeyRef") for e in c.get("env", [])]
        if ref and ref["name"] in outside
    }
    assert read
    assert read <= filled
    assert not [s for s in rendered.kinds("Secret") if s["metadata"]["name"] in outside]


def test_without_grafana_the_others_are_filled_all_the_same(chart_on_both: Chart) -> None:
    found = chart_on_both.render("grafana.enabled=false", values=FROM_STORE).kinds("ExternalSecret")
    assert {o["metadata"]["name"] for o in found} == {"app", "pg"}


def test_two_credentials_of_one_secret_share_an_external_secret(chart: Chart) -> None:
    spec = external(chart, "app")
    assert spec["secretStoreRef"] == {"name": "vault", "kind": "SecretStore"}
    assert spec["refreshInterval"] == "1h"
    assert spec["data"] == [
        {"secretKey": "jwt-secret", "remoteRef": {"key": "prod", "property": "jwt"}},
        {"secretKey": "smtp-password", "remoteRef": {"key": "prod", "property": "mail"}},
    ]


def test_the_operator_encodes_the_password_for_the_url(chart: Chart) -> None:
    template = external(chart, "pg")["target"]["template"]
    assert template["mergePolicy"] == "Merge"
    assert template["data"] == {"encoded": '{{ index . "password" | urlquery | replace "+" "%20" }}'}


@pytest.mark.parametrize(
    ("api", "version"), [("", "v1"), ("external-secrets.io/v1beta1/ExternalSecret", "v1beta1"), ("external-secrets.io/v1/ExternalSecret", "v1")]
)  # fmt: skip
def test_an_older_operator_gets_the_version_it_knows(chart: Chart, api: str, version: str) -> None:
    rendered = chart.render(values=FROM_STORE, options=with_apis(api) if api else ())
    assert {e["apiVersion"] for e in rendered.kinds("ExternalSecret")} == {f"external-secrets.io/{version}"}


@pytest.mark.parametrize(
    ("sets", "apis", "rendered"),
    [
        ((STORE,), (), False),
        ((STORE,), ("external-secrets.io/v1/ExternalSecret",), True),
        ((STORE, "externalSecret.enabled=false"), ("external-secrets.io/v1/ExternalSecret",), False),
        ((), ("external-secrets.io/v1/ExternalSecret",), False),
    ],
)
def test_external_secrets_are_made_for_an_operator_and_a_store_that_are_there(
    chart_on_both: Chart, sets: tuple[str, ...], apis: tuple[str, ...], rendered: bool
) -> None:
    wanted = ("jwt.existingSecret=app", "externalSecret.remoteRefs.jwt.key=prod", "externalSecret.refreshInterval=5m")
    assert bool(chart_on_both.render(*wanted, *sets, options=with_apis(*apis)).kinds("ExternalSecret")) == rendered


def test_a_store_of_the_cluster_and_a_pace_of_ones_own_can_be_named(chart: Chart) -> None:
    spec = external(
        chart,
        "app",
        options=("--set", "externalSecret.secretStoreRef.kind=ClusterSecretStore,externalSecret.refreshInterval=5m"),
    )
    assert (spec["secretStoreRef"]["kind"], spec["refreshInterval"]) == ("ClusterSecretStore", "5m")


def test_manifests_of_ones_own_go_through_the_templates(chart_on_both: Chart) -> None:
    extra = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": '{{ include "llm-cost-ops.fullname" . }}-one'}},
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-two\ndata:\n  port: {{ .Values.service.port | quote }}\n",
    ]
    rendered = chart_on_both.render(values={"extraObjects": extra})
    assert rendered.has("ConfigMap", "llm-cost-ops-one")
    assert rendered.one("ConfigMap", "llm-cost-ops-two")["data"] == {"port": "80"}


def test_a_path_of_the_ingress_may_lead_to_another_service(chart: Chart) -> None:
    paths = [
        {"path": "/"},
        {"path": "/docs", "service": {"name": "docs", "port": 8000}},
        {"path": "/x", "service": {"name": "x"}},
    ]
    ingress = chart.render(values={"ingress": {"hosts": [{"host": "a.example.com", "paths": paths}]}}).one(
        "Ingress", "llm-cost-ops"
    )
    backends = [p["backend"]["service"] for p in ingress["spec"]["rules"][0]["http"]["paths"]]
    assert backends == [
        {"name": "llm-cost-ops", "port": {"name": "http"}},
        {"name": "docs", "port": {"number": 8000}},
        {"name": "x", "port": {"name": "http"}},
    ]


def test_the_ingress_can_lead_to_the_service_of_another_release_and_outlive_its_own(chart: Chart) -> None:
    ingress = chart.render("ingress.backendServiceName=llm-cost-ops-v2", "ingress.keepOnUninstall=true").one(
        "Ingress", "llm-cost-ops"
    )
    assert ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"] == {
        "name": "llm-cost-ops-v2",
        "port": {"name": "http"},
    }
    assert ingress["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    plain = chart.render().one("Ingress", "llm-cost-ops")
    assert "helm.sh/resource-policy" not in plain["metadata"]["annotations"]
