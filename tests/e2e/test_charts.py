"""Charts from elsewhere with both helms: a registry with a login, a chart repository, signatures; installed and lived with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.conftest import Bed
from tests.e2e.test_lines import Person
from tests.foreign import PLAIN, make_shop, write
from tests.loopback import served
from tests.registry import server
from tests.registry.server import Registry
from tests.signing import Keys, made_keys
from wizard.adapters.helm.cli import HelmCli
from wizard.core.errors import Problem
from wizard.core.helm.chart import ChartOptions

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("registry")]


@dataclass(frozen=True)
class Publisher:
    """What somebody published, and the helm that fetches it."""

    helm: str
    repository: Path
    url: str
    registry: Registry

    def run(self, *words: str, stdin: str = "") -> str:
        """What helm prints; it must succeed."""
        done = subprocess.run([self.helm, *words], input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def log_in(self) -> None:
        """Log in to the registry, as a person would."""
        self.run(
            "registry",
            "login",
            self.registry.host,
            "--username",
            server.USER,
            "--password-stdin",
            stdin=server.PASSWORD,
        )

    @property
    def oci(self) -> str:
        """The shop in the registry."""
        return f"oci://{self.registry.host}/acme/shop"

    async def problem(self, reference: str, options: ChartOptions | None = None) -> Problem:
        """Why it cannot be pulled."""
        with pytest.raises(Problem) as caught:
            await HelmCli(self.helm).pull(reference, options or ChartOptions())
        assert server.PASSWORD not in str(caught.value)
        assert "\n" not in str(caught.value)
        return caught.value


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with server.running(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    with made_keys(tmp_path_factory.mktemp("g")) as made:
        yield made


both = pytest.mark.parametrize("publisher", ["helm3", "helm4"], indirect=True)
one_of_both = pytest.mark.parametrize(
    "publisher", [pytest.param("helm3", marks=pytest.mark.full), "helm4"], indirect=True
)


HELM_HOMES = ("HELM_REGISTRY_CONFIG", "HELM_REPOSITORY_CONFIG", "HELM_CONFIG_HOME", "HELM_DATA_HOME")


@pytest.fixture(scope="module")
def published(
    registry: Registry, tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]
) -> Path:  # fmt: skip
    """A repository with two versions of the shop, which are in the registry, too; the tests are about who fetches them."""
    shop, folder = make_shop(tmp_path_factory.mktemp("made") / "shop"), tmp_path_factory.mktemp("repository")
    home, publisher = tmp_path_factory.mktemp("helm"), Publisher(tool("helm4"), folder, "", registry)
    with pytest.MonkeyPatch.context() as patch:
        for name in HELM_HOMES:
            patch.setenv(name, str(home / name.lower()))
        patch.setenv("SSL_CERT_FILE", str(registry.authority))
        publisher.log_in()
        for version in ("1.2.3", "2.0.0"):
            publisher.run("package", str(shop), "--version", version, "--destination", str(folder))
            publisher.run("push", str(folder / f"shop-{version}.tgz"), f"oci://{registry.host}/acme")
        publisher.run("repo", "index", str(folder))
    return folder


@pytest.fixture
def publisher(
    request: pytest.FixtureRequest, registry: Registry, published: Path, tmp_path: Path,
    tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Publisher]:  # fmt: skip
    """Two versions of the shop in a registry and in a repository, which helm knows as acme; nobody is logged in."""
    repository = shutil.copytree(published, tmp_path / "repository")
    make_shop(tmp_path / "shop")
    for name in HELM_HOMES:
        monkeypatch.setenv(name, str(tmp_path / "helm" / name.lower()))
    (tmp_path / "helm").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(registry.authority))
    with served(repository) as url:
        made = Publisher(tool(request.param), repository, url, registry)
        made.run("repo", "add", "acme", url)
        yield made


@both
async def test_a_chart_is_pulled_from_wherever_helm_finds_it(publisher: Publisher) -> None:
    publisher.log_in()
    helm = HelmCli(publisher.helm)
    old, new = ((publisher.repository / f"shop-{version}.tgz").read_bytes() for version in ("1.2.3", "2.0.0"))

    for reference, version, packed in (
        ("acme/shop", "", new), ("acme/shop", "^1", old), (publisher.oci, "", new), (publisher.oci, "1.2.3", old),
        (publisher.oci, "~1.2", old), (f"{publisher.oci}:1.2.3", "1.2.3", old), (f"{publisher.url}/shop-1.2.3.tgz", "", old),
    ):  # fmt: skip
        assert await helm.pull(reference, ChartOptions(version)) == packed, reference


@both
async def test_what_helm_cannot_find_is_one_sentence_with_the_next_step(publisher: Publisher) -> None:
    host, step = publisher.registry.host, {}
    cases: dict[str, tuple[str, str, str]] = {
        "not logged in": (publisher.oci, "", f"helm registry login {host}"),
        "not logged in, for a version": (publisher.oci, "1.2.3", f"helm registry login {host}"),
        "unknown repository": ("other/shop", "", "helm repo add other URL"),
        "no such chart": ("acme/none", "", "helm search repo acme/"),
        "no such version": ("acme/shop", "9", "helm search repo acme/shop --versions"),
        "no constraint": ("acme/shop", "one", "--chart-version"),
        "no such file": (f"{publisher.url}/none.tgz", "", "Look at the address"),
        "no host": ("https://nowhere.invalid/shop.tgz", "", "the network"),
        "nobody there": ("https://127.0.0.1:1/shop.tgz", "", "the network"),
        "no registry": (publisher.url.replace("http", "oci", 1) + "/shop", "1.0.0", "plain HTTP"),
        "another scheme": ("ftp://127.0.0.1/shop.tgz", "", "oci://"),
    }
    for name, (reference, version, wanted) in cases.items():
        problem = await publisher.problem(reference, ChartOptions(version))
        step[name] = (wanted in problem.next_step, str(problem))
    assert [said for found, said in step.values() if not found] == []

    publisher.log_in()
    for version in ("9.9.9", "^9", "one"):
        problem = await publisher.problem(publisher.oci, ChartOptions(version))
        assert "--chart-version" in problem.next_step or "Look at the address" in problem.next_step, str(problem)
    assert (
        "Look at the address" in (await publisher.problem(f"oci://{host}/acme/none", ChartOptions("1.0.0"))).next_step
    )


@both
async def test_a_registry_that_nobody_here_trusts_is_said(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.log_in()
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    assert "certificate authority" in (await publisher.problem(publisher.oci)).next_step


@both
async def test_an_index_that_was_not_fetched_is_said(publisher: Publisher) -> None:
    shutil.rmtree(os.environ["HELM_CACHE_HOME"])
    assert (await publisher.problem("acme/shop")).next_step == "Run: helm repo update acme"


@both
async def test_a_signature_is_checked_by_helm(publisher: Publisher, keys: Keys, tmp_path: Path) -> None:
    helm, file = HelmCli(publisher.helm), publisher.repository / "shop-1.2.3.tgz"
    words = ("--sign", "--key", "Release Key", "--keyring", str(keys.secret), "--passphrase-file", str(keys.passphrase))
    publisher.run(
        "package", str(tmp_path / "shop"), "--version", "1.2.3", "--destination", str(publisher.repository), *words
    )
    publisher.log_in()
    publisher.run("push", str(file), f"oci://{publisher.registry.host}/signed")
    known = ChartOptions("1.2.3", verify=True, keyring=str(keys.public))
    signed = f"oci://{publisher.registry.host}/signed/shop"

    for reference in (signed, f"{publisher.url}/shop-1.2.3.tgz"):
        assert await helm.pull(reference, known) == file.read_bytes()
    assert await helm.verified(str(file), known) == file.read_bytes()

    for options, says in (
        (ChartOptions("1.2.3", verify=True), "--keyring FILE"),
        (ChartOptions("1.2.3", verify=True, keyring=str(tmp_path / "none")), "--keyring FILE"),
    ):
        for reference in (signed, f"{publisher.url}/shop-1.2.3.tgz"):
            assert says in (await publisher.problem(reference, options)).next_step
        with pytest.raises(Problem) as caught:
            await helm.verified(str(file), options)
        assert says in caught.value.next_step
    unsigned = await publisher.problem(publisher.oci, ChartOptions("2.0.0", verify=True, keyring=str(keys.public)))
    assert "leave out --verify" in unsigned.next_step, str(unsigned)

    shutil.copyfile(publisher.repository / "shop-2.0.0.tgz", file)  # another chart under the signed one's name
    for refused in (
        await publisher.problem(f"{publisher.url}/shop-1.2.3.tgz", known),
        await _refused(helm, file, known),
    ):
        assert "do not install it" in refused.next_step, str(refused)
    with pytest.raises(Problem, match="cannot be verified"):
        await helm.verified(str(tmp_path / "shop"), known)


async def _refused(helm: HelmCli, file: Path, options: ChartOptions) -> Problem:
    with pytest.raises(Problem) as caught:
        await helm.verified(str(file), options)
    return caught.value


@one_of_both
def test_a_foreign_chart_of_a_registry_is_installed_changed_and_removed(
    publisher: Publisher, sandbox: Bed, namespace: str, tmp_path: Path
) -> None:
    publisher.log_in()
    person = Person(sandbox.kubeconfig, publisher.helm, tmp_path / "work")
    chart = ("--chart", publisher.oci, "--chart-version", "^1")
    where = ("-n", namespace, "--release", "shop")

    said = person.call("values", *chart, *where, "--set", "greeting=hi", "--write", "-", "--yes")
    assert yaml.safe_load(said) == {"greeting": "hi"}
    checks = json.loads(person.call("check", *chart, *where, "-o", "json"))["checks"]
    assert "N07" not in {check["id"] for check in checks}
    assert {check["question"] for check in checks} <= {"", "context", "namespace", "release"}
    plan = json.loads(person.call("plan", *chart, *where, "-o", "json"))["plan"]
    assert {row["name"] for row in plan["objects"]} >= {"shop-shop", "shop-cache", "shop-queue"}
    wrong = person.start("install", *chart, *where, "--set", "replicas=many", "--yes")
    out, err = wrong.communicate(timeout=120)
    assert wrong.returncode == 2
    assert "at '/replicas'" in out + err

    said = person.call("install", *chart, *where, "--set", "greeting=hi", "--yes")
    assert "+ ready" in said
    assert f"--chart {publisher.oci} --chart-version 1.2.3" in said
    assert re.search(rf"helm install shop {publisher.oci} .*--version 1\.2\.3", said)
    assert "Secret/" not in said
    assert sandbox.get("configmap", "shop-shop", "-n", namespace)["data"]["greeting"] == "hi"
    record = json.loads(person.call("status", *where, "-o", "json"))["releases"][0]
    assert (record["name"], record["revision"]) == ("shop", 1)

    again = next(line for line in said.splitlines() if "--chart-version 1.2.3" in line and "install" in line)
    assert "--preset" not in again
    person.call("upgrade", "--chart", publisher.oci, *where, "--set", "greeting=hello again", "--yes")
    assert sandbox.get("configmap", "shop-shop", "-n", namespace)["data"]["greeting"] == "hello again"
    assert "shop-2.0.0" in person.call("history", *where)
    assert "shop 2.0.0" in person.call("runs", person.call("runs").splitlines()[0].split()[2])
    person.call("diagnose", "--plain", *where)
    person.call("rollback", *where, "--yes")
    assert sandbox.get("configmap", "shop-shop", "-n", namespace)["data"]["greeting"] == "hi"
    person.call("uninstall", *where, "--yes")
    assert person.call("status", "-n", namespace, code=(0, 3)).count("shop") == 0


@one_of_both
def test_a_foreign_folder_without_a_schema_is_installed_with_defaults(
    publisher: Publisher, sandbox: Bed, namespace: str, tmp_path: Path
) -> None:
    person = Person(sandbox.kubeconfig, publisher.helm, tmp_path / "work")
    write(person.folder / "plain", PLAIN)

    person.call("install", "mine", "./plain", "-n", namespace, "--yes")

    assert sandbox.get("configmap", "mine", "-n", namespace)["data"]["text"] == "hello"
    header = (person.folder / "mine.values.yaml").read_text().splitlines()[1]
    assert header == f"# for chart plain 0.3.0, release mine in namespace {namespace}."
