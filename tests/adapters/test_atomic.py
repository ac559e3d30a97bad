"""Files are written whole, and nobody else who may write in the folder gets anything out of it."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wizard import paths
from wizard.adapters import atomic, memory_files, scratch
from wizard.core.errors import Problem

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
OTHER_USER = 61_234


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


def test_a_file_is_written_with_its_mode_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    atomic.write(tmp_path / "folder" / "f", "one", 0o640)
    atomic.write(tmp_path / "folder" / "f", b"\xff\x00two")
    assert (tmp_path / "folder" / "f").read_bytes() == b"\xff\x00two"
    assert mode(tmp_path / "folder" / "f") == 0o600
    assert names(tmp_path / "folder") == ["f"]


@pytest.mark.parametrize("moment", ["fsync", "fchmod", "replace"])
def test_who_puts_a_link_in_the_place_of_the_new_file_reaches_nothing_through_us(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o700)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    victim.chmod(0o600)
    real = getattr(os, moment)

    def swap(*arguments: Any, **named: Any) -> Any:
        for name in names(folder):
            (folder / name).unlink()
            (folder / name).symlink_to(victim)
        return real(*arguments, **named)

    monkeypatch.setattr(os, moment, swap)
    atomic.write(folder / "f", "text", 0o666)
    assert (victim.read_text(), mode(victim)) == ("mine", 0o600)


def test_a_name_that_is_taken_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    monkeypatch.setattr(os, "urandom", lambda count: b"\0" * count)
    (tmp_path / ".f.new-00000000").symlink_to(victim)
    with pytest.raises(FileExistsError):
        atomic.write(tmp_path / "f", "text")
    assert victim.read_text() == "mine"


@pytest.mark.parametrize(
    ("bits", "says"),
    [(0o777, "open to everybody"), (0o702, "open to everybody"), (0o770, "open to its group"), (0o775, "its group")],
)
def test_a_folder_in_which_others_may_replace_files_is_refused(tmp_path: Path, bits: int, says: str) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, -1, OTHER_USER)
    elif bits & 0o002 == 0:
        pytest.skip("only root can give a folder to another group")
    folder.chmod(bits)
    with pytest.raises(PermissionError, match=f"{says}.*may replace files"):
        atomic.write(folder / "f", "text")
    folder.chmod(bits | stat.S_ISVTX)
    atomic.write(folder / "f", "text")


def test_a_folder_of_the_users_own_group_is_used_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    folder.chmod(0o775)
    atomic.write(folder / "f", "text")


@AS_ROOT
def test_a_folder_of_another_user_is_refused_without_a_sticky_bit(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    os.chown(folder, OTHER_USER, OTHER_USER)
    with pytest.raises(PermissionError, match="belongs to another user"):
        atomic.write(folder / "f", "text")
    folder.chmod(0o1777)
    atomic.write(folder / "f", "text")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    atomic.write(folder / "f", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic.write(folder / "f", "new")
    assert names(folder) == ["f"]
    assert (folder / "f").read_text() == "old"


KILLED = """
import os, signal, sys
from pathlib import Path
from wizard.adapters import atomic
os.replace = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
atomic.write(Path(sys.argv[1]), "half")
"""


def test_what_a_killed_write_left_is_removed_by_the_next_one_and_what_another_writes_now_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    subprocess.run([sys.executable, "-c", KILLED, str(folder / "f")], cwd=ROOT, check=False)
    (left,) = names(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    at_work, handle = atomic._new(descriptor, ".f.new-")
    atomic.write(folder / "f", "text")
    assert left.startswith(".f.new-")
    assert sorted(names(folder)) == [at_work, "f"]
    os.close(handle)
    os.close(descriptor)


def test_two_writers_of_one_file_leave_one_whole_text(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    code = "import sys; from pathlib import Path; from wizard.adapters import atomic\n"
    code += "for _ in range(200): atomic.write(Path(sys.argv[1]), sys.argv[2] * 5000)"
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(folder / "f"), letter], cwd=ROOT) for letter in ("a", "b")
    ]
    assert [one.wait(60) for one in writers] == [0, 0]
    assert (folder / "f").read_text() in ("a" * 5000, "b" * 5000)
    assert names(folder) == ["f"]


def test_a_name_of_the_greatest_length_is_written(tmp_path: Path) -> None:
    name = "ä" * 127
    atomic.write(tmp_path / name, "text")
    assert (tmp_path / name).read_text() == "text"


def test_folders_of_state_are_private_even_where_they_were_open_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "llm-cost-ops-wizard" / "runs").mkdir(parents=True)
    (tmp_path / "llm-cost-ops-wizard").chmod(0o777)
    (tmp_path / "llm-cost-ops-wizard" / "runs").chmod(0o775)
    folder = paths.state_dir("runs")
    assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)


@AS_ROOT
@pytest.mark.parametrize("part", ["llm-cost-ops-wizard", "llm-cost-ops-wizard/runs"])
def test_a_state_folder_of_another_user_is_refused(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / part).mkdir(parents=True)
    os.chown(tmp_path / part, OTHER_USER, OTHER_USER)
    with pytest.raises(Problem, match=rf"belongs to another user \(uid {OTHER_USER}\)"):
        paths.state_dir("runs")


def test_a_temporary_folder_of_a_living_process_stays_and_that_of_a_dead_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    living = scratch.Scratch("key")
    code = "import os, signal; from wizard.adapters import scratch\n"
    code += "made = scratch.Scratch('key'); (made.path / 'k').write_text('x'); os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    others = ("llm-cost-ops-wizard-key-0000000g", "llm-cost-ops-wizard", "llm-cost-ops-run-abcdefgh")
    for name in others:
        (tmp_path / name).mkdir()
    (tmp_path / "llm-cost-ops-wizard-key-00000000").symlink_to(tmp_path / "home")
    assert len(list(tmp_path.glob("llm-cost-ops-wizard-key-*/k"))) == 1
    scratch.sweep()
    assert not list(tmp_path.glob("llm-cost-ops-wizard-key-*/k"))
    assert living.path.is_dir()
    assert (tmp_path / "home").is_dir()
    assert all((tmp_path / name).is_dir() for name in others)
    living.remove()
    assert not living.path.exists()


@AS_ROOT
def test_a_temporary_folder_of_another_user_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder = tmp_path / "llm-cost-ops-wizard-run-01234567"
    folder.mkdir()
    os.chown(folder, OTHER_USER, OTHER_USER)
    scratch.sweep()
    assert folder.is_dir()


def test_a_folder_that_another_start_removed_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    real, lost = fcntl.flock, list[str]()

    def late(handle: int, how: int) -> None:
        if not lost:
            (folder,) = tmp_path.glob("llm-cost-ops-wizard-*")
            lost.append(folder.name)
            folder.rmdir()
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    made = scratch.Scratch("key")
    assert made.path.is_dir()
    assert made.path.name not in lost
    made.remove()


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_key_for_a_library_is_on_no_disk_or_gone_with_its_use(
    in_memory: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create")
    with memory_files.file(b"key") as name:
        assert Path(name).read_bytes() == b"key"
        on_disk = list(tmp_path.glob("llm-cost-ops-wizard-key-*/*"))
        assert len(on_disk) == (0 if in_memory else 1)
        assert all(mode(one) == 0o600 and mode(one.parent) == 0o700 for one in on_disk)
    assert not list(tmp_path.glob("llm-cost-ops-wizard-key-*"))
