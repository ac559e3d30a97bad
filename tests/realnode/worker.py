"""A worker in a release of the chart, which a test breaks and mends, and what the stores of that release are broken with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.realnode import images, layout
from tests.realnode.conftest import RELEASE, Release, until

WORKER = "Deployment/worker"
APPLICATION = f"docker.io/llm-cost-ops:{images.APP_TAGS[0]}"
POSTGRES, REDIS = images.of_store("postgresql"), images.of_store("redis")
_LABELS = {"app": "worker"}
_WORKS = "echo up; exec sleep 100000"
_CONFINED = {
    "allowPrivilegeEscalation": False, "runAsNonRoot": True, "runAsUser": 1000, "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
}  # fmt: skip
OF_ITS_IMAGE = {key: value for key, value in _CONFINED.items() if key != "runAsUser"}
"""The security context that leaves the user to the image."""
_STORE_OWNER = 999


def container(script: str = _WORKS, **fields: Any) -> dict[str, Any]:
    """A container that runs a shell script; a field that is None is left out."""
    given = {
        "name": "worker", "image": REDIS, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script],
        "securityContext": _CONFINED,
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "128Mi"}}, **fields,
    }  # fmt: skip
    return {key: value for key, value in given.items() if value is not None}


def pod(first: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The specification of the worker's pod, one that works when nothing is given."""
    return {
        "containers": [first or container()],
        "terminationGracePeriodSeconds": 0,
        "enableServiceLinks": False,
        **fields,
    }


def mounting(volume: Mapping[str, Any], at: str, script: str = _WORKS, **mount: Any) -> dict[str, Any]:
    """The same with a volume mounted at a path."""
    first = container(script, volumeMounts=[{"name": "given", "mountPath": at, **mount}])
    return pod(first, volumes=[{"name": "given", **volume}])


def calls_postgres(command: str, **environment: str) -> dict[str, Any]:
    """A worker that ends unless this command of psql succeeds."""
    given = {"PGHOST": f"{RELEASE}-postgresql", "PGUSER": "postgres", "PGDATABASE": "llm_cost_ops_prod", **environment}
    secret = {"name": f"{RELEASE}-postgresql-credentials", "key": "password"}
    password = [] if "PGPASSWORD" in given else [{"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": secret}}]
    variables = [{"name": key, "value": value} for key, value in {"PGCONNECT_TIMEOUT": "2", **given}.items()]
    script = f'psql -wv ON_ERROR_STOP=1 -c "{command}" || exit 1; exec sleep 100000'
    return pod(container(script, image=POSTGRES, env=[*variables, *password]))


def calls_redis(command: str, password: str | None = None, **environment: str) -> dict[str, Any]:
    """A worker that ends unless this command of redis-cli succeeds; without a password it gives that of the Secret."""
    secret = {"name": f"{RELEASE}-redis-credentials", "key": "redis-password"}
    source: dict[str, Any] = {"valueFrom": {"secretKeyRef": secret}} if password is None else {"value": password}
    given = {"REDIS_HOST": f"{RELEASE}-redis", **environment}
    variables: list[dict[str, Any]] = [{"name": key, "value": value} for key, value in given.items()]
    login = [{"name": "REDISCLI_AUTH", **source}] if password != "" else []
    script = f"redis-cli -e -h $REDIS_HOST {command} || exit 1; exec sleep 100000"
    return pod(container(script, env=[*variables, *login]))


def deployment() -> dict[str, Any]:
    """The worker as an object of the release."""
    template = {"metadata": {"labels": _LABELS}, "spec": pod()}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "worker"},
        "spec": {
            "replicas": 1, "strategy": {"type": "Recreate"}, "selector": {"matchLabels": _LABELS}, "template": template,
        },
    }  # fmt: skip


def values() -> str:
    """Values with which a release has the worker."""
    return json.dumps({"extraObjects": [deployment()]})


def run(release: Release, spec: Mapping[str, Any]) -> None:
    """Give the worker another specification; its old pod ends first."""
    change(release, "deployment", "worker", {"op": "replace", "path": "/spec/template/spec", "value": spec})


def change(release: Release, kind: str, name: str, *operations: Mapping[str, Any]) -> None:
    """Apply a JSON patch."""
    done = release.kubectl("patch", kind, name, "--type=json", "-p", json.dumps(operations))
    assert done.code == 0, done.err


def volume(release: Release, store: str) -> Path:
    """The folder of a store's volume, as the machine sees it."""
    name = release.get("pvc", f"data-{RELEASE}-{store}-0")["spec"]["volumeName"]
    return layout.running() / "volumes" / str(name)


def while_away(release: Release, store: str, act: Callable[[Path], None]) -> None:
    """Change the files of a store while it has no pod."""
    files, name = volume(release, store), f"{RELEASE}-{store}"
    selector = f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component={store}"
    release.kubectl("scale", "statefulset", name, "--replicas=0")
    release.kubectl("delete", "pod", f"{name}-0", "--grace-period=2", "--wait=false")
    until(lambda: not release.get("pods", "-l", selector)["items"], "its pod has ended")
    try:
        act(files)
    finally:
        release.kubectl("scale", "statefulset", name, "--replicas=1")


def replaced(name: str, content: Callable[[bytes], bytes]) -> tuple[Callable[[Path], None], Callable[[Path], None]]:
    """What gives the file of that name (a pattern) other content, and what puts it back."""
    before: list[bytes] = []

    def damage(files: Path) -> None:
        file = next(files.glob(name))
        before.append(file.read_bytes())
        file.write_bytes(content(before[-1]))

    return damage, lambda files: _write(next(files.glob(name)), before.pop())


def added(name: str, content: str) -> tuple[Callable[[Path], None], Callable[[Path], None]]:
    """What puts lines into a file of the store, made if it is not there, and what empties it."""
    return lambda files: _write(files / name, content.encode()), lambda files: _write(files / name, b"")


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    os.chown(file, _STORE_OWNER, _STORE_OWNER)


def emptied(name: str) -> tuple[Callable[[Path], None], Callable[[Path], None]]:
    """What empties a folder, and what puts its content back."""

    def empty(files: Path) -> None:
        (files / name).rename(files / f"{name}.kept")
        (files / name).mkdir(mode=0o700)
        os.chown(files / name, _STORE_OWNER, _STORE_OWNER)

    def fill(files: Path) -> None:
        shutil.rmtree(files / name)
        (files / f"{name}.kept").rename(files / name)

    return empty, fill


def owned_by(name: str, owner: int, mode: int) -> tuple[Callable[[Path], None], Callable[[Path], None]]:
    """What gives a folder to another user and mode, and what gives it back."""

    def own(user: int, bits: int) -> Callable[[Path], None]:
        def act(files: Path) -> None:
            os.chown(files / name, user, _STORE_OWNER)
            (files / name).chmod(bits)

        return act

    return own(owner, mode), own(_STORE_OWNER, 0o700)
