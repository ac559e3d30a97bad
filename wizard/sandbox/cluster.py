"""Starts, finds and stops sandboxes: etcd, API server, controller manager, scheduler, kwok and the agent, each detached.

Everything listens on 127.0.0.1 only, on ports that were free. The state of a sandbox is one private folder, and `down`
removes it with everything that runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wizard import paths
from wizard.core.errors import Exit, Problem
from wizard.sandbox import cert_manager, objects, pki, processes, scenarios, toolchain
from wizard.sandbox.api import Api, ApiError
from wizard.sandbox.catalog import APP_IMAGE, DEFAULT_NAME, NO_SCENARIO, SCENARIOS
from wizard.sandbox.files import write_private
from wizard.sandbox.objects import NodeShape as NodeShape  # part of this module's interface
from wizard.sandbox.processes import Process

TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "agent")
"""The processes of a sandbox, in order of start."""

_VERSION = toolchain.PINS["kube-apiserver"].version
_START_LIMIT = 60.0


@dataclass(frozen=True)
class SandboxInfo:
    """A started sandbox. `image` is an application image that can be pulled in it."""

    name: str
    folder: Path
    kubeconfig: Path
    context: str
    server: str
    nodes: NodeShape
    audit_log: Path | None = None
    image: str = "llm-cost-ops:1.0.0"


@dataclass(frozen=True)
class SandboxStatus:
    """State of a sandbox: `up`, `broken` (some of it runs) or `down`; `missing` names what does not run."""

    name: str
    state: str
    info: SandboxInfo | None = None
    scenario: str = NO_SCENARIO
    missing: tuple[str, ...] = ()


def state_folder() -> Path:
    """`$XDG_STATE_HOME/llm-cost-ops-wizard/sandboxes`."""
    return paths.state_home() / "sandboxes"


def _folder(name: str) -> Path:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
        raise Problem(
            f"{name!r} cannot be the name of a sandbox.", "Use up to 40 lower-case letters, digits and inner dashes."
        )
    return state_folder() / name


def context_name(name: str) -> str:
    """Name of the sandbox's context in its kubeconfig."""
    return "llm-cost-ops-sandbox" if name == DEFAULT_NAME else f"llm-cost-ops-sandbox-{name}"


def up(
    name: str = DEFAULT_NAME,
    nodes: NodeShape | None = None,
    *,
    audit: bool = False,
    extras: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> SandboxInfo:
    """Start a sandbox and return when its nodes are ready; a running one gets the extras that it has not.

    `nodes` is the shape of a new one (default: 3 of 4 CPU and 8 GiB over 3 zones). With `audit` the API server logs every
    request. `extras` are of catalog.EXTRAS. Missing tools are built, which takes minutes the first time. The remains of a crashed sandbox of this
    name are removed first. Raises Problem.
    """
    folder = _folder(name)
    with _lock(folder):
        info = _running_or_started(name, folder, nodes, audit, progress)
        if cert_manager.NAME in extras:
            _add_cert_manager(info, progress)
        return info


def _running_or_started(
    name: str, folder: Path, nodes: NodeShape | None, audit: bool, progress: Callable[[str], None]
) -> SandboxInfo:
    running = status(name)
    if running.state == "up" and running.info is not None:
        if nodes is not None and nodes != running.info.nodes:
            raise Problem(
                f"Sandbox {name!r} runs already with other nodes.", f"Run `sandbox down --name {name}` first."
            )
        return running.info
    if folder.exists():
        progress("removing the remains of a crashed sandbox")
        _remove(folder)
    shape = nodes or NodeShape()
    with contextlib.suppress(_PortTakenError):
        return _start(name, folder, shape, audit, progress)
    return _start(name, folder, shape, audit, progress)


def down(name: str = DEFAULT_NAME) -> bool:
    """Stop a sandbox and remove its folder; False when there was none."""
    folder = _folder(name)
    if not folder.exists():
        return False
    with _lock(folder):
        if not folder.exists():
            return False
        _remove(folder)
    return True


def names() -> list[str]:
    """The names of all sandboxes that have a folder: running or crashed."""
    try:
        return sorted(path.name for path in state_folder().iterdir() if path.is_dir())
    except FileNotFoundError:
        return []


def status(name: str = DEFAULT_NAME) -> SandboxStatus:
    """The state of a sandbox."""
    folder = _folder(name)
    if not folder.exists():
        return SandboxStatus(name, "down")
    recorded = processes.load(folder / "processes.json")
    missing = tuple(process.name for process in recorded if not processes.alive(process))
    info = _load_info(folder)
    if info is None or missing or len(recorded) < len(TOOLS):
        return SandboxStatus(name, "broken", info, missing=missing)
    try:
        return SandboxStatus(name, "up", info, scenarios.current(admin(name)))
    except ApiError:
        return SandboxStatus(name, "broken", info, missing=("kube-apiserver",))


def scenario(
    name: str, which: str, *, image: str = APP_IMAGE, namespace: str | None = None
) -> None:  # fmt: skip
    """Switch a scenario on (see catalog.SCENARIOS), for containers whose image name ends in `image`."""
    if which not in SCENARIOS:
        raise Problem(f"There is no scenario {which!r}.", f"Choose one of {', '.join(SCENARIOS)}.")
    require(name)
    scenarios.switch(admin(name), which, image, namespace)


def require(name: str = DEFAULT_NAME) -> SandboxInfo:
    """The sandbox of this name; raises Problem unless it runs."""
    state = status(name)
    if state.state != "up" or state.info is None:
        word = "is broken" if state.state == "broken" else "does not run"
        raise Problem(f"Sandbox {name!r} {word}.", f"Run `sandbox up --name {name}`.", Exit.REFUSED)
    return state.info


def admin(name: str = DEFAULT_NAME) -> Api:
    """A client of the sandbox's API server with all rights."""
    folder = _folder(name)
    info = _load_info(folder)
    if info is None:
        raise Problem(f"Sandbox {name!r} does not run.", f"Run `sandbox up --name {name}`.")
    return Api(int(info.server.rpartition(":")[2]), folder / "ca.crt", folder / "admin.crt", folder / "admin.key")


def environment(name: str = DEFAULT_NAME) -> dict[str, str]:
    """KUBECONFIG, and a PATH that begins with the pinned kubectl and helm 4 (if they are built)."""
    info = require(name)
    folders = []
    for tool in ("helm4", "kubectl"):
        with contextlib.suppress(toolchain.ToolMissing):
            folders.append(str(toolchain.tool_path(tool).parent))
    return {"KUBECONFIG": str(info.kubeconfig), "PATH": os.pathsep.join([*folders, os.environ.get("PATH", "")])}


class _PortTakenError(Problem):
    """Another process took a port between its choice and the start."""


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    paths.make_below(paths.state_home().parent, (paths.NAME, "sandboxes"))
    with folder.with_name(f".{folder.name}.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _remove(folder: Path) -> None:
    """Stop the processes, in reverse order of start, and remove the folder."""
    processes.stop(list(reversed(processes.load(folder / "processes.json"))))
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise Problem(f"The folder of the sandbox, {folder}, cannot be removed.", "Remove it yourself.", Exit.FAILED)


def _start(
    name: str, folder: Path, shape: NodeShape, audit: bool, progress: Callable[[str], None]
) -> SandboxInfo:  # fmt: skip
    tools = toolchain.ensure(TOOLS, toolchain.ProgressLines(progress))
    folder.mkdir(mode=0o700, parents=True)
    ports = dict(zip(("etcd", "peer", "api", "manager", "scheduler", "agent"), processes.free_ports(6), strict=True))
    info = SandboxInfo(
        name, folder, folder / "kubeconfig", context_name(name), f"https://127.0.0.1:{ports['api']}", shape,
        folder / "audit.log" if audit else None,
    )  # fmt: skip
    authority = pki.make_authority()
    authority.write(folder / "ca.crt", folder / "ca.key")
    leaf = pki.issue(authority, "sandbox-admin", ("system:masters",), server=True)
    leaf.write(folder / "admin.crt", folder / "admin.key")
    write_kubeconfig(info.kubeconfig, info, leaf)
    write_private(folder / "kwok.yaml", objects.KWOK_CONFIG)
    if audit:
        write_private(folder / "audit.yaml", objects.AUDIT_POLICY)
    started: list[Process] = []
    try:
        progress("starting etcd and the API server")
        commands = _commands(info, ports, tools)
        _launch(folder, commands[:2], started)
        client = Api(ports["api"], folder / "ca.crt", folder / "admin.crt", folder / "admin.key")
        _until("the API server is ready", folder, started, lambda: client.get("/readyz") == "ok")
        progress("starting controller manager, scheduler, kwok and the agent")
        _launch(folder, commands[2:], started)
        _populate(client, shape, ports["agent"])
        _until("the nodes are ready", folder, started, lambda: _nodes_ready(client, shape.count))
        write_private(folder / "sandbox.json", json.dumps(asdict(info), default=str))
    except BaseException:
        # The logs stay for inspection; the next `up` removes them.
        processes.stop(list(reversed(started)))
        if _port_was_taken(folder):
            shutil.rmtree(folder, ignore_errors=True)
            raise _PortTakenError("A port was taken while the sandbox started.", "Run `sandbox up` again.") from None
        raise
    return info


def _add_cert_manager(info: SandboxInfo, progress: Callable[[str], None]) -> None:
    """Start it beside the others, unless it runs."""
    started = processes.load(info.folder / "processes.json")
    if any(process.name == cert_manager.NAME for process in started):
        return
    program, definitions = cert_manager.build(toolchain.ProgressLines(progress))
    client = admin(info.name)
    progress("starting cert-manager")
    cert_manager.prepare(client, definitions)
    (port,) = processes.free_ports(1)
    command = cert_manager.command(program, info.kubeconfig, port)
    _launch(info.folder, [(cert_manager.NAME, command)], started)
    _until("cert-manager has its issuer ready", info.folder, started, lambda: cert_manager.ready(client))


def _port_was_taken(folder: Path) -> bool:
    """Whether a process ended because its port was in use."""
    return any("address already in use" in _tail(path, 20) for path in folder.glob("*.log"))


def _commands(info: SandboxInfo, ports: dict[str, int], tools: dict[str, Path]) -> list[tuple[str, list[str]]]:
    """Name and command of each process, in order of start."""
    folder, local = info.folder, "127.0.0.1"
    ca, crt, key = folder / "ca.crt", folder / "admin.crt", folder / "admin.key"
    etcd, peer = f"https://{local}:{ports['etcd']}", f"https://{local}:{ports['peer']}"
    healthy = "--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics"
    audit = (
        [f"--audit-policy-file={folder / 'audit.yaml'}", f"--audit-log-path={info.audit_log}"] if info.audit_log else []
    )
    flags: dict[str, list[str]] = {
        "etcd": [
            "--name=sandbox", f"--data-dir={folder / 'etcd'}", f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=sandbox={peer}", "--unsafe-no-fsync", "--log-level=error",
            *(  # no other user of this machine may read the Secrets in it
                flag
                for kind in ("", "peer-")
                for flag in (
                    f"--{kind}cert-file={crt}", f"--{kind}key-file={key}", f"--{kind}trusted-ca-file={ca}",
                    f"--{kind}client-cert-auth=true",
                )
            ),
        ],
        "kube-apiserver": [
            f"--etcd-servers={etcd}", f"--etcd-cafile={ca}", f"--etcd-certfile={crt}", f"--etcd-keyfile={key}", "--allow-privileged=true", "--endpoint-reconciler-type=none",
            "--authorization-mode=Node,RBAC", f"--bind-address={local}", f"--secure-port={ports['api']}",
            "--service-cluster-ip-range=10.96.0.0/16", f"--tls-cert-file={crt}", f"--tls-private-key-file={key}",
            f"--client-ca-file={ca}", f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc", f"--proxy-client-cert-file={crt}",
            f"--proxy-client-key-file={key}", f"--requestheader-client-ca-file={ca}",
            "--requestheader-allowed-names=sandbox-admin", "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            *audit,
        ],
        "kube-controller-manager": [
            f"--kubeconfig={info.kubeconfig}", f"--bind-address={local}", f"--secure-port={ports['manager']}",
            "--leader-elect=false", f"--root-ca-file={ca}", f"--service-account-private-key-file={key}",
            f"--cert-dir={folder / 'manager'}", healthy, "--kube-api-qps=200", "--kube-api-burst=400",
        ],
        "kube-scheduler": [
            f"--kubeconfig={info.kubeconfig}", f"--bind-address={local}", f"--secure-port={ports['scheduler']}",
            "--leader-elect=false", f"--cert-dir={folder / 'scheduler'}", healthy,
        ],
        "kwok": [
            "--manage-all-nodes=true", f"--kubeconfig={info.kubeconfig}", f"--config={folder / 'kwok.yaml'}",
            "--node-lease-duration-seconds=40", "--enable-crds=",
        ],
        "agent": [
            f"--server={info.server}", f"--ca={ca}", f"--cert={crt}", f"--key={key}",
            f"--listen={local}:{ports['agent']}",
        ],
    }  # fmt: skip
    return [(tool, [str(tools[tool]), *flags[tool]]) for tool in TOOLS]


def _launch(folder: Path, commands: Sequence[tuple[str, list[str]]], started: list[Process]) -> None:
    """Start processes; each is recorded before the next one starts, so that a crash of ours loses none."""
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "TMPDIR": str(folder)}
    for name, command in commands:
        started.append(processes.start(name, command, folder / f"{name}.log", environment))
        processes.save(folder / "processes.json", started)


def _until(what: str, folder: Path, started: Sequence[Process], done: Callable[[], bool]) -> None:
    """Wait until `done`; raises Problem with the last log line of a process that died."""
    deadline = time.monotonic() + _START_LIMIT
    while True:
        with contextlib.suppress(ApiError):
            if done():
                return
        for process in started:
            if not processes.alive(process):
                raise Problem(
                    f"{process.name} of the sandbox ended while starting: {_tail(folder / f'{process.name}.log', 1)}",
                    f"Its log is {folder / f'{process.name}.log'}.",
                    Exit.FAILED,
                )
        if time.monotonic() > deadline:
            raise Problem(
                f"Waited {_START_LIMIT:.0f} s in vain until {what}.", f"Look at the logs in {folder}.", Exit.FAILED
            )
        time.sleep(0.05)


def _tail(path: Path, lines: int) -> str:
    with contextlib.suppress(OSError):
        return "\n".join(path.read_text(errors="replace").strip().splitlines()[-lines:])
    return ""


def _populate(client: Api, shape: NodeShape, kubelet_port: int) -> None:
    for index in range(shape.count):
        client.create("/api/v1/nodes", objects.node(shape, index, kubelet_port, _VERSION))
    for name in ("standard", "fast-ssd"):
        client.create("/apis/storage.k8s.io/v1/storageclasses", objects.storage_class(name, default=name == "standard"))
    client.create("/apis/networking.k8s.io/v1/ingressclasses", objects.INGRESS_CLASS)
    scenarios.switch(client, NO_SCENARIO, APP_IMAGE, None)


def _nodes_ready(client: Api, count: int) -> bool:
    """Nodes are ready and schedulable, and pods can be created in the namespace `default`."""
    nodes = client.get("/api/v1/nodes")["items"]
    ready = [
        node for node in nodes
        if not node["spec"].get("taints")
        and any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))
    ]  # fmt: skip
    if len(ready) < count:
        return False
    client.get("/api/v1/namespaces/default/serviceaccounts/default")
    return True


def _load_info(folder: Path) -> SandboxInfo | None:
    try:
        raw: dict[str, Any] = json.loads((folder / "sandbox.json").read_text())
        return SandboxInfo(
            name=raw["name"], folder=folder, kubeconfig=folder / "kubeconfig", context=raw["context"],
            server=raw["server"], nodes=NodeShape(**raw["nodes"]), image=raw["image"],
            audit_log=Path(raw["audit_log"]) if raw["audit_log"] else None,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_kubeconfig(
    path: Path, info: SandboxInfo, client: pki.Pair, namespace: str | None = None, user: str = "admin"
) -> None:
    """A self-contained kubeconfig for a client certificate, readable by its owner only (JSON is YAML)."""
    context: dict[str, str] = {"cluster": info.context, "user": f"{info.context}-{user}"}
    if namespace:
        context["namespace"] = namespace

    def encoded(data: bytes) -> str:
        return b64encode(data).decode()

    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": info.context,
        "clusters": [
            {
                "name": info.context,
                "cluster": {
                    "server": info.server,
                    "certificate-authority-data": encoded((info.folder / "ca.crt").read_bytes()),
                },
            }
        ],
        "users": [
            {
                "name": f"{info.context}-{user}",
                "user": {
                    "client-certificate-data": encoded(client.certificate),
                    "client-key-data": encoded(client.key),
                },
            }
        ],
        "contexts": [{"name": info.context, "context": context}],
    }
    write_private(path, json.dumps(body, indent=2))
