"""The bundled Grafana: its address, who logs in how, and that a setting appears once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest
from tests.chart.test_network_policy import STRANGER, reaches

NAME = "llm-cost-ops-grafana"
INGRESS = ("grafana.ingress.enabled=true", "grafana.ingress.host=grafana.example.com")
OAUTH = (
    "grafana.auth.oauth.enabled=true", "grafana.auth.oauth.clientId=me", "grafana.auth.oauth.existingSecret=sso",
    *(f"grafana.auth.oauth.{name}Url=https://sso.example.com/{name}" for name in ("auth", "token", "api")),
)  # fmt: skip
PROXY = ("grafana.auth.proxy.enabled=true", "grafana.auth.proxy.allowedAddresses={10.0.0.1,10.1.0.0/16}")


def env(chart: Chart, *sets: str, **more: Any) -> dict[str, Any]:
    """Variables of Grafana; none may be there twice."""
    pod = chart.render(*sets, **more).one("Deployment", NAME)["spec"]["template"]["spec"]
    entries = pod["containers"][0]["env"]
    found = {e["name"]: e.get("value", e.get("valueFrom")) for e in entries}
    assert len(found) == len(entries)
    return found


def ingress(chart: Chart, *sets: str, **more: Any) -> Manifest:
    """Specification of Grafana's Ingress."""
    spec: Manifest = chart.render(*INGRESS, *sets, **more).one("Ingress", NAME)["spec"]
    return spec


def test_by_default_it_has_neither_an_address_nor_another_login(chart: Chart, preset: str | None) -> None:
    assert not chart.render(preset=preset).has("Ingress", NAME)
    assert not [name for name in env(chart, preset=preset) if name.startswith(("GF_SERVER", "GF_AUTH"))]


def test_its_ingress_leads_to_its_service(chart_on_both: Chart) -> None:
    rendered = chart_on_both.render(
        *INGRESS,
        "grafana.ingress.className=traefik",
        "grafana.ingress.annotations.a=b",
        "grafana.ingress.tls[0].secretName=cert",
    )
    found = rendered.one("Ingress", NAME)
    assert found["metadata"]["annotations"] == {"a": "b"}
    assert found["spec"]["ingressClassName"] == "traefik"
    assert found["spec"]["tls"] == [{"secretName": "cert", "hosts": ["grafana.example.com"]}]
    (rule,) = found["spec"]["rules"]
    assert rule["host"] == "grafana.example.com"
    (path,) = rule["http"]["paths"]
    assert path["backend"] == {"service": {"name": NAME, "port": {"name": "http"}}}
    assert rendered.one("Service", NAME)["spec"]["ports"][0]["name"] == "http"
    assert "ingressClassName" not in ingress(chart_on_both)


@pytest.mark.parametrize(
    ("sets", "address"),
    [
        (INGRESS, "http://grafana.example.com/"),
        ((*INGRESS, "grafana.ingress.tls[0].secretName=cert"), "https://grafana.example.com/"),
        ((*INGRESS, "grafana.rootUrl=https://front.example.com/g"), "https://front.example.com/g"),
        ((*INGRESS, "grafana.ingress.path=/grafana"), "http://grafana.example.com/grafana"),
        (("grafana.rootUrl=https://front.example.com/g",), "https://front.example.com/g"),
    ],
)
def test_it_knows_the_address_that_people_open(chart: Chart, sets: tuple[str, ...], address: str) -> None:
    found = env(chart, *sets)
    assert found["GF_SERVER_ROOT_URL"] == address
    assert found.get("GF_SERVER_SERVE_FROM_SUB_PATH") == ("true" if "grafana.ingress.path=/grafana" in sets else None)


def test_oauth_takes_the_secret_of_the_client_from_a_secret(chart: Chart) -> None:
    found = env(chart, *OAUTH, *INGRESS, "grafana.auth.oauth.allowedDomains={example.com,example.org}")
    assert found["GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET"] == {"secretKeyRef": {"name": "sso", "key": "client-secret"}}
    told = {name.removeprefix("GF_AUTH_GENERIC_OAUTH_"): value for name, value in found.items()}
    assert (told["ENABLED"], told["CLIENT_ID"], told["SCOPES"]) == ("true", "me", "openid profile email")
    assert told["ALLOWED_DOMAINS"] == "example.com example.org"
    assert (told["AUTH_URL"], told["API_URL"]) == ("https://sso.example.com/auth", "https://sso.example.com/api")


def test_a_header_counts_from_the_named_proxies_alone(chart: Chart) -> None:
    found = env(chart, *PROXY, "grafana.auth.proxy.headerName=X-User")
    assert found["GF_AUTH_PROXY_WHITELIST"] == "10.0.0.1, 10.1.0.0/16"
    assert (found["GF_AUTH_PROXY_ENABLED"], found["GF_AUTH_PROXY_HEADER_NAME"]) == ("true", "X-User")


def test_a_variable_of_the_person_takes_the_place_of_ours(chart_on_both: Chart) -> None:
    mine = [
        {"name": "GF_ANALYTICS_REPORTING_ENABLED", "value": "true"},
        {"name": "GF_AUTH_GENERIC_OAUTH_SCOPES", "value": "openid"},
    ]
    found = env(chart_on_both, *OAUTH, *INGRESS, values={"grafana": {"extraEnv": mine}})
    assert (found["GF_ANALYTICS_REPORTING_ENABLED"], found["GF_AUTH_GENERIC_OAUTH_SCOPES"]) == ("true", "openid")


@pytest.mark.full
def test_network_policies_let_the_controller_in_once_it_is_named(chart: Chart) -> None:
    on = (*INGRESS, "networkPolicy.enabled=true")
    named = "networkPolicy.monitoringFrom[0].podSelector.matchLabels.app=stranger"
    assert not reaches(chart.render(*on), STRANGER, NAME, "http")
    assert reaches(chart.render(*on, named), STRANGER, NAME, "http")
    keep_out = "network policies keep the Ingress controller from Grafana"
    assert keep_out in chart.notes(*on)
    assert keep_out not in chart.notes(*on, named)


def test_the_notes_name_its_address(chart: Chart) -> None:
    said = chart.notes(*INGRESS, "grafana.ingress.tls[0].secretName=cert", "grafana.ingress.path=/g")
    assert "https://grafana.example.com/g" in said
    assert "service/llm-cost-ops-grafana 3000:80" not in said


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (INGRESS[:1], "grafana.ingress.host is empty; name a host such as grafana.example.com"),
        (
            (INGRESS[0], "grafana.ingress.host=api.llm-cost-ops.com"),
            "give Grafana a host of its own, or a path such as grafana.ingress.path=/grafana",
        ),
        (OAUTH, "set grafana.rootUrl to the address that they open, or grafana.ingress.enabled=true"),
        (
            (*INGRESS, *OAUTH[:2]),
            "grafana.auth.oauth.existingSecret is empty; set it, or grafana.auth.oauth.enabled=false",
        ),
        (PROXY[:1], "set grafana.auth.proxy.allowedAddresses to the addresses of the proxy"),
        (
            ("grafana.rootUrl=grafana.example.com",),
            "at '/grafana/rootUrl': 'grafana.example.com' does not match pattern",
        ),
        (("grafana.ingress.hosts={a}",), "at '/grafana/ingress': additional properties 'hosts' not allowed"),
    ],
)
def test_a_wrong_value_is_refused(chart_on_both: Chart, sets: tuple[str, ...], said: str) -> None:
    assert said in chart_on_both.refusal(*sets)


@pytest.mark.full
def test_without_grafana_nobody_minds_its_settings(chart: Chart) -> None:
    assert not chart.render("grafana.enabled=false", *INGRESS, *OAUTH).has("Ingress", NAME)
