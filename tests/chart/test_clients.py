"""How the clients of the database and of the cache trust the server and log in: the app, its Jobs, and `helm test`."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.chart.conftest import Chart, Manifest, Rendered

DATABASE = {
    "host": "db.example.com",
    "existingSecret": "database",
    "sslmode": "verify-full",
    "tls": {"caSecret": "database-ca"},
}
BASE: dict[str, Any] = {
    "postgresql": {"enabled": False}, "externalDatabase": DATABASE, "migrations": {"enabled": True}, "backup": {"enabled": True},
}  # fmt: skip
SERVERS = ("postgresql", "redis")


def changed(**database: Any) -> dict[str, Any]:
    """The values with another database."""
    return BASE | {"externalDatabase": DATABASE | database}


def clients(rendered: Rendered) -> dict[str, tuple[Manifest, Manifest]]:
    """Each container that is told of a database, by pod and name, with its pod's spec."""
    found = {}
    for pod, template in rendered.pod_templates().items():
        spec = template["spec"]
        for container in [*spec["containers"], *spec.get("initContainers", ())]:
            if {"DATABASE_URL", "PGHOST"} & set(environment(container)):
                found[f"{pod} {container['name']}"] = (container, spec)
    return found


def environment(container: Manifest) -> dict[str, Manifest]:
    """Variables of a container by name."""
    return {entry["name"]: entry for entry in container.get("env", ())}


def files(container: Manifest, spec: Manifest) -> dict[str, str]:
    """Paths of files from Secrets and ConfigMaps that the container sees, with where each comes from: NAME/KEY."""
    sources: dict[str, dict[str, str]] = {}
    for volume in spec.get("volumes", ()):
        parts = volume.get("projected", {}).get("sources") or [volume]
        for part in parts:
            origin = part.get("secret") or part.get("configMap") or {}
            for item in origin.get("items", ()):
                named = origin.get("name") or origin.get("secretName")
                sources.setdefault(volume["name"], {})[item["path"]] = f"{named}/{item['key']}"
    return {
        f"{mount['mountPath']}/{path}": origin
        for mount in container.get("volumeMounts", ())
        for path, origin in sources.get(mount["name"], {}).items()
    }


def settings(container: Manifest) -> dict[str, str]:
    """What libpq is told about TLS, by the words of a connection URI."""
    env = environment(container)
    if "DATABASE_URL" in env:
        return {key: value[0] for key, value in parse_qs(urlsplit(env["DATABASE_URL"]["value"]).query).items()}
    words = ("sslmode", "sslrootcert", "sslcert", "sslkey")
    return {word: env[f"PG{word.upper()}"]["value"] for word in words if f"PG{word.upper()}" in env}


CASES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "ca": (BASE, {"sslmode": "verify-full", "sslrootcert": "database-ca/ca.crt"}),
    "ca under another key": (
        changed(sslmode="verify-ca", tls={"caSecret": "rds", "caKey": "bundle.pem"}),
        {"sslmode": "verify-ca", "sslrootcert": "rds/bundle.pem"},
    ),
    "client certificate": (
        changed(tls={"caSecret": "ca", "clientSecret": "client"}),
        {"sslmode": "verify-full", "sslrootcert": "ca/ca.crt", "sslcert": "client/tls.crt", "sslkey": "client/tls.key"},
    ),
    "client certificate without a CA": (
        changed(sslmode="require", tls={"clientSecret": "client", "certKey": "c.pem", "privateKeyKey": "k.pem"}),
        {"sslmode": "require", "sslcert": "client/c.pem", "sslkey": "client/k.pem"},
    ),
    "the bundle of the release": (
        changed(tls={}) | {"global": {"caBundle": {"configMap": "company"}}},
        {"sslmode": "verify-full", "sslrootcert": "company/ca.crt"},
    ),
    "a CA beside the bundle": (
        BASE | {"global": {"caBundle": {"secret": "company", "key": "all.pem"}}},
        {"sslmode": "verify-full", "sslrootcert": "database-ca/ca.crt"},
    ),
    "bundled": (
        {
            "postgresql": {"tls": {"enabled": True, "existingSecret": "server", "caKey": "ca.crt"}},
            "migrations": {"enabled": True, "mode": "initContainer"}, "backup": {"enabled": True},
        },
        {"sslmode": "verify-full", "sslrootcert": "server/ca.crt"},
    ),
    "bundled, encrypted alone": (
        {"postgresql": {"tls": {"enabled": True, "existingSecret": "server"}}, "backup": {"enabled": True}}, {"sslmode": "require"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_client_is_given_the_same_certificates(chart_on_both: Chart, case: str) -> None:
    values, expected = CASES[case]
    found = clients(chart_on_both.render(values=values))
    kinds = {name.split()[0] for name in found}
    assert {"Deployment", "Pod"} <= kinds
    assert kinds & {"Job", "CronJob"} or "backup" not in values
    for name, (container, spec) in found.items():
        told, seen = settings(container), files(container, spec)
        assert {key: seen.get(value, value) for key, value in told.items()} == expected, name


@pytest.mark.parametrize("case", ["client certificate", "client certificate without a CA"])
def test_a_private_key_is_readable_for_the_group_of_the_pod_alone(chart: Chart, case: str) -> None:
    """Libpq refuses a key that others may read; root's file may be readable for its group."""
    for name, (_, spec) in clients(chart.render(values=CASES[case][0])).items():
        (volume,) = [v for v in spec["volumes"] if v["name"] == "database-certificates"]
        assert volume["projected"]["defaultMode"] == 0o440, name
        assert spec["securityContext"]["fsGroup"], name


def test_without_a_password_nothing_asks_for_one(chart_on_both: Chart) -> None:
    values = changed(existingSecret="", passwordless=True, tls={"caSecret": "ca", "clientSecret": "client"})
    rendered = chart_on_both.render(values=values)
    found = clients(rendered)
    assert found
    for name, (container, spec) in found.items():
        env = environment(container)
        assert not {"DATABASE_URL_PASSWORD", "PGPASSWORD"} & set(env), name
        assert not [v for v in spec.get("volumes", ()) if v["name"] == "password"], name
        if "DATABASE_URL" in env:
            assert urlsplit(env["DATABASE_URL"]["value"]).netloc == "llm_cost_ops@db.example.com:5432"
    scripts = rendered.one("ConfigMap", "llm-cost-ops-backup")["data"]
    assert "PGPASSWORD" not in "".join(scripts.values())
    assert not rendered.has("Secret", "llm-cost-ops-external-database-credentials")


def test_a_login_test_without_a_ca_does_not_claim_to_verify(chart: Chart) -> None:
    values = changed(tls={}) | {"migrations": {"enabled": False}, "backup": {"enabled": False}}
    test = chart.render(values=values).one("Pod", "llm-cost-ops-test-database")["spec"]["containers"][0]
    assert environment(test)["PGSSLMODE"]["value"] == "require"


def test_the_bundle_reaches_every_pod_that_calls_others(chart_on_both: Chart) -> None:
    values = {"global": {"caBundle": {"configMap": "company", "key": "all.pem"}}, "migrations": {"enabled": True}}
    for name, template in chart_on_both.render(values=values).pod_templates().items():
        for container in template["spec"]["containers"]:
            if container["name"] in (*SERVERS, "test"):
                continue
            path = environment(container)["SSL_CERT_FILE"]["value"]
            assert files(container, template["spec"])[path] == "company/all.pem", name


def test_a_cache_with_a_ca_is_verified_by_it(chart_on_both: Chart) -> None:
    redis = {"host": "cache.example.com", "tls": True, "caSecret": "cache-ca", "caKey": "root.pem"}
    rendered = chart_on_both.render(values={"redis": {"enabled": False}, "externalRedis": redis})
    deployment = rendered.one("Deployment", "llm-cost-ops")["spec"]["template"]["spec"]
    app = deployment["containers"][0]
    assert files(app, deployment)[environment(app)["REDIS_CA_FILE"]["value"]] == "cache-ca/root.pem"
    test = rendered.one("Pod", "llm-cost-ops-test-cache")["spec"]
    command = test["containers"][0]["command"]
    assert files(test["containers"][0], test)[command[command.index("--cacert") + 1]] == "cache-ca/root.pem"
    assert "--insecure" not in command


def test_a_person_mounts_something_else_in_place_of_a_certificate(chart: Chart) -> None:
    values = BASE | {"extraVolumes": [{"name": "database-certificates", "csi": {"driver": "secrets-store.csi.k8s.io"}}]}
    spec = chart.render(values=values).one("Deployment", "llm-cost-ops")["spec"]["template"]["spec"]
    assert [v for v in spec["volumes"] if v["name"] == "database-certificates"] == values["extraVolumes"]
