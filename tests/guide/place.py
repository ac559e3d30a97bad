"""Where the guide's commands run: a folder with what they name, the pinned tools on PATH, a sandbox, loopback repositories."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release import chart_repo
from tests.conftest import Bed
from tests.loopback import served

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "chart" / "llm-cost-ops"
NAMESPACE = "llm-cost-ops"
RELEASE = "llm-cost-ops"

# Addresses that the guide prints, and the folder of the loopback server that stands for each. The two of other
# projects hold an empty index: the guide adds them and this chart takes nothing from them.
ADDRESSES = {
    "https://charts.llm-cost-ops.com": "llm-cost-ops",
    "https://charts.bitnami.com/bitnami": "others",
    "https://prometheus-community.github.io/helm-charts": "others",
}

CUSTOM_VALUES = "podAnnotations:\n  example.com/team: costs\n"
SECRETS = {
    "postgres-password.txt": "a-password-of-postgres",
    "jwt-secret.txt": "a-jwt-secret-of-more-than-32-characters",
}


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """A folder to stand in, with one of the helms, and the cluster that KUBECONFIG names."""

    folder: Path
    helm: str
    bed: Bed
    address: str

    def shell(self, command: str, limit: float = 120) -> Done:
        """Run a command as printed, in bash, with nothing but the repositories' addresses replaced."""
        for printed, folder in ADDRESSES.items():
            command = command.replace(printed, f"{self.address}/{folder}")
        home = self.folder.parent / "home"
        done = subprocess.run(
            ["bash", "--norc", "-o", "pipefail", "-c", command],
            cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit, check=False,
            env={
                "PATH": f"{self.folder.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "KUBECONFIG": self.bed.kubeconfig,
            },
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def must(self, command: str, limit: float = 120) -> str:
        """What a command prints that only prepares or looks."""
        done = self.shell(command, limit)
        assert done.code == 0, f"{command}\n{done.err}"
        return done.out

    def get(self, *arguments: str, namespace: str = NAMESPACE) -> Any:
        """An object or a list, decoded."""
        return self.bed.get(*arguments, "-n", namespace)

    def names(self, kind: str, namespace: str = NAMESPACE) -> set[str]:
        """Names of the objects of a kind."""
        return {item["metadata"]["name"] for item in self.get(kind, namespace=namespace)["items"]}

    def history(self, release: str = RELEASE, namespace: str = NAMESPACE) -> list[dict[str, Any]]:
        """Revisions, oldest first; none when the name is free."""
        done = self.shell(f"helm history {release} -n {namespace} -o json")
        found: list[dict[str, Any]] = json.loads(done.out) if done.code == 0 else []
        return found

    def status(self, release: str = RELEASE, namespace: str = NAMESPACE) -> str:
        """Helm's word for the newest revision, or "absent"."""
        history = self.history(release, namespace)
        return str(history[-1]["status"]) if history else "absent"

    def credentials(self, namespace: str = NAMESPACE) -> dict[str, Any]:
        """Data of the chart's Secrets by name."""
        found = self.get("secrets", "--field-selector", "type=Opaque", namespace=namespace)["items"]
        return {one["metadata"]["name"]: one["data"] for one in found}

    def app_image(self, release: str = RELEASE, namespace: str = NAMESPACE) -> str:
        """Image of the application's Deployment."""
        deployment = self.get("deployment", release, namespace=namespace)
        return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


@contextmanager
def opened(scratch: Path, helm: str, bed: Bed, tool: Callable[[str], str]) -> Iterator[Place]:
    """A place in `scratch`, and nothing of it in the cluster before or after."""
    folder, programs, repositories = scratch / "guide", scratch / "bin", scratch / "repositories"
    for path in (folder / "secrets", programs, repositories / "others"):
        path.mkdir(parents=True)
    (folder / "helm").symlink_to(ROOT / "helm")
    (folder / "values.yaml").symlink_to(CHART / "values.yaml")
    for name in ("values-dev.yaml", "values-staging.yaml", "values-prod.yaml"):
        (folder / name).symlink_to(ROOT / name)  # a checkout has them where the guide's commands look
    (folder / "values-custom.yaml").write_text(CUSTOM_VALUES)
    for name, text in SECRETS.items():
        (folder / "secrets" / name).write_text(f"{text}\n")  # editors end a file with a newline
    (programs / "helm").symlink_to(tool(helm))
    (programs / "kubectl").symlink_to(tool("kubectl"))
    chart_repo.build(repositories / "llm-cost-ops", Path(tool("helm4")))
    (repositories / "others" / "index.yaml").write_text("apiVersion: v1\nentries: {}\n")
    with served(repositories) as address:
        place = Place(folder, helm, bed, address)
        _wipe(place, wait=True)
        yield place
        _wipe(place, wait=False)


def _wipe(place: Place, *, wait: bool) -> None:
    everything = f"{NAMESPACE} {NAMESPACE}-dev {NAMESPACE}-prod"
    place.must(f"kubectl delete namespace {everything} --ignore-not-found --wait={str(wait).lower()}")
    if place.status(namespace="default") != "absent":
        place.must(f"helm uninstall {RELEASE} -n default")
    place.must(f"kubectl delete pvc,secret,pod -n default -l app.kubernetes.io/instance={RELEASE}")
