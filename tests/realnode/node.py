"""Starts and stops the node: a control plane on the machine, and one real node in namespaces of its own.

The node is one process tree in its own mount, pid, uts, ipc and network namespaces, so the machine gets no forwarding, no
firewall rules, no bridge and no mounts, and killing its first process ends every container.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.realnode import images, layout, needs, settings, tools
from wizard.core.errors import Exit, Problem
from wizard.sandbox import pki, processes, toolchain
from wizard.sandbox.api import Api, ApiError
from wizard.sandbox.files import write_private
from wizard.sandbox.processes import Process

_START_LIMIT = 120.0
_HIERARCHIES = Path("/sys/fs/cgroup")
# The kubelet sets these for the whole machine, which no namespace holds back: they are noted and put back.
_KERNEL_SETTINGS = (
    "vm.overcommit_memory", "vm.panic_on_oom", "kernel.panic", "kernel.panic_on_oops", "kernel.keys.root_maxkeys",
    "kernel.keys.root_maxbytes",
)  # fmt: skip

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Node:
    """A node that runs."""

    kubeconfig: Path
    port: int

    def api(self) -> Api:
        """A client with all rights."""
        folder = self.kubeconfig.parent
        return Api(self.port, folder / "ca.crt", folder / "admin.crt", folder / "admin.key", layout.HOST_ADDRESS)


def build(progress: Progress) -> tuple[dict[str, Path], dict[str, Path]]:
    """Make programs and images ready and return both by name; raises Problem."""
    reason = needs.why_not()
    if reason:
        raise Problem(reason, "Run it on another machine.")
    needs.install(progress)
    programs = tools.ensure(progress)
    return programs, images.ensure(programs, progress)


def up(progress: Progress = lambda _: None) -> Node:
    """Start the node and return when cluster DNS is ready; one that runs is returned as it is. Raises Problem."""
    with lock():
        running = _running()
        if running is not None:
            return running
        programs, made = build(progress)
        _remove()
        try:
            return _start(programs, made, progress)
        except BaseException:
            _stop()  # the logs stay for whoever looks; the next `up` removes them
            raise


def down() -> None:
    """Stop the node and remove its state; programs and images stay."""
    with lock():
        _remove()


def grow_volume(name: str, size: str) -> None:
    """Make a volume of class `exact-size` larger, as a storage class that allows it does; the pod need not end."""
    needs.run(
        [*_inside("--mount"), "mount", "-o", f"remount,size={size}", str(layout.running() / "volumes" / name)], 10
    )


@contextlib.contextmanager
def disk_left(room: int) -> Iterator[None]:
    """Leave no more than so many bytes on the disk to which pods write; the kubelet then takes pods off the node."""
    inside, folder = _inside("--mount"), "/var/lib/kubelet"
    used = int(needs.run([*inside, "df", "--block-size=1", "--output=used", folder], 10).split()[-1])

    def resize(size: str) -> None:
        needs.run([*inside, "mount", "-o", f"remount,size={size}", folder], 10)

    resize(str(used + room))
    try:
        yield
    finally:
        resize("50%")


def trust_registry(host: str, authority: Path) -> None:
    """Let the node pull from a registry at address:port of this machine, whose certificate is of that authority."""
    folder = layout.registries() / host
    folder.mkdir(parents=True)
    (folder / "hosts.toml").write_text(f'server = "https://{host}"\n[host."https://{host}"]\nca = "{authority}"\n')


def load_image(archive: Path) -> None:
    """Import one more image into the node that runs."""
    _import([*_inside("--mount", "--net"), str(toolchain.ensure_pin(tools.PINS["ctr"]))], archive)


def _inside(*namespaces: str) -> list[str]:
    """The beginning of a command that runs in namespaces of the node."""
    outer = next(p for p in processes.load(layout.running() / "processes.json") if p.name == "node")
    return ["nsenter", "--target", str(_first_process(outer)), *namespaces]


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """One at a time changes what runs on the node."""
    layout.home().mkdir(parents=True, exist_ok=True)
    with (layout.home() / "lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _running() -> Node | None:
    folder = layout.running()
    with contextlib.suppress(OSError, ValueError, ApiError):
        node = Node(folder / "kubeconfig", int((folder / "ready").read_text()))
        known = processes.load(folder / "processes.json")
        if all(processes.alive(process) for process in known) and node.api().get("/readyz") == "ok":
            return node
    return None


def _remove() -> None:
    _stop()
    shutil.rmtree(layout.running(), ignore_errors=True)
    if layout.running().exists():
        raise Problem(f"{layout.running()} cannot be removed.", "Something of a node still runs there.", Exit.FAILED)


def _stop() -> None:
    """Everything is thrown away, so nothing needs a graceful end."""
    folder = layout.running()
    processes.stop(list(reversed(processes.load(folder / "processes.json"))), grace=0)
    subprocess.run(["ip", "link", "delete", layout.LINK], stderr=subprocess.DEVNULL, timeout=10, check=False)
    _restore_kernel_settings(folder)
    deadline = time.monotonic() + 10
    while not _remove_cgroups() and time.monotonic() < deadline:
        time.sleep(0.1)


def _start(programs: Mapping[str, Path], made: Mapping[str, Path], progress: Progress) -> Node:
    folder = layout.running()
    (folder / "volumes").mkdir(parents=True)
    folder.chmod(0o700)
    etcd, peer, port, manager, scheduler = processes.free_ports(5)
    node = Node(folder / "kubeconfig", port)
    _write_settings(folder, programs, port)
    started: list[Process] = []

    def launch(name: str, command: list[str], environment: Mapping[str, str]) -> Process:
        started.append(processes.start(name, command, folder / f"{name}.log", environment))
        processes.save(folder / "processes.json", started)
        return started[-1]

    _make_cgroups()
    path = os.pathsep.join([*{str(program.parent) for program in programs.values()}, os.environ["PATH"]])
    outer = launch("node", _node_command(folder), {"PATH": path})
    first = _first_process(outer)
    _link(first)
    plain = {"PATH": os.environ["PATH"]}
    control_plane = _control_plane(folder, programs, (etcd, peer, port, manager, scheduler))
    for name in ("etcd", "kube-apiserver"):
        launch(name, control_plane[name], plain)
    inside = ["nsenter", "--target", str(first), "--mount", "--net", str(programs["ctr"])]
    _until("containerd is ready", lambda: _succeeds([*inside, "version"]))
    for name in ("pause", "coredns"):
        _import(inside, made[name])
    client = node.api()
    _until("the API server is ready", lambda: client.get("/readyz") == "ok")
    progress("the API server is ready")
    for name in ("kube-controller-manager", "kube-scheduler"):
        launch(name, control_plane[name], plain)
    _apply(node, programs["kubectl"])
    volumes = [sys.executable, "-m", "tests.realnode.volumes", str(folder), layout.HOST_ADDRESS, str(port), str(first)]
    launch("volumes", volumes, layout.python_environment())
    values = {name: needs.run(["sysctl", "-n", name], 10).strip() for name in _KERNEL_SETTINGS}
    write_private(folder / "kernel-settings.json", json.dumps(values))
    (folder / "start-kubelet").touch()
    for name, archive in made.items():
        if name not in ("pause", "coredns"):
            _import(inside, archive)
    _until("the node is ready", lambda: _is_ready(client))
    _restore_kernel_settings(folder)
    _until("cluster DNS is ready", lambda: _has_dns(client))
    progress("the node is ready")
    write_private(folder / "ready", str(port))
    return node


def _write_settings(folder: Path, programs: Mapping[str, Path], port: int) -> None:
    authority = pki.make_authority()
    authority.write(folder / "ca.crt", folder / "ca.key")
    server = f"https://{layout.HOST_ADDRESS}:{port}"
    clients = {
        "admin": pki.issue(authority, "admin", ("system:masters",), server=True, addresses=(layout.HOST_ADDRESS,)),
        "kubelet": pki.issue(
            authority, f"system:node:{layout.NODE}", ("system:nodes",), server=True, addresses=(layout.NODE_ADDRESS,)
        ),
        "proxy": pki.issue(authority, "system:kube-proxy"),
    }
    for name, pair in clients.items():
        pair.write(folder / f"{name}.crt", folder / f"{name}.key")
        config = folder / ("kubeconfig" if name == "admin" else f"{name}.kubeconfig")
        write_private(config, settings.kubeconfig(server, authority, pair))
    runc = shutil.which("runc")
    assert runc is not None
    (folder / "cni").mkdir()
    (folder / "cni" / "10-pods.conflist").write_text(settings.network())
    (folder / "containerd.toml").write_text(settings.containerd(programs, runc))
    (folder / "kubelet.json").write_text(settings.kubelet(folder))
    (folder / "kube-proxy.json").write_text(settings.kube_proxy(folder))
    (folder / "resolv.conf").write_text(f"nameserver {layout.DNS_ADDRESS}\n")
    (folder / "resolv.node").write_text("nameserver 127.0.0.1\n")


def _node_command(folder: Path) -> list[str]:
    return [
        "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net",
        "--mount-proc", "bash", str(layout.HERE / "node-init.sh"), str(folder), layout.NODE,
        f"{layout.NODE_ADDRESS}/{layout.PREFIX}", layout.HOST_ADDRESS,
    ]  # fmt: skip


def _control_plane(folder: Path, programs: Mapping[str, Path], ports: tuple[int, ...]) -> dict[str, list[str]]:
    """Commands by name. The API server listens on the link to the node only, the others on 127.0.0.1."""
    etcd, peer = (f"http://127.0.0.1:{port}" for port in ports[:2])
    ca, crt, key = folder / "ca.crt", folder / "admin.crt", folder / "admin.key"
    config = folder / "kubeconfig"
    flags = {
        "etcd": [
            "--name=node", f"--data-dir={folder / 'etcd'}", f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=node={peer}", "--unsafe-no-fsync", "--log-level=error",
        ],
        "kube-apiserver": [
            f"--etcd-servers={etcd}", "--allow-privileged=true", "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction", f"--bind-address={layout.HOST_ADDRESS}",
            f"--advertise-address={layout.HOST_ADDRESS}", f"--secure-port={ports[2]}",
            f"--service-cluster-ip-range={layout.SERVICE_NETWORK}", f"--tls-cert-file={crt}",
            f"--tls-private-key-file={key}", f"--client-ca-file={ca}", f"--kubelet-certificate-authority={ca}",
            f"--kubelet-client-certificate={crt}", f"--kubelet-client-key={key}",
            "--kubelet-preferred-address-types=InternalIP", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            # The way to an API that a pod serves, as metrics-server does.
            f"--proxy-client-cert-file={crt}", f"--proxy-client-key-file={key}",
            f"--requestheader-client-ca-file={ca}", "--requestheader-allowed-names=admin",
            "--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        ],
        "kube-controller-manager": [
            f"--kubeconfig={config}", "--bind-address=127.0.0.1", f"--secure-port={ports[3]}", "--leader-elect=false",
            f"--root-ca-file={ca}", f"--service-account-private-key-file={key}",
            f"--cert-dir={folder / 'manager'}", "--use-service-account-credentials=true",
            "--horizontal-pod-autoscaler-sync-period=5s",
        ],
        "kube-scheduler": [
            f"--kubeconfig={config}", "--bind-address=127.0.0.1", f"--secure-port={ports[4]}", "--leader-elect=false",
            f"--cert-dir={folder / 'scheduler'}",
        ],
    }  # fmt: skip
    return {name: [str(programs[name]), *options] for name, options in flags.items()}


def _first_process(outer: Process) -> int:
    """Process id, on the machine, of the node's first process."""
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    _until("the node's first process runs", lambda: bool(children.read_text().split()))
    return int(children.read_text().split()[0])


def _link(first: int) -> None:
    _ip("link", "add", layout.LINK, "type", "veth", "peer", "name", "eth0", "netns", str(first))
    _ip("addr", "add", f"{layout.HOST_ADDRESS}/{layout.PREFIX}", "dev", layout.LINK)
    _ip("link", "set", layout.LINK, "up")
    for network in (layout.POD_NETWORK, layout.SERVICE_NETWORK):
        _ip("route", "add", network, "via", layout.NODE_ADDRESS)


def _ip(*words: str) -> None:
    needs.run(["ip", *words], 10)


def _cgroups() -> list[Path]:
    return [
        path.parent for path in _HIERARCHIES.glob("*/cgroup.procs") if not (path.parent / "cgroup.controllers").exists()
    ]


def _make_cgroups() -> None:
    """The kubelet wants its root in every hierarchy, with the machine's processors and memory in it."""
    for hierarchy in _cgroups():
        own = hierarchy / layout.CGROUP
        own.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (hierarchy / name).exists():
                (own / name).write_text((hierarchy / name).read_text())


def _remove_cgroups() -> bool:
    """Whether none is left; runc makes its own in the v2 hierarchy too, which the kubelet does not use."""
    for own in _HIERARCHIES.glob(f"*/{layout.CGROUP}"):
        for path in (*sorted((p for p in own.rglob("*") if p.is_dir()), reverse=True), own):
            with contextlib.suppress(OSError):
                path.rmdir()
    return not any(_HIERARCHIES.glob(f"*/{layout.CGROUP}"))


def _restore_kernel_settings(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for name, value in json.loads((folder / "kernel-settings.json").read_text()).items():
            needs.run(["sysctl", "-qw", f"{name}={value}"], 10)


def _import(inside: list[str], archive: Path) -> None:
    command = ["--address", "/run/containerd/containerd.sock", "--namespace", "k8s.io", "images", "import"]
    needs.run([*inside, *command, "--digests=false", str(archive)], 120)


def _apply(node: Node, kubectl: Path) -> None:
    text = (layout.HERE / "system.yaml").read_text()
    manifest = node.kubeconfig.with_name("system.yaml")
    manifest.write_text(text.replace("ADDRESS", layout.DNS_ADDRESS).replace("IMAGE", images.COREDNS))
    needs.run([str(kubectl), f"--kubeconfig={node.kubeconfig}", "apply", "-f", str(manifest)], 60)


def _succeeds(command: list[str]) -> bool:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)
    return done.returncode == 0


def _is_ready(client: Api) -> bool:
    conditions = client.get(f"/api/v1/nodes/{layout.NODE}")["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _has_dns(client: Api) -> bool:
    deployment = client.get("/apis/apps/v1/namespaces/kube-system/deployments/coredns")
    return "readyReplicas" in deployment["status"]


def _until(what: str, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_LIMIT
    while True:
        with contextlib.suppress(ApiError, OSError, subprocess.TimeoutExpired):
            if done():
                return
        if time.monotonic() > deadline:
            raise Problem(
                f"Waited {_START_LIMIT:.0f} s in vain until {what}.",
                f"The logs are in {layout.running()}.",
                Exit.FAILED,
            )
        time.sleep(0.05)
