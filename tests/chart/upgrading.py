"""A release of the chart on a real API server: which pods an upgrade restarts there, and what it keeps."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.chart.conftest import Manifest
from tests.conftest import Bed

EARLIER: Final = sorted((Path(__file__).parent / "releases").glob("*.tgz"))
"""The earlier releases, packed as they were published. One more is one more file there."""
NAME: Final = "llm-cost-ops"
"""Of the chart, and of the release."""

Effect = dict[str, str]
"""Components whose pods were restarted, are new, are gone, or were replaced by pods of another name."""


@dataclass(frozen=True)
class State:
    """What matters of a release at one moment."""

    pods: Mapping[str, Mapping[str, Manifest]]
    """Pod templates by component and name of the workload."""
    claims: Mapping[str, list[Manifest]]
    """Claim templates by StatefulSet."""
    secrets: Mapping[str, Mapping[str, str]]

    def effect(self, after: State) -> Effect:
        """What leads from this state to that one."""
        components = sorted(self.pods.keys() | after.pods.keys())
        words = {one: _change(self.pods.get(one, {}), after.pods.get(one, {})) for one in components}
        return {component: word for component, word in words.items() if word}

    def changed_secrets(self, after: State) -> set[str]:
        """Secrets that are gone, or hold something else."""
        return {name for name, data in self.secrets.items() if after.secrets.get(name) != data}

    def changed_claims(self, after: State) -> set[str]:
        """StatefulSets that are still there, with another claim template."""
        return {name for name, made in self.claims.items() if after.claims.get(name, made) != made}


def _change(before: Mapping[str, Manifest], after: Mapping[str, Manifest]) -> str:
    if not before or not after:
        return "new" if after else "gone"
    if before.keys() != after.keys():
        return "replaced"
    return "" if before == after else "restarted"


@dataclass(frozen=True)
class Live:
    """A namespace, and the helm that works in it."""

    bed: Bed
    helm: str
    namespace: str
    folder: Path

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run helm in the namespace."""
        command = [self.helm, *words, "-n", self.namespace, "--kubeconfig", self.bed.kubeconfig]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )

    def done(self, *words: str) -> None:
        """The same; it must succeed."""
        done = self.call(*words)
        assert done.returncode == 0, done.stderr

    def kubectl(self, *words: str) -> str:
        """What kubectl prints in the namespace."""
        return self.bed.kubectl(*words, "-n", self.namespace)

    def values(self, values: Mapping[str, Any] | None) -> tuple[str, ...]:
        """The option that gives values to helm; None is no option."""
        if values is None:
            return ()
        file = self.folder / "values.yaml"
        file.write_text(yaml.safe_dump(dict(values)))
        return ("-f", str(file))

    def state(self) -> State:
        """How the release is now."""
        pods: dict[str, dict[str, Manifest]] = {}
        claims, secrets = {}, {}
        for one in self.bed.get("deployments,statefulsets,secrets", "-n", self.namespace)["items"]:
            name, spec = one["metadata"]["name"], one.get("spec", {})
            if one["kind"] != "Secret":
                pods.setdefault(one["metadata"]["labels"]["app.kubernetes.io/component"], {})[name] = spec["template"]
            elif one["type"] == "Opaque":
                secrets[name] = one["data"]
            if one["kind"] == "StatefulSet":
                made = spec.get("volumeClaimTemplates", [])
                claims[name] = [{key: claim[key] for key in ("metadata", "spec")} for claim in made]
        return State(pods, claims, secrets)


def read(chart: Path, name: str) -> Manifest:
    """A YAML file of a chart, which may be packed."""
    if chart.is_dir():
        text = (chart / name).read_text(encoding="utf-8")
    else:
        with tarfile.open(chart) as packed:
            content = packed.extractfile(f"{NAME}/{name}")
            assert content is not None
            text = content.read().decode()
    found: Manifest = yaml.safe_load(text)
    return found


def umbrella(folder: Path, chart: Path, alias: str | None = None) -> Path:
    """A chart of a team's own with this one below it."""
    (folder / "charts").mkdir(parents=True)
    (folder / "charts" / chart.name).symlink_to(chart)
    below = {"name": NAME, "version": read(chart, "Chart.yaml")["version"], "repository": ""}
    meta = {"apiVersion": "v2", "name": "platform", "version": "0.1.0"}
    depends = [below | ({"alias": alias} if alias else {})]
    (folder / "Chart.yaml").write_text(yaml.safe_dump(meta | {"dependencies": depends}))
    return folder
