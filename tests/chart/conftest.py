"""Renders the chart with the pinned helms, once per set of arguments, and reads the result strictly."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.fake_api import FakeApi, serve
from wizard.sandbox.toolchain import tool_path

ROOT = Path(__file__).parents[2]
CHART = ROOT / "chart" / "llm-cost-ops"
PRESETS = ("dev", "staging", "prod")
HELMS = ("helm3", "helm4")

# One value for everything that would be generated, so that two renders can be compared.
GIVEN = tuple(
    f"{path}=value-of-{path}-at-least-32-long"
    for path in ("jwt.secret", "postgresql.auth.password", "redis.auth.password", "grafana.adminPassword")
)

Manifest = dict[str, Any]


class StrictLoader(yaml.CSafeLoader):
    """Refuses a mapping with a key twice; helm 4 and GitOps tools do, PyYAML by itself does not."""


def _mapping(loader: StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"key twice: {twice}", node.start_mark)
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


@dataclass(frozen=True)
class Rendered:
    """Objects of one render, by kind and name."""

    objects: tuple[Manifest, ...]
    text: str

    def one(self, kind: str, name: str) -> Manifest:
        """The object of that kind and name."""
        found = [o for o in self.objects if o["kind"] == kind and o["metadata"]["name"] == name]
        assert len(found) == 1, f"{kind} {name}: {[(o['kind'], o['metadata']['name']) for o in self.objects]}"
        return found[0]

    def kinds(self, kind: str) -> list[Manifest]:
        """All objects of that kind."""
        return [o for o in self.objects if o["kind"] == kind]

    def has(self, kind: str, name: str) -> bool:
        """Whether there is an object of that kind and name."""
        return any(o["kind"] == kind and o["metadata"]["name"] == name for o in self.objects)

    def workloads(self) -> list[Manifest]:
        """Everything with a pod template."""
        return [o for o in self.objects if o["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job")]

    def pod_templates(self) -> dict[str, Manifest]:
        """Metadata and spec of every pod this could lead to, by kind and name: workloads, schedules, bare pods, hooks."""
        found: dict[str, Manifest] = {}
        for item in self.objects:
            name = f"{item['kind']} {item['metadata']['name']}"
            if item["kind"] == "Pod":
                found[name] = item
            elif item["kind"] == "CronJob":
                found[name] = item["spec"]["jobTemplate"]["spec"]["template"]
            elif "template" in item.get("spec", {}) and "containers" in item["spec"]["template"].get("spec", {}):
                template = item["spec"]["template"]
                # The StatefulSet controller adds the volumes of its claims to each pod.
                claims = [c["metadata"]["name"] for c in item["spec"].get("volumeClaimTemplates", [])]
                own = [{"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-0"}} for claim in claims]
                volumes = [*template["spec"].get("volumes", []), *own]
                found[name] = template | {"spec": template["spec"] | {"volumes": volumes}}
        return found


@cache
def read(text: str) -> Rendered:
    """Objects in the output of helm; callers share them, so nobody may change one."""
    return Rendered(tuple(d for d in yaml.load_all(text, Loader=StrictLoader) if d), text)


@cache
def _run(helm: str, arguments: tuple[str, ...]) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(tool_path(helm)), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        # A person's own repositories, plugins and KUBECONFIG have no say here. Without garbage collection a render takes a quarter
        # less, in 80 MB.
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBECONFIG": os.devnull, "GOGC": "off"},
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def run_helm(helm: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one helm call that needs no cluster."""
    return _run(helm, arguments)


@dataclass(frozen=True)
class Chart:
    """The chart under test, seen through one helm."""

    helm: str
    folder: Path
    scratch: Path

    def arguments(self, preset: str | None, values: Mapping[str, Any] | None, sets: tuple[str, ...]) -> tuple[str, ...]:
        """Command-line options for a preset, a values tree and --set expressions."""
        options: list[str] = []
        if preset:
            options += ["-f", str(CHART / f"values-{preset}.yaml")]
        if values:
            text = yaml.safe_dump(dict(values))
            file = self.scratch / f"{abs(hash(text))}.yaml"
            file.write_text(text)
            options += ["-f", str(file)]
        for item in sets:
            options += ["--set", item]
        return tuple(options)

    def render(
        self,
        *sets: str,
        preset: str | None = None,
        values: Mapping[str, Any] | None = None,
        release: str = "llm-cost-ops",
        options: tuple[str, ...] = (),
    ) -> Rendered:
        """What `helm template` makes of it; fails the test when helm does."""
        code, out, err = run_helm(
            self.helm,
            "template",
            release,
            str(self.folder),
            "-n",
            "costs",
            *self.arguments(preset, values, sets),
            *options,
        )
        assert code == 0, err
        return read(out)

    def refusal(self, *sets: str, preset: str | None = None, values: Mapping[str, Any] | None = None) -> str:
        """What helm says against it; fails the test unless helm ends with 1, as it does for every error."""
        code, out, err = run_helm(
            self.helm, "template", "llm-cost-ops", str(self.folder), *self.arguments(preset, values, sets)
        )
        assert code == 1, f"rendered although it must not:\n{out[:2000]}"
        assert not out
        return err

    def call(self, *options: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a bare `helm template` with these options."""
        return run_helm(self.helm, "template", "llm-cost-ops", str(self.folder), *options)

    def notes(self, *sets: str, preset: str | None = None) -> str:
        """NOTES as a person reads them after an install (helm 4: helm 3 wants a cluster even for a dry run)."""
        code, out, err = run_helm(
            "helm4", "install", "llm-cost-ops", str(self.folder), "-n", "costs", "--dry-run=client",
            *self.arguments(preset, None, sets),
        )  # fmt: skip
        assert code == 0, err
        return out.split("NOTES:\n", 1)[1]


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Chart:
    """The chart through helm 4."""
    return Chart("helm4", CHART, tmp_path_factory.mktemp("values"))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeApi]:
    """A cluster of the test's own, whose objects it chooses."""
    with serve(tmp_path) as running:
        yield running


@pytest.fixture(scope="session", params=HELMS)
def chart_on_both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Chart:
    """The chart through helm 3 and helm 4 in turn."""
    return Chart(request.param, CHART, tmp_path_factory.mktemp("values"))


@pytest.fixture(params=[None, *PRESETS], ids=lambda p: p or "defaults")
def preset(request: pytest.FixtureRequest) -> str | None:
    """Chart defaults, then each preset."""
    value: str | None = request.param
    return value


@pytest.fixture
def app_env(chart: Chart) -> Callable[..., list[dict[str, Any]]]:
    """Environment of the app container for given --set expressions."""

    def env(*sets: str, preset: str | None = None, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        deployment = chart.render(*sets, preset=preset, values=values).one("Deployment", "llm-cost-ops")
        entries: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
        return entries

    return env


ON_ONE_HELM = (
    "test_install",
    "test_blue_green",
    "test_refusals",
    "test_kubernetes_schema",
    "test_guide",
    "test_jobs",
    "test_secrets",
    "test_data_guard",
    "test_app_role",
    "test_backup_s3",
    "test_config_file",
    "test_exporters",
    "test_external_redis",
    "test_grafana",
    "test_keda",
)
"""Modules whose helm 3 half waits for `make test-full`: the quick tier keeps two minutes by going through helm 4 there."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the helm 3 half of the long tables to the full tier."""
    for item in items:
        call = getattr(item, "callspec", None)
        if call and item.path.stem in ON_ONE_HELM and "helm3" in call.params.values():
            item.add_marker(pytest.mark.full)
