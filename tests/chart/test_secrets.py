"""Where each credential comes from: existing Secret > given value > stored value > generated."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import CHART, GIVEN, HELMS, Chart, Rendered, read
from tests.chart.fake_api import FakeApi
from wizard.sandbox.toolchain import tool_path

# value path of an inline secret, value path of an existing Secret, the chart's own Secret, key
SOURCES = [
    ("jwt.secret", "jwt.existingSecret", "llm-cost-ops-app-credentials", "jwt-secret"),
    ("secrets.jwtSecret", "jwt.existingSecret", "llm-cost-ops-app-credentials", "jwt-secret"),
    ("jwt.secret", "secrets.existingSecret", "llm-cost-ops-app-credentials", "jwt-secret"),
    ("secrets.smtpPassword", "smtp.existingSecret", "llm-cost-ops-app-credentials", "smtp-password"),
    ("postgresql.auth.password", "postgresql.auth.existingSecret", "llm-cost-ops-postgresql-credentials", "password"),
    ("redis.auth.password", "redis.auth.existingSecret", "llm-cost-ops-redis-credentials", "redis-password"),
    ("grafana.adminPassword", "grafana.existingSecret", "llm-cost-ops-grafana-credentials", "admin-password"),
]
GENERATED = SOURCES[:1] + SOURCES[4:]


def value(rendered: Rendered, secret: str, key: str) -> str:
    """One value of a rendered Secret, decoded."""
    return base64.b64decode(rendered.one("Secret", secret)["data"][key]).decode()


Live = Callable[..., Rendered]


@pytest.fixture
def call(request: pytest.FixtureRequest, api: FakeApi) -> Callable[..., tuple[int, str, str]]:
    """A helm call that may look things up; helm 3 unless the test asks, as helm 4 takes seconds for the same answer."""
    helm = getattr(request, "param", "helm3")

    def run(*sets: str) -> tuple[int, str, str]:
        options = [item for one in sets for item in ("--set", one)]
        done = subprocess.run(
            [str(tool_path(helm)), "template", "llm-cost-ops", str(CHART), "-n", "costs", "--dry-run=server",
             "--disable-openapi-validation", "--kubeconfig", str(api.kubeconfig), *options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def live(call: Callable[..., tuple[int, str, str]]) -> Live:
    """Renders with lookups."""

    def render(*sets: str) -> Rendered:
        code, out, err = call(*sets)
        assert code == 0, err
        return read(out)

    return render


@pytest.mark.parametrize(("path", "_existing", "secret", "key"), SOURCES)
def test_a_given_value_is_stored(chart: Chart, path: str, _existing: str, secret: str, key: str) -> None:
    assert value(chart.render(f"{path}=given-value"), secret, key) == "given-value"


@pytest.mark.parametrize(("_path", "_existing", "secret", "key"), GENERATED)
def test_without_a_value_one_is_generated(chart: Chart, _path: str, _existing: str, secret: str, key: str) -> None:
    found = value(chart.render(), secret, key)
    assert len(found) == 32
    assert found.isascii()
    assert found.isalnum()


def test_no_mail_password_is_ever_invented(chart: Chart) -> None:
    rendered = chart.render("smtp.host=mail.example.com")
    assert "smtp-password" not in rendered.one("Secret", "llm-cost-ops-app-credentials")["data"]
    assert "SMTP_PASSWORD" not in rendered.text


@pytest.mark.parametrize("printed", ["changeme", ""])
def test_the_printed_admin_password_counts_as_none(chart: Chart, printed: str) -> None:
    found = value(
        chart.render(f"grafana.adminPassword={printed}"), "llm-cost-ops-grafana-credentials", "admin-password"
    )
    assert found not in ("changeme", "")


@pytest.mark.parametrize(("path", "_existing", "secret", "key"), SOURCES)
@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_the_trailing_newline_of_a_file_is_no_part_of_the_secret(
    chart: Chart, tmp_path: Path, path: str, _existing: str, secret: str, key: str, ending: str
) -> None:
    file = tmp_path / "secret.txt"
    file.write_bytes(b"hunter2-hunter2" + ending.encode())
    rendered = chart.render(options=("--set-file", f"{path}={file}"))
    assert value(rendered, secret, key) == "hunter2-hunter2"


@pytest.mark.parametrize(("_path", "existing", "secret", "key"), SOURCES)
def test_an_existing_secret_is_used_and_none_is_rendered_for_it(
    chart: Chart, _path: str, existing: str, secret: str, key: str
) -> None:
    rendered = chart.render(f"{existing}=mine", "smtp.host=mail.example.com")
    assert not rendered.has("Secret", "mine")
    if rendered.has("Secret", secret):
        assert key not in rendered.one("Secret", secret)["data"]
    assert "mine" in json.dumps([w["spec"]["template"]["spec"] for w in rendered.workloads()])


def test_with_every_secret_named_the_chart_renders_none_and_two_renders_are_equal(chart: Chart) -> None:
    """So a plan made before the run is exactly what the run applies."""
    named = (
        "jwt.existingSecret=llm-cost-ops-app-credentials",
        "smtp.existingSecret=llm-cost-ops-app-credentials",
        "smtp.host=mail.example.com",
        "postgresql.auth.existingSecret=llm-cost-ops-postgresql-credentials",
        "redis.auth.existingSecret=llm-cost-ops-redis-credentials",
        "grafana.existingSecret=llm-cost-ops-grafana-credentials",
    )
    first = chart.render(*named)
    assert first.kinds("Secret") == []
    assert first.text == chart.render(*named, "podLabels.x=y").text.replace('        x: "y"\n', "").replace(
        "        x: y\n", ""
    )
    assert "checksum/credentials" not in first.text


@pytest.mark.parametrize(("path", "existing", "_secret", "_key"), SOURCES)
def test_existing_and_given_together_are_refused(
    chart: Chart, path: str, existing: str, _secret: str, _key: str
) -> None:
    said = chart.refusal(f"{path}=given-value", f"{existing}=mine")
    assert f"{existing} and {path} are both set" in said
    assert "given-value" not in said


def test_generated_secrets_outlive_an_uninstall(chart: Chart, preset: str | None) -> None:
    secrets = chart.render(preset=preset).kinds("Secret")
    assert len(secrets) == 4
    assert all(s["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for s in secrets)


def test_the_names_are_the_ones_an_installer_makes(chart: Chart) -> None:
    names = {s["metadata"]["name"] for s in chart.render(release="costs").kinds("Secret")}
    assert names == {f"costs-{part}-credentials" for part in ("app", "postgresql", "redis", "grafana")}


@pytest.mark.parametrize("call", HELMS, indirect=True)
def test_stored_values_survive_an_upgrade_that_does_not_repeat_them(api: FakeApi, live: Live) -> None:
    for _, _, secret, key in GENERATED:
        api.store(secret, {key: f"stored-{key}"})
    rendered = live("image.tag=v1.1.0")
    for _, _, secret, key in GENERATED:
        assert value(rendered, secret, key) == f"stored-{key}"


def test_a_stored_mail_password_survives_too(api: FakeApi, live: Live) -> None:
    api.store("llm-cost-ops-app-credentials", {"jwt-secret": "j", "smtp-password": "s"})
    assert value(live(), "llm-cost-ops-app-credentials", "smtp-password") == "s"


def test_a_given_value_replaces_the_stored_one(api: FakeApi, live: Live) -> None:
    api.store("llm-cost-ops-app-credentials", {"jwt-secret": "old"})
    assert value(live("jwt.secret=new"), "llm-cost-ops-app-credentials", "jwt-secret") == "new"


def test_only_the_missing_key_is_generated(api: FakeApi, live: Live) -> None:
    api.store("llm-cost-ops-redis-credentials", {})
    api.store("llm-cost-ops-app-credentials", None)  # a Secret without any data
    rendered = live()
    assert len(value(rendered, "llm-cost-ops-redis-credentials", "redis-password")) == 32
    assert len(value(rendered, "llm-cost-ops-app-credentials", "jwt-secret")) == 32


def test_a_new_database_password_without_a_volume_that_needs_the_old_one_is_stored(api: FakeApi, live: Live) -> None:
    api.store("llm-cost-ops-postgresql-credentials", {"password": "old-password"})
    rendered = live("postgresql.auth.password=new-password")
    assert value(rendered, "llm-cost-ops-postgresql-credentials", "password") == "new-password"


def test_the_same_database_password_again_is_fine(api: FakeApi, live: Live) -> None:
    api.store("llm-cost-ops-postgresql-credentials", {"password": "same"})
    assert value(live("postgresql.auth.password=same"), "llm-cost-ops-postgresql-credentials", "password") == "same"


@pytest.mark.parametrize("owner", [None, "another-release"])
def test_somebody_elses_secret_is_not_taken_over(
    api: FakeApi, call: Callable[..., tuple[int, str, str]], owner: str | None
) -> None:
    api.store("llm-cost-ops-postgresql-credentials", {"password": "theirs"}, release=owner)
    code, _, said = call()
    assert code != 0
    assert "set postgresql.auth.existingSecret=llm-cost-ops-postgresql-credentials to use it" in said


def test_a_secret_that_the_chart_would_not_write_anyway_is_no_conflict(api: FakeApi, live: Live) -> None:
    """An installer made it for the JWT key alone, and no mail is wanted."""
    api.store("llm-cost-ops-app-credentials", {"jwt-secret": "theirs"}, release=None)
    rendered = live("jwt.existingSecret=llm-cost-ops-app-credentials")
    assert not rendered.has("Secret", "llm-cost-ops-app-credentials")


def fingerprints(rendered: Rendered) -> dict[str, str | None]:
    """The annotation that restarts a workload when its credentials change."""
    return {
        w["metadata"]["name"].removeprefix("llm-cost-ops-"): w["spec"]["template"]["metadata"]
        .get("annotations", {})
        .get("checksum/credentials")
        for w in rendered.workloads()
    }


@pytest.mark.parametrize(
    ("change", "restarted"),
    [
        ("jwt.secret=other-value-of-more-than-32-characters", {"llm-cost-ops"}),
        ("secrets.smtpPassword=other-value-of-more-than-32-characters", {"llm-cost-ops"}),
        ("redis.auth.password=other-value-of-more-than-32-characters", {"llm-cost-ops", "redis"}),
        ("postgresql.auth.password=other-value-of-more-than-32-characters", {"llm-cost-ops"}),
        ("grafana.adminPassword=other-value-of-more-than-32-characters", {"grafana"}),
    ],
)
def test_a_changed_credential_restarts_those_who_read_it_and_nobody_else(
    chart: Chart, change: str, restarted: set[str]
) -> None:
    before, after = fingerprints(chart.render(*GIVEN)), fingerprints(chart.render(*GIVEN, change))
    assert {name for name in before if before[name] != after[name]} == restarted


def test_passing_a_stored_value_again_restarts_nobody(api: FakeApi, live: Live) -> None:
    for given in GIVEN:
        path, stored = given.split("=")
        secret, key = next((s[2], s[3]) for s in SOURCES if s[0] == path)
        api.store(secret, {key: stored})
    assert fingerprints(live()) == fingerprints(live(*GIVEN))


def test_a_password_with_special_characters_is_encoded_for_the_url(chart: Chart) -> None:
    rendered = chart.render(values={"postgresql": {"auth": {"password": "p@ss/w rd:+%"}}})
    assert value(rendered, "llm-cost-ops-postgresql-credentials", "password") == "p@ss/w rd:+%"
    assert value(rendered, "llm-cost-ops-postgresql-credentials", "password-urlencoded") == "p%40ss%2Fw%20rd%3A%2B%25"


def test_the_database_url_stands_after_the_password_it_mentions(app_env: Callable[..., list[dict[str, Any]]]) -> None:
    env = app_env()
    names = [e["name"] for e in env]
    assert names.index("DATABASE_URL_PASSWORD") < names.index("DATABASE_URL")
    assert names.index("REDIS_URL_PASSWORD") < names.index("REDIS_URL")
    by_name = {e["name"]: e for e in env}
    assert by_name["DATABASE_URL"]["value"] == (
        "postgres://postgres:$(DATABASE_URL_PASSWORD)@llm-cost-ops-postgresql:5432/llm_cost_ops_prod?sslmode=disable"
    )
    assert by_name["REDIS_URL"]["value"] == "redis://:$(REDIS_URL_PASSWORD)@llm-cost-ops-redis:6379/0"
    assert by_name["JWT_SECRET"]["valueFrom"]["secretKeyRef"] == {
        "name": "llm-cost-ops-app-credentials",
        "key": "jwt-secret",
    }


def test_key_names_of_an_existing_secret_can_be_chosen(app_env: Callable[..., list[dict[str, Any]]]) -> None:
    env = app_env(
        "jwt.existingSecret=mine", "jwt.existingSecretKey=signing",
        "postgresql.auth.existingSecret=mine", "postgresql.auth.secretKeys.userPasswordKey=pg",
        "redis.auth.existingSecret=mine", "redis.auth.existingSecretPasswordKey=rd",
        "smtp.existingSecret=mine", "smtp.existingSecretKey=mail",
    )  # fmt: skip
    refs = {e["name"]: e["valueFrom"]["secretKeyRef"]["key"] for e in env if "valueFrom" in e}
    assert refs == {
        "JWT_SECRET": "signing", "DATABASE_URL_PASSWORD": "pg", "REDIS_PASSWORD": "rd", "REDIS_URL_PASSWORD": "rd", "SMTP_PASSWORD": "mail",
    }  # fmt: skip
