"""`make chart-repo PUSH=...`: the chart in a real OCI registry, from which both helms install what was built."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from release import chart_repo
from tests.chart.conftest import CHART, HELMS
from tests.chart.test_repository import call
from tests.chart.upgrading import NAME, Live, read
from tests.conftest import Bed
from tests.registry import server
from tests.registry.server import Registry
from tests.signing import made_keys
from wizard.core.errors import Problem

both_helms = pytest.mark.parametrize("helm", [pytest.param("helm3", marks=pytest.mark.full), "helm4"])


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry with TLS and a login."""
    with server.running(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def log_in(
    registry: Registry, tmp_path: Path, tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Logs in to the registry as a person does, into helm's file; nobody is logged in before."""
    monkeypatch.setenv("HELM_REGISTRY_CONFIG", str(tmp_path / "registry.json"))
    monkeypatch.setenv("SSL_CERT_FILE", str(registry.authority))
    command = (tool("helm4"), "registry", "login", registry.host, "--username", server.USER, "--password-stdin")

    def run() -> None:
        subprocess.run(command, input=server.PASSWORD, capture_output=True, text=True, timeout=60, check=True)

    return run


@pytest.mark.e2e
@pytest.mark.xdist_group("sandbox")
@both_helms
def test_a_helm_that_is_logged_in_installs_from_the_registry(
    helm: str, registry: Registry, log_in: Callable[[], None], sandbox: Bed, namespace: str, tmp_path: Path,
    tool: Callable[[str], str],
) -> None:  # fmt: skip
    log_in()
    archive = chart_repo.build(tmp_path / "repository", Path(tool("helm4")))
    chart = chart_repo.push(archive, f"oci://{registry.host}/acme/charts", Path(tool("helm4")))
    assert chart == f"oci://{registry.host}/acme/charts/{NAME}"

    live = Live(sandbox, tool(helm), namespace, tmp_path)
    version = read(CHART, "Chart.yaml")["version"]
    values = ("-f", str(CHART / "values-dev.yaml"))
    live.done("install", NAME, chart, "--version", version, "--create-namespace", *values)
    assert len(live.state().pods) == 5


@both_helms
def test_what_is_pulled_is_what_was_built_with_its_signature(
    helm: str, registry: Registry, log_in: Callable[[], None], tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str],
) -> None:  # fmt: skip
    log_in()
    with made_keys(tmp_path_factory.mktemp("g")) as keys:
        archive = chart_repo.build(tmp_path / "repository", Path(tool("helm4")), signer=keys.signer())
        chart = chart_repo.push(archive, f"oci://{registry.host}/signed", Path(tool("helm4")))
        call(tool(helm), "pull", chart, "--verify", "--keyring", str(keys.public), "--destination", str(tmp_path))
    assert (tmp_path / archive.name).read_bytes() == archive.read_bytes()


def test_a_registry_of_this_machine_may_do_without_tls_where_that_is_said(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    archive = chart_repo.build(tmp_path / "repository", Path(tool("helm4")))
    (tmp_path / "registry").mkdir()
    with server.running(tmp_path / "registry", plain=True) as plain:
        target = f"oci://{plain.host}/charts"
        with pytest.raises(Problem, match="helm push failed"):
            chart_repo.push(archive, target, Path(tool("helm4")))
        chart = chart_repo.push(archive, target, Path(tool("helm4")), plain_http=True)
        for helm in HELMS:
            assert f"name: {NAME}" in call(tool(helm), "show", "chart", chart, "--plain-http")


def test_without_a_login_the_next_step_is_said_and_the_build_stays(
    registry: Registry, log_in: Callable[[], None], tmp_path: Path, tool: Callable[[str], str]
) -> None:
    archive = chart_repo.build(tmp_path / "repository", Path(tool("helm4")))
    with pytest.raises(Problem, match="helm push failed") as caught:
        chart_repo.push(archive, f"oci://{registry.host}/acme", Path(tool("helm4")))
    assert "helm registry login HOST" in caught.value.next_step
    assert archive.is_file()


def test_no_credential_is_in_the_command_line_of_the_push(tmp_path: Path) -> None:
    spy = tmp_path / "helm"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/words\n')
    spy.chmod(0o755)
    archive = tmp_path / "chart.tgz"
    assert chart_repo.push(archive, "oci://r.example/acme", spy) == f"oci://r.example/acme/{NAME}"
    assert (tmp_path / "words").read_text().splitlines() == ["push", str(archive), "oci://r.example/acme"]


@pytest.mark.parametrize(
    ("registry", "plain_http", "reason"),
    [
        ("https://r.example/acme", False, "PUSH is not oci://HOST/PATH"),
        ("oci://r.example", False, "PUSH is not oci://HOST/PATH"),
        ("oci://r.example/acme:1.0.0", False, "PUSH is not oci://HOST/PATH"),
        ("oci://me:canary@r.example/acme", False, "PUSH is not oci://HOST/PATH"),
        ("oci://r.example/acme --password=canary", False, "PUSH is not oci://HOST/PATH"),
        ("oci://r.example/acme", True, "r.example is another"),
        ("oci://10.0.0.1:5000/acme", True, "10.0.0.1 is another"),
        ("oci://127.0.0.1.example/acme", True, "127.0.0.1.example is another"),
    ],
)
def test_an_address_that_is_none_or_not_safe_is_refused_before_helm_is_called(
    registry: str, plain_http: bool, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(Problem, match=reason) as caught:
        chart_repo.push(tmp_path / "chart.tgz", registry, tmp_path / "no-helm", plain_http=plain_http)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "127.8.8.8:5000", "[::1]:5000"])
def test_a_host_of_this_machine_is_known_by_any_of_its_names(host: str, tmp_path: Path) -> None:
    spy = tmp_path / "helm"
    spy.write_text("#!/bin/sh\n")
    spy.chmod(0o755)
    pushed = chart_repo.push(tmp_path / "chart.tgz", f"oci://{host}/x", spy, plain_http=True)
    assert pushed == f"oci://{host}/x/{NAME}"
