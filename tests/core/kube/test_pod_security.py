"""The Pod Security level of a pod: what the API server's own admission says, for pods that differ from a restricted one."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Bed
from wizard.core.kube import pod_security
from wizard.core.kube.pod_security import LEVELS, level
from wizard.sandbox.api import Api, ApiError

RESTRICTED: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "initContainers": [
        {"name": "first", "image": "a:1", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}},
    ],
    "containers": [
        {"name": "app", "image": "a:1", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}},
    ],
    "volumes": [{"name": "v", "emptyDir": {}}],
}  # fmt: skip
"""A pod that passes everywhere."""
Change = Callable[[dict[str, Any]], Any]


def _pod(**fields: Any) -> Change:
    return lambda spec: spec.update(fields)


def _context(at: str, **fields: Any) -> Change:
    """Fields of the security context of the pod, or of the first container of a list."""
    return lambda spec: (spec if at == "pod" else spec[at][0]).setdefault("securityContext", {}).update(fields)


def _container(**fields: Any) -> Change:
    return lambda spec: spec["containers"][0].update(fields)


def _volume(**source: Any) -> Change:
    return lambda spec: spec["volumes"].append({"name": f"v{len(spec['volumes'])}", **source})


CHANGES: dict[str, tuple[Change, str]] = {
    "nothing": (lambda _: None, "restricted"),
    "host network": (_pod(hostNetwork=True), "privileged"),
    "host process space": (_pod(hostPID=True), "privileged"),
    "host memory": (_pod(hostIPC=True), "privileged"),
    "host path": (_volume(hostPath={"path": "/"}), "privileged"),
    "nfs": (_volume(nfs={"server": "a", "path": "/"}), "baseline"),
    "config map": (_volume(configMap={"name": "a"}), "restricted"),
    "claim": (_volume(persistentVolumeClaim={"claimName": "a"}), "restricted"),
    "host port": (_container(ports=[{"containerPort": 80, "hostPort": 80}]), "privileged"),
    "port": (_container(ports=[{"containerPort": 80}]), "restricted"),
    "privileged": (_context("containers", privileged=True, allowPrivilegeEscalation=True), "privileged"),
    "escalation": (_context("initContainers", allowPrivilegeEscalation=True), "baseline"),
    "escalation not said": (lambda spec: spec["containers"][0]["securityContext"].pop("allowPrivilegeEscalation", 0), "baseline"),
    "capabilities kept": (_context("containers", capabilities={"drop": ["NET_RAW"]}), "baseline"),
    "capability to bind": (_context("containers", capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}), "restricted"),
    "capability to own": (_context("containers", capabilities={"drop": ["ALL"], "add": ["CHOWN"]}), "baseline"),
    "capability of admins": (_context("initContainers", capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}), "privileged"),
    "root of the pod": (_context("pod", runAsUser=0), "baseline"),
    "root of a container": (_context("containers", runAsUser=0), "baseline"),
    "another user": (_context("containers", runAsUser=999), "restricted"),
    "root not refused": (_context("pod", runAsNonRoot=None), "baseline"),
    "root refused by each": (
        lambda spec: (_context("pod", runAsNonRoot=None)(spec), _context("containers", runAsNonRoot=True)(spec), _context("initContainers", runAsNonRoot=True)(spec)),
        "restricted",
    ),
    "root allowed in one": (_context("containers", runAsNonRoot=False), "baseline"),
    "no profile": (_context("pod", seccompProfile=None), "baseline"),
    "profile unconfined": (_context("containers", seccompProfile={"type": "Unconfined"}), "privileged"),
    "local profile": (_context("containers", seccompProfile={"type": "Localhost", "localhostProfile": "a.json"}), "restricted"),
    "apparmor unconfined": (_context("containers", appArmorProfile={"type": "Unconfined"}), "privileged"),
    "selinux user": (_context("pod", seLinuxOptions={"user": "a"}), "privileged"),
    "selinux type": (_context("containers", seLinuxOptions={"type": "container_t"}), "restricted"),
    "selinux level": (_context("containers", seLinuxOptions={"level": "s0"}), "restricted"),
    "safe sysctl": (_context("pod", sysctls=[{"name": "net.ipv4.tcp_syncookies", "value": "1"}]), "restricted"),
    "sysctl": (_context("pod", sysctls=[{"name": "kernel.msgmax", "value": "1"}]), "privileged"),
    "probe of another host": (_container(livenessProbe={"tcpSocket": {"host": "127.0.0.1", "port": 80}}), "privileged"),
    "probe": (_container(livenessProbe={"tcpSocket": {"port": 80}}), "restricted"),
}  # fmt: skip
"""By name: a change of the pod, and the level that it passes with that alone."""


def changed(*names: str) -> dict[str, Any]:
    spec = copy.deepcopy(RESTRICTED)
    for name in names:
        CHANGES[name][0](spec)
    return spec


@pytest.mark.parametrize("name", CHANGES)
def test_the_level_of_a_pod(name: str) -> None:
    assert level(changed(name)) == CHANGES[name][1]


@pytest.mark.parametrize(
    "spec", [{"containers": None}, {"containers": [7]}, {"volumes": "x"}, {"containers": [{"securityContext": []}]}, {"securityContext": 1}]
)  # fmt: skip
def test_what_is_malformed_passes_nowhere_or_says_nothing(spec: dict[str, Any]) -> None:
    assert level(spec) in LEVELS


@pytest.mark.e2e
@pytest.mark.xdist_group("sandbox")
def test_the_api_server_judges_the_same(sandbox: Bed, namespace: str) -> None:
    chance = random.Random(16)
    tried = [(name,) for name in CHANGES] + [tuple(chance.sample(list(CHANGES), 3)) for _ in range(40)]
    for wanted in LEVELS[:2]:
        sandbox.kubectl("create", "namespace", f"{namespace}-{wanted}")
        sandbox.kubectl("label", "namespace", f"{namespace}-{wanted}", f"{pod_security.LABEL}={wanted}")
    api = sandbox.api()
    asked = {
        (names, wanted): _accepts(api, f"{namespace}-{wanted}", changed(*names))
        for names in tried
        for wanted in LEVELS[:2]
    }
    for wanted in LEVELS[:2]:
        sandbox.kubectl("delete", "namespace", f"{namespace}-{wanted}", "--wait=false")
    judged = {case: answer for case, answer in asked.items() if answer is not None}
    assert len(judged) > 2 * len(CHANGES), "most of what is combined is a pod"
    assert {names for names, _ in judged} >= {(name,) for name in CHANGES}
    assert judged == {
        (names, wanted): LEVELS.index(level(changed(*names))) <= LEVELS.index(wanted) for names, wanted in judged
    }


def _accepts(api: Api, namespace: str, spec: dict[str, Any]) -> bool | None:
    """Whether Pod Security admits it; None for what is no valid pod; any other error fails the test."""
    metadata = {"name": "a"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**spec, "serviceAccountName": "default"}}
    deadline = time.monotonic() + 20
    while True:
        try:
            api.call("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
        except ApiError as error:
            said = str(error)
        else:
            return True
        if "violates PodSecurity" in said:
            return False
        if '"a\\" is invalid' in said:
            return None
        if "serviceaccount" not in said or time.monotonic() > deadline:  # it is made a moment after the namespace
            pytest.fail(said)
        time.sleep(0.1)
