"""One operation held in the middle, so that something can be done to it: with the wizard's processes, or helm alone.

A small chart waits for ConfigMaps that a test makes when it likes; before that its hook and its pod cannot start. Moments
that no object can hold back are held by a proxy before the API server.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import ptyprocess

from tests import faultproxy
from tests.conftest import Bed
from tests.faultproxy import FaultProxy, Rule
from tests.terminal import as_on_a_terminal
from wizard.adapters.runs import processes
from wizard.core.run.view import RunView
from wizard.runner import record
from wizard.sandbox.api import Api, ApiError

ROOT: Final = Path(__file__).resolve().parents[2]
RELEASE: Final = "rel"
CANARY: Final = "canary-5d0c2c4f8a6e4b0f93d1"
SECONDS: Final = 90.0
_HELM: Final = r"(?i)user-agent: *helm"

BEFORE, RECORDED, HOOK, WAIT, ROLLBACK = (
    "before record",
    "after record",
    "during hook",
    "during wait",
    "during rollback",
)
PHASES: Final = (BEFORE, RECORDED, HOOK, WAIT, ROLLBACK)

_TEMPLATE: Final = """
{{- if .Values.hook }}
apiVersion: batch/v1
kind: Job
metadata:
  name: slow
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: slow, image: "busybox:1", envFrom: [{configMapRef: {name: released}}]}]
---
{{- end }}
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {generation: {{ .Values.generation | quote }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api, app.kubernetes.io/instance: {{ .Release.Name }}, generation: {{ .Values.generation | quote }}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: api, image: "nginx:1", envFrom: [{configMapRef: {name: released}}]}]
"""


def chart(folder: Path) -> str:
    """The chart in a folder; returns its path."""
    root = folder / "faults"
    (root / "templates").mkdir(parents=True, exist_ok=True)
    (root / "Chart.yaml").write_text("apiVersion: v2\nname: faults\nversion: 1.0.0\nappVersion: '1'\n")
    (root / "values.yaml").write_text("hook: false\ngeneration: 1\n")
    (root / "templates" / "all.yaml").write_text(_TEMPLATE)
    return str(root)


def until(what: str, done: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """What `done` answers once it is true; fails with `what` when it is not in time."""
    deadline = time.monotonic() + seconds
    while not (answer := done()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain until {what}"
        time.sleep(0.01)
    return answer


class Tty:
    """A program on a terminal of its own that can really be hung up."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self._process = ptyprocess.PtyProcess.spawn(
            list(argv), cwd=str(folder), env=dict(env), dimensions=(40, 200), preexec_fn=as_on_a_terminal
        )
        self.pid: int = self._process.pid
        self._start = processes.start_of(self.pid)
        self.raw = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                if select.select([self._process.fd], [], [], 0.05)[0]:
                    data = os.read(self._process.fd, 65536)
                    if data:
                        self.raw += data
                        continue
                else:
                    continue
            return

    @property
    def said(self) -> str:
        """All that it printed."""
        return self.raw.decode("utf-8", "replace").replace("\r\n", "\n")

    def send(self, number: int) -> None:
        """A signal as a person causes it: Ctrl-C is a key, a hang-up is the end of the terminal."""
        if number == signal.SIGINT:
            self._process.write(b"\x03")
        elif number == signal.SIGHUP:
            self.hang_up()
        else:
            os.kill(self.pid, number)

    def hang_up(self) -> None:
        """The terminal is gone."""
        self._stop.set()
        self._thread.join(10)
        self._process.fileobj.close()

    def lives(self) -> bool:
        """Whether it has not ended."""
        return processes.alive(self.pid, self._start)

    def end(self) -> str:
        """How it ended, once it has: a number or a signal's name."""
        until("the program on the terminal ends", lambda: not self.lives())
        self._thread.join(10)
        self._process.wait()
        if self._process.signalstatus is not None:
            return signal.Signals(self._process.signalstatus).name
        return str(self._process.exitstatus)

    def close(self) -> None:
        """Ended, whatever it does."""
        if self.lives():
            os.kill(self.pid, signal.SIGKILL)
        if not self._stop.is_set():
            self.hang_up()


@dataclass
class Moment:
    """A place for one operation: a namespace, the chart, and what holds it at the wanted moment."""

    bed: Bed
    namespace: str
    helm: str
    phase: str
    folder: Path
    kubeconfig: str
    proxy: FaultProxy | None = None
    held: Rule | None = None
    chart: str = ""
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        folder = self.bed.info.folder
        port = int(self.bed.info.server.rpartition(":")[2])
        self.api = Api(port, folder / "ca.crt", folder / "admin.crt", folder / "admin.key")
        self.chart = chart(self.folder)

    @property
    def env(self) -> dict[str, str]:
        """For the wizard's commands and helm."""
        return {
            **os.environ, "KUBECONFIG": self.kubeconfig, "PYTHONPATH": str(ROOT), "LLM_COST_OPS_HELM": self.helm,
            "PATH": "/usr/bin:/bin", "TERM": "xterm-256color",
        }  # fmt: skip

    def prepare(self) -> None:
        """What has to be there before: the namespace, and two revisions when it is about going back."""
        self.api.create("/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        if self.phase == ROLLBACK:
            for generation in (1, 2):
                self.run_helm(*self.words(f"generation={generation}", wait=False))
        if self.proxy and self.phase in (BEFORE, RECORDED):
            what = "/secrets" if self.phase == BEFORE else "/configmaps"
            self.held = self.proxy.add(Rule(method="POST|PATCH", path=what, head=_HELM, hold=True))

    def words(self, *values: str, wait: bool = True) -> list[str]:
        """What to tell helm alone for the same operation."""
        held = ["--wait", "--timeout", "10m"] if wait else []
        if self.phase == ROLLBACK and wait:
            return ["rollback", RELEASE, "1", "--namespace", self.namespace, *held]
        sets = [part for one in values for part in ("--set", one)]
        if self.phase == HOOK:
            sets += ["--set", "hook=true"]
        return ["upgrade", "--install", RELEASE, self.chart, "--namespace", self.namespace, *sets, *held]

    def run_helm(self, *words: str) -> str:
        """Helm alone, to its end."""
        done = subprocess.run(
            [self.helm, *words], env=self.env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def reached(self) -> bool:
        """Whether the operation is where it is held."""
        if self.held:
            return self.held.hits > 0
        if self.phase == ROLLBACK:
            return self.status() == "pending-rollback" and bool(self.pods("generation=1"))
        return bool(self.pods())

    def pods(self, selector: str = "") -> Sequence[Mapping[str, Any]]:
        """The pods of the namespace."""
        found: Sequence[Mapping[str, Any]] = self.api.get(
            f"/api/v1/namespaces/{self.namespace}/pods?labelSelector={selector.replace('=', '%3D')}"
        )["items"]
        return found

    def status(self) -> str:
        """What helm has recorded of the newest revision; "" when it has not."""
        found = self.api.get(f"/api/v1/namespaces/{self.namespace}/secrets?labelSelector=owner%3Dhelm")["items"]
        labels = [one["metadata"]["labels"] for one in found]
        return str(max(labels, key=lambda one: int(one["version"]))["status"]) if labels else ""

    def release(self) -> None:
        """Nothing is held back any more."""
        if self.proxy:
            self.proxy.remove()
        with contextlib.suppress(ApiError):
            body = {"metadata": {"name": "released"}, "data": {"a": "b"}}
            self.api.create(f"/api/v1/namespaces/{self.namespace}/configmaps", body)

    def close(self) -> None:
        """The namespace goes."""
        self.release()
        self.bed.kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--wait=false")


@contextlib.contextmanager
def moment(
    bed: Bed, namespace: str, helm: str, phase: str, folder: Path, *, kubeconfig: str = "", proxied: bool = False,
    notes: str = "",
) -> Iterator[Moment]:  # fmt: skip
    """A moment to work in, ready for its operation; `proxied`: also when nothing has to be held by the proxy."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        proxy, config = None, kubeconfig or bed.kubeconfig
        if proxied or phase in (BEFORE, RECORDED):
            proxy = stack.enter_context(faultproxy.before(bed.info.folder, config, folder))
        made = Moment(bed, namespace, helm, phase, folder, proxy.kubeconfig if proxy else config, proxy)
        if notes:
            Path(made.chart, "templates", "NOTES.txt").write_text(notes)
        stack.callback(made.close)
        made.prepare()
        yield made


class Ours:
    """The operation as the wizard does it: a front end on a terminal, a runner, a supervisor and helm."""

    def __init__(self, where: Moment, state: Path, *, major: int = 4, timeout: str = "10m") -> None:
        self.where, self.state = where, state / "llm-cost-ops-wizard"
        secrets = where.folder / "planted.json"
        rollback = where.phase == ROLLBACK
        spec = {
            "operation": "rollback" if rollback else "install", "chart": "" if rollback else where.chart,
            "target": {
                "context": where.bed.info.context, "namespace": where.namespace, "release": RELEASE,
                "kubeconfig": where.kubeconfig,
            },
            "id": "", "values": f"hook: {str(where.phase == HOOK).lower()}\n", "timeout": timeout, "revision": 1 if rollback else 0,
            "helm": {"path": where.helm, "version": f"v{major}.0.0", "major": major},
            "secrets": [] if rollback else [{"name": "planted", "type": "Opaque", "keys": ["password"]}],
        }  # fmt: skip
        (where.folder / "spec.json").write_text(json.dumps(spec))
        secrets.write_text(json.dumps({} if rollback else {"planted": {"password": CANARY}}))
        secrets.chmod(0o600)
        argv = [sys.executable, "-m", "tests.e2e.fault_front_end", str(where.folder / "spec.json"), str(secrets)]
        self.front_end = Tty(argv, {**where.env, "XDG_STATE_HOME": str(state)}, where.folder)
        self.starts: dict[str, str] = {}

    @property
    def folder(self) -> Path:
        """The run's folder."""
        (found,) = (self.state / "runs").iterdir()
        return found

    @property
    def id(self) -> str:
        """The run's id."""
        return self.folder.name

    def reach(self) -> None:
        """Wait until helm is where it is held and all processes are known."""
        until(f"helm is {self.where.phase}; the front end says: {self.front_end.said[-600:]}", self._reached)
        for who in ("runner", "supervisor", "helm"):
            self.starts[who] = str(self.who(who)["start"])

    def _reached(self) -> bool:
        assert self.front_end.lives(), self.front_end.said
        return self.where.reached() and bool(self._json("supervisor.json"))

    def _json(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / name).read_text())
        except (OSError, ValueError):
            return {}
        return found

    def who(self, name: str) -> dict[str, Any]:
        """Pid and start of one of the processes."""
        found: dict[str, Any] = self._json("runner.json") if name == "runner" else self._json("supervisor.json")[name]
        return found

    def send(self, number: int, name: str) -> None:
        """A signal to one of the four."""
        if name == "front end":
            self.front_end.send(number)
        else:
            os.kill(int(self.who(name)["pid"]), number)

    def lives(self, name: str) -> bool:
        """Whether the very process that was there when the moment was reached still lives."""
        if name == "front end":
            return self.front_end.lives()
        return processes.alive(int(self.who(name)["pid"]), self.starts[name])

    def wizard(self, *words: str) -> subprocess.Popen[str]:
        """A command of the wizard, without a terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "wizard", *words], cwd=self.where.folder, text=True,
            env={**self.where.env, "XDG_STATE_HOME": str(self.state.parent)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def call(self, *words: str) -> tuple[int, str]:
        """Exit code and words of a command, to its end."""
        process = self.wizard(*words)
        said, _ = process.communicate(timeout=SECONDS)
        assert "Traceback" not in said, said
        return process.returncode, said

    def view(self) -> RunView:
        """What the record says by now."""
        view = RunView()
        for event in record.read(self.folder / "record.jsonl"):
            view.apply(event)
        return view

    def finished(self) -> RunView:
        """What the record says, once it has its end."""
        until(f"run {self.id} has its end in the record", lambda: self.view().finished)
        return self.view()

    def lock_is_free(self) -> bool:
        """Whether another run may work on the target."""
        for path in (self.state / "locks").iterdir():
            with path.open("r+") as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    return False
        return True

    def leaks(self) -> list[str]:
        """Files of the state folder in which the planted secret is, and that others than their owner may read."""
        files = [path for path in self.state.rglob("*") if path.is_file()]
        return [str(one) for one in files if CANARY.encode() in one.read_bytes() or one.stat().st_mode & 0o077]

    def close(self) -> None:
        """No process of it is left."""
        self.front_end.close()
        for name in ("runner", "supervisor", "helm"):
            with contextlib.suppress(OSError, KeyError, ValueError):
                one = self.who(name)
                if processes.alive(int(one["pid"]), str(one["start"])):
                    os.kill(int(one["pid"]), signal.SIGKILL)
