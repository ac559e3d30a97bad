"""Runs on disk: `runs/<id>/` below the state folder, the processes that write there, and a control socket to them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wizard.adapters import atomic, bounded, scratch
from wizard.adapters.runs import pages, peers, processes
from wizard.adapters.runs.launch import Runner
from wizard.adapters.runs.tail import RecordLines, TailedFile, last_event, parse_event, pause
from wizard.core import limits
from wizard.core.errors import Exit, Problem
from wizard.core.run.events import Event
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.core.text import sanitize
from wizard.core.text.secrets import Secret
from wizard.core.text.time import rfc3339
from wizard.paths import state_dir

if TYPE_CHECKING:
    from wizard.core.run.spec import RunSpec

_RECORD: Final = "record.jsonl"
HEARTBEAT_SECONDS: Final = 30.0
"""A runner touches its runner.json every two seconds; one that has not for so long is pinged."""
_PING_SECONDS: Final = 2.0
_LEAST_ROOM: Final = 16 * 2**20
"""Bytes that must be free before a run starts."""
_LIVES_SECONDS: Final = 0.1
"""Seconds between two checks whether anybody still writes; a poll of the record itself costs next to nothing."""
_ANSWER_SECONDS: Final = 5.0
_ENDING_SECONDS: Final = 3.0
_LATEST: Final = 253_370_764_800.0
"""The year 9999: no later time can be shown."""


class RunFiles:
    """The runs of this person on this machine."""

    def __init__(self) -> None:
        # Ended runners stay zombies until they are polled.
        self._children: list[subprocess.Popen[bytes]] = []
        self._spare: Runner | None = None

    def warm(self) -> None:
        """Start a runner ahead of its order; it ends by itself when this process ends without an order."""
        if self._spare is None or self._spare.child.poll() is not None:
            self._spare = Runner()

    def runs(self) -> Sequence[RunSummary]:
        """Every run, newest first; those of `damaged` are left out."""
        summaries: list[RunSummary] = []
        for folder in _folder().iterdir():
            with contextlib.suppress(Problem):
                summaries += [summary] if (summary := self._summary(folder)) else []
        return sorted(summaries, key=lambda summary: (summary.started, summary.id), reverse=True)

    def damaged(self) -> Sequence[Problem]:
        """A problem for each run that cannot be shown."""
        problems = []
        for folder in sorted(_folder().iterdir()):
            try:
                self._summary(folder)
            except Problem as problem:
                problems.append(problem)
        return problems

    def find(self, run_id: str) -> RunSummary:
        """The run of that id or unique prefix, or the one with its folder or record at that path."""
        if (path := Path(run_id)).name == _RECORD or "/" in run_id or run_id == ".":
            return _copied(path)
        matching = (
            sorted(folder.name for folder in _folder().iterdir() if folder.name.startswith(run_id)) if run_id else []
        )
        exact = [name for name in matching if name == run_id]
        names = exact or matching
        if len(names) > 1:
            raise Problem(f"{run_id} is the start of {len(names)} runs: {', '.join(names)}.", "Give more of the id.")
        run = self._summary(_folder() / names[0]) if names else None
        if run is None:
            raise Problem(f"There is no run {run_id} here.", "See them all with: llm-cost-ops-wizard runs")
        return run

    async def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
        """Batches of events from seq > after; ends after run.finished, or when nobody writes any more."""
        run = self.find(run_id)
        path, copied, lines = _record(run), _is_copy(run), RecordLines(safe=_is_copy(run))
        # The processes of a copy are not checked: they are of another machine or time.
        lives, checked, busy = not copied, 0.0, 0.0
        with TailedFile(path) as record:
            while True:
                # Checked before reading, so that what a dying runner wrote last is still read.
                if not copied and time.monotonic() - checked > _LIVES_SECONDS:
                    lives, checked = _lives(_json(path.parent / "runner.json")), time.monotonic()
                data = record.read()
                events = [event for event in lines.feed(data) if event.seq > after or not event.seq]
                if events:
                    yield events
                    if any(event.type == "run.finished" for event in events):
                        return
                if not data and not lives:
                    return
                busy = time.monotonic() if data else busy
                await asyncio.sleep(pause(len(data), time.monotonic() - busy))

    async def command(self, run_id: str, name: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Send a command to the runner of a run and return its answer."""
        run = self.find(run_id)
        if _is_copy(run):
            raise Problem(
                f"{run.id} is a copy: nobody works on that run here.", "Give the id of a run of this machine."
            )
        try:
            request = {**(data or {}), "command": name, "who": _who()}
            answer = await _asked(_folder() / run.id, request, _ANSWER_SECONDS)
        except (OSError, ValueError, KeyError, TimeoutError) as error:
            raise Problem(f"Run {run.id} does not answer: it is {run.state}.", _what_now(run), Exit.FAILED) from error
        if not isinstance(answer, dict):
            raise Problem(f"Run {run.id} answered something else than expected.", code=Exit.FAILED)
        return answer

    def logs_until(self, run_id: str, seq: int) -> Sequence[Event]:
        """The last log events of the record up to `seq`, oldest first, limited to a part."""
        return self._piece(pages.until, run_id, seq)

    def logs_from(self, run_id: str, seq: int) -> Sequence[Event]:
        """The first log events of the record from `seq` on, limited to a part."""
        return self._piece(pages.since, run_id, seq)

    def _piece(self, read: Callable[[Path, int], Sequence[Event]], run_id: str, seq: int) -> Sequence[Event]:
        run = self.find(run_id)
        path = _record(run)
        try:
            events = read(path, seq)
        except OSError as error:
            raise Problem(
                f"{path} cannot be read: {error.strerror or error}.", "The newest lines still show."
            ) from error
        return [event.safe() for event in events] if _is_copy(run) else events

    async def record_error(self, run_id: str) -> str:
        """Why the record of a run cannot be written, "" while it can or nobody answers."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, TimeoutError, Problem):
            if not _is_copy(run := self.find(run_id)):
                answer = await _asked(_folder() / run.id, {"command": "ping"}, _PING_SECONDS)
                return str(answer["trouble"])
        return ""

    def start(self, spec: RunSpec, values: str, secrets: Mapping[str, Mapping[str, Secret]]) -> str:
        """Start a detached runner; returns the id. Raises Problem while another run of ours works on the target."""
        try:
            return self._start(spec, values, secrets)
        except OSError as error:
            words = f"Nothing was started: the record of the run cannot be written to {_where()}: {error.strerror or error}."
            raise Problem(words, "Make room there, or name another folder with XDG_STATE_HOME.", Exit.FAILED) from error

    def _start(self, spec: RunSpec, values: str, secrets: Mapping[str, Mapping[str, Secret]]) -> str:
        target = _absolute(spec.target)
        lock = self._lock(target)
        try:
            _has_room()
            _remove_left()
            with _new_folder() as folder:
                _own(lock, folder.name)
                atomic.write(folder / "values.yaml", values)
                started = rfc3339(datetime.now(UTC), "milliseconds")
                whole = {
                    "id": folder.name,
                    "started": started,
                    "who": _who(),
                    "holder": f"{self.machine()}/{folder.name}",
                    **replace(spec, target=target).to_data(),
                }
                atomic.write(folder / "run.json", json.dumps(whole, indent=1))
            self._launch(folder, json.dumps(_revealed(secrets)).encode(), lock)
        finally:
            os.close(lock)
        return folder.name

    def machine(self) -> str:
        """This person on this machine: user@host and an id of the state folder, as two machines may have one name."""
        import platform
        import secrets as random

        file = state_dir() / "machine"
        if not file.exists():
            atomic.write(file, random.token_hex(4))
        return f"{_who()}@{platform.node() or 'unnamed'}:{_machine_id()}"

    def helms(self, target: Target) -> Sequence[int]:
        """Processes of this machine that look like a helm at work on that release."""
        return processes.helms(target.release, target.namespace)

    def ended_by_logout(self) -> tuple[str, str]:
        """Why a run would not outlive this person's logout, and what to do; ("", "") when it does."""
        from wizard.adapters import session_survival

        return session_survival.ended_by_logout(session_survival.login())

    def revive(self, run_id: str) -> None:
        """Start a new runner for a run that lost its own; it goes on watching helm and finishes the record."""
        run = self.find(run_id)
        if run.state in ("running", "finished") or _is_copy(run):
            return
        folder = _folder() / run.id
        before = _process(_json(folder / "runner.json"))
        if not (folder / "supervisor.json").exists() and not (folder / "exit.json").exists():
            words = f"Run {run.id} ended before helm was started; nothing was installed."
            raise Problem(words, f"Its process says why in {run.log}; start it again.")
        if run.state == "hung" and before:
            # It may be stopped by a signal or stuck in the kernel; helm is not its child, so only the runner ends.
            with contextlib.suppress(ProcessLookupError):
                os.kill(before[0], signal.SIGKILL)
        # As long as helm or its supervisor lives, they hold the lock; the new runner waits for it and gets it then.
        lock = _lock_file(run.target)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._launch(folder, b"{}", lock)
        finally:
            os.close(lock)

    def _lock(self, target: Target) -> int:
        """The target's lock as a descriptor. Runner, supervisor and helm inherit it, and hold it until the last one ends."""
        handle = _lock_file(target)
        deadline = time.monotonic() + _ENDING_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                owner = os.pread(handle, 64, 0).decode("ascii", "replace").strip()
                # The processes of a finished run take some milliseconds to end.
                if self._state(_folder() / owner) == "finished" and time.monotonic() < deadline:
                    time.sleep(0.01)
                    continue
                os.close(handle)
                words = f"Run {owner} is working on {target} right now."
                raise Problem(words, f"Watch it with: llm-cost-ops-wizard runs {owner}") from None
            return handle

    def _launch(self, folder: Path, secrets: bytes, lock: int) -> None:
        self.warm()
        runner, self._spare = self._spare, None
        assert runner is not None  # noqa: S101 - warm has just made it
        self._children.append(runner.child)
        who = {"pid": runner.child.pid, "start": processes.start_of(runner.child.pid)}
        atomic.write(folder / "runner.json", json.dumps(who))
        try:
            runner.order(folder, secrets, lock)
        except OSError as error:
            words = f"Its process says why in {_log(folder)}."
            raise Problem(f"Run {folder.name} could not be started.", words) from error

    def _summary(self, folder: Path) -> RunSummary | None:
        """The run of a folder, None while it has no run.json yet; raises Problem when that is damaged."""
        spec = _spec(folder)
        if spec is None:
            return None
        if _is_foreign(folder, spec):
            return _copied(folder)
        last = last_event(folder / _RECORD)
        done = last.data if last and last.type == "run.finished" else {}
        return RunSummary(
            folder.name,
            limits.text_of(spec, "operation"),
            _target(spec),
            self._state(folder),
            limits.text_of(spec, "started"),
            str(done.get("verdict", "")),
            done.get("code"),
            limits.text_of(spec, "who"),
            str(_log(folder)),
            _ended(folder) or (last.time if done and last else ""),
            str(spec.get("cluster_uid", "")),
        )

    def _state(self, folder: Path) -> str:
        self._children = [child for child in self._children if child.poll() is None]
        last = last_event(folder / "record.jsonl")
        if last and last.type == "run.finished":
            return "finished"
        if _lives(_json(folder / "runner.json")):
            return "running" if _beats(folder) else "hung"
        for owners in (_json(folder / "supervisor.json"), _json(folder / "rollback" / "supervisor.json")):
            if any(_lives(limits.map_of(owners, who)) for who in ("supervisor", "helm")):
                return "orphaned"
        return "lost"


def _record(run: RunSummary) -> Path:
    path = _folder() / run.id  # an absolute path stays what it is
    return path if path.name == _RECORD else path / _RECORD


def _spec(folder: Path) -> Mapping[str, Any] | None:
    """The content of run.json, None where there is none; raises Problem when it is malformed."""
    path = folder / "run.json"
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            return None
        spec = limits.loads(bounded.read(path, limits.KEPT))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or (
            error if isinstance(error, limits.OverLimitError) else "it is not JSON"
        )
        raise _damaged(path, str(reason)) from None
    if not isinstance(spec, dict):
        raise _damaged(path, "it holds no keys")
    target = limits.map_of(spec, "target")
    for key in ("context", "namespace", "release"):
        if not isinstance(target.get(key), str):
            raise _damaged(path, f"its target has no {key} that is a text")
    for key in ("operation", "started"):
        if not isinstance(spec.get(key, ""), str):
            raise _damaged(path, f"its {key} is no text")
    return spec


def _damaged(path: Path, reason: str) -> Problem:
    words = (
        f"The run {sanitize.line(path.parent.name, 100)} cannot be shown: {sanitize.line(str(path), 300)}: {reason}."
    )
    return Problem(words, "Remove its folder if nobody needs it.")


def _is_foreign(folder: Path, spec: Mapping[str, Any]) -> bool:
    """Whether a run was copied here from another machine or name: its processes and socket are not ours."""
    holder = limits.text_of(spec, "holder")
    machine, _, run_id = holder.rpartition("/")
    # The host's name is not compared: a network may change it.
    ours = not holder or (run_id == folder.name and machine.rpartition(":")[2] == _machine_id())
    return not ours or spec.get("id", folder.name) != folder.name


def _machine_id() -> str:
    try:
        return bounded.read(state_dir() / "machine", limits.KIB).decode("ascii", "replace").strip()
    except OSError:
        return ""


def _ended(folder: Path) -> str:
    """When the end of helm was seen, also that of the rollback after a failure."""
    seen = [_json(place / "exit.json").get("time") for place in (folder, folder / "rollback")]
    times = [float(seconds) for seconds in seen if isinstance(seconds, int | float) and 0 < seconds < _LATEST]
    return datetime.fromtimestamp(max(times), UTC).isoformat(timespec="milliseconds") if times else ""


def _copied(path: Path) -> RunSummary:
    """A run that was copied here: its record is read as it is; no process writes it."""
    record = path.absolute()
    shown = sanitize.line(str(record), 300)
    try:
        record = record / _RECORD if record.is_dir() else record
        with bounded.open_regular(record) as file:
            first = parse_event(file.readline(limits.RECORD_LINE)).safe()
    except OSError as error:
        raise Problem(
            f"{shown} cannot be read: {error.strerror}.", "Give a run's folder, or its record.jsonl."
        ) from None
    except ValueError as error:
        raise Problem(
            f"{shown} is not the record of a run: its first line is not read: {sanitize.line(str(error), 200)}.",
            "Give a run's folder, or its record.jsonl.",
        ) from None
    if first.type != "run.started":
        raise Problem(f"{shown} is not the record of a run.", "Give a run's folder, or its record.jsonl.")
    last, data = last_event(record), first.data
    done = last.safe().data if last and last.type == "run.finished" else {}
    target = Target(*(limits.text_of(data["target"], key) for key in ("context", "namespace", "release")))
    state = "finished" if done else "lost"
    return RunSummary(
        str(record), data["operation"], target, state, first.time, str(done.get("verdict", "")), done.get("code")
    )


def _folder() -> Path:
    return state_dir("runs")


def _where() -> str:
    try:
        return str(_folder())
    except OSError as error:
        return str(error.filename)


def _has_room() -> None:
    """Raises OSError when the disk has too little room for a record."""
    disk = os.statvfs(_folder())
    if disk.f_bavail * disk.f_frsize < _LEAST_ROOM:
        raise OSError(errno.ENOSPC, f"less than {_LEAST_ROOM // 2**20} MiB are free there")


def _log(folder: Path) -> Path:
    """The log file of a run's process: the run's own, or the common one until it had its order."""
    own = folder / Runner.LOG
    return own if own.exists() else state_dir() / Runner.LOG


@contextlib.contextmanager
def _new_folder() -> Iterator[Path]:
    """A folder for a run, locked until its run.json is written: the next start removes those that were left before that."""
    for length in (2, 2, 2, 4, 8):
        folder = _folder() / os.urandom(length).hex()
        try:
            handle = scratch.make(folder)
        except FileExistsError:
            continue
        try:
            yield folder
        finally:
            os.close(handle)
        return
    raise Problem("No free name for a run was found.", f"Look into {_folder()}.", Exit.FAILED)


def _remove_left() -> None:
    """Remove the folders of starts that were killed before there was a run."""
    for folder in _folder().iterdir():
        if folder.is_dir() and all(file.name == "values.yaml" or file.name[0] == "." for file in folder.iterdir()):
            scratch.remove_left(folder)


def _absolute(target: Target) -> Target:
    """The target with an absolute path of its kubeconfig."""
    path = target.kubeconfig
    return replace(target, kubeconfig=str(Path(path).absolute())) if path else target


def _target(spec: Mapping[str, Any]) -> Target:
    named = spec["target"]
    return Target(named["context"], named["namespace"], named["release"], limits.text_of(named, "kubeconfig"))


def _lock_file(target: Target) -> int:
    import hashlib

    name = hashlib.sha256(target.key.encode()).hexdigest()[:16]
    return os.open(state_dir("locks") / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)


def _own(lock: int, run_id: str) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, run_id.encode(), 0)


def _who() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user often has no name
        return f"uid {os.getuid()}"


def _plain(value: Any) -> str:
    """A secret on its way through the private socket."""
    if isinstance(value, Secret):
        return value.reveal()
    msg = f"{type(value).__name__} cannot be sent to a run"
    raise TypeError(msg)


def _revealed(secrets: Mapping[str, Mapping[str, Secret]]) -> dict[str, dict[str, str]]:
    return {name: {key: value.reveal() for key, value in keys.items()} for name, keys in secrets.items()}


def _what_now(run: RunSummary) -> str:
    if run.state == "orphaned":
        return f"helm goes on; watch it again with: llm-cost-ops-wizard runs {run.id}"
    if run.state == "lost":
        return f"Its process says why in {run.log}."
    return "It has ended." if run.state == "finished" else "Try again in a moment."


def _beats(folder: Path) -> bool:
    """Whether a living runner is at work: its heartbeat is recent, or it answers."""
    try:
        silent = time.time() - (folder / "runner.json").stat().st_mtime
    except OSError:
        return True
    return silent < HEARTBEAT_SECONDS or _answers(folder)


async def _asked(folder: Path, request: Mapping[str, Any], seconds: float) -> Any:
    """The answer of a folder's runner; raises OSError, ValueError, KeyError or TimeoutError when there is none."""
    path = _socket(folder)
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            if not peers.is_own(writer.get_extra_info("socket")):
                raise PermissionError(errno.EPERM, "another user listens there", path)
            writer.write(json.dumps(request, default=_plain).encode() + b"\n")
            await writer.drain()
            return limits.loads(await reader.readline())
        finally:
            writer.close()


def _socket(folder: Path) -> str:
    """The socket of a folder's runner; raises OSError when it is unknown, or not this person's own."""
    path = limits.text_of(_json(folder / "control.json"), "socket")
    status = os.lstat(path)  # of "" it raises too
    if not stat.S_ISSOCK(status.st_mode) or status.st_uid != os.getuid():
        raise OSError(errno.ENOTSOCK, "it is not a socket of yours", path)
    return path


def _answers(folder: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PING_SECONDS)
            connection.connect(_socket(folder))
            connection.sendall(b'{"command":"ping"}\n')
            return bool(connection.recv(1))
    except (OSError, ValueError):
        return False


def _process(data: Mapping[str, Any]) -> tuple[int, str] | None:
    """The pid and the start of the process that a file names; None when it names none."""
    pid, start = data.get("pid"), limits.text_of(data, "start")
    return (pid, start) if limits.is_count(pid) and pid > 1 and start else None


def _lives(who: Mapping[str, Any]) -> bool:
    identity = _process(who)
    return bool(identity and processes.alive(*identity))


def _json(path: Path) -> dict[str, Any]:
    try:
        data = limits.loads(bounded.read(path, limits.KEPT))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _is_copy(run: RunSummary) -> bool:
    return Path(run.id).is_absolute()
