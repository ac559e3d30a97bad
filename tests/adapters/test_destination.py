"""`--write PATH` onto what is no plain file: links keep, streams take the text, and the rest is refused in words."""

from __future__ import annotations

import os
import random
import select
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.adapters import destination
from wizard.adapters.files import PersonFiles
from wizard.core.errors import Problem

ROOT = Path(__file__).resolve().parents[2]
TEXT = "a: 1\n" * 20_000


@pytest.fixture(autouse=True)
def devices() -> Iterator[None]:
    """Whatever a test does wrong as root, the machine's own devices are as they were."""
    before = [os.lstat(path) for path in ("/dev/null", "/dev/full", "/dev/stdout")]
    yield
    after = [os.lstat(path) for path in ("/dev/null", "/dev/full", "/dev/stdout")]
    assert [(one.st_mode, one.st_rdev) for one in after] == [(one.st_mode, one.st_rdev) for one in before]


def test_a_link_stays_and_its_target_gets_the_text(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    real = tmp_path / "deep" / "values.yaml"
    real.write_text("old\n")
    real.chmod(0o640)
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("deep/values.yaml")
    written = PersonFiles().write(str(tmp_path / "one"), TEXT)
    assert (tmp_path / "one").is_symlink()
    assert (tmp_path / "two").is_symlink()
    assert real.read_text() == TEXT
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert Path(written[1]).read_text() == "old\n"
    assert list((tmp_path / "deep").iterdir()) == [real], "the old text is not kept beside the file"


def test_a_link_to_a_file_that_is_not_there_makes_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("new.yaml")
    PersonFiles().write(str(tmp_path / "link"), TEXT)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "new.yaml").read_text() == TEXT


def test_links_in_a_circle_are_said(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(Problem, match="too many levels of symbolic links"):
        PersonFiles().write(str(tmp_path / "a"), TEXT)
    with pytest.raises(Problem, match="cannot be written"):
        PersonFiles().write(str(tmp_path / "a" / "v.yaml"), TEXT)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a link to another user")
def test_a_link_of_another_user_is_not_followed_where_everybody_may_make_one(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (folder / "v.yaml").symlink_to(victim)
    os.lchown(folder / "v.yaml", 61_234, 61_234)
    with pytest.raises(Problem, match="link of another user"):
        PersonFiles().write(str(folder / "v.yaml"), TEXT)
    assert victim.read_text() == "mine"
    with pytest.raises(Problem):
        PersonFiles().existing(str(folder / "v.yaml"))


def test_a_folder_and_a_socket_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem, match="it is a folder"):
        PersonFiles().write(str(tmp_path), TEXT)
    with socket.socket(socket.AF_UNIX) as line:
        monkeypatch.chdir(tmp_path)  # a socket's path must be short
        line.bind("s")
        with pytest.raises(Problem, match="it is a socket"):
            PersonFiles().write(str(tmp_path / "s"), TEXT)
        with pytest.raises(Problem):
            PersonFiles().existing(str(tmp_path / "s"))


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK])
def test_a_device_is_refused_and_neither_opened_nor_replaced(
    kind: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "device"
    device.write_text("as it was")
    real = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        status = real(path)
        return os.stat_result((kind | 0o666, *status[1:])) if path == device else status

    def no_open(*_: object, **__: object) -> int:
        raise AssertionError("a device was opened")

    monkeypatch.setattr(Path, "lstat", lstat)
    monkeypatch.setattr(os, "open", no_open)
    (tmp_path / "link").symlink_to(device)
    for path in (device, tmp_path / "link"):
        with pytest.raises(Problem, match="it is a device"):
            PersonFiles().write(str(path), TEXT)
        with pytest.raises(Problem):
            PersonFiles().existing(str(path))
    assert device.read_text() == "as it was"


@pytest.mark.parametrize("name", ["null", "full"])
def test_a_link_to_a_device_is_refused_too(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to(f"/dev/{name}")
    assert not isinstance(_found(tmp_path / name), Path), "refused before this test lets anything be written"
    with pytest.raises(Problem, match="it is a device"):
        PersonFiles().write(str(tmp_path / name), TEXT)
    with pytest.raises(Problem):
        PersonFiles().existing(str(tmp_path / name))


def _found(path: Path) -> object:
    try:
        return destination.find(str(path), "values file")
    except Problem as problem:
        return problem


def test_a_fifo_that_somebody_reads_takes_the_text(tmp_path: Path) -> None:
    fifo, got = tmp_path / "fifo", bytearray()
    os.mkfifo(fifo)
    handle = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    def read() -> None:
        while len(got) < len(TEXT) and select.select([handle], [], [], 10)[0]:
            got.extend(os.read(handle, 4096))

    reader = threading.Thread(target=read)
    write = os.open(fifo, os.O_WRONLY)  # a FIFO without any writer would seem to be at its end
    reader.start()
    PersonFiles().write(str(fifo), TEXT)
    reader.join()
    os.close(write)
    os.close(handle)
    assert got.decode() == TEXT
    assert stat.S_ISFIFO(fifo.lstat().st_mode)


def test_a_fifo_that_nobody_reads_is_refused_at_once_and_never_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Problem, match="nobody reads this FIFO"):
        PersonFiles().write(str(tmp_path / "fifo"), TEXT)
    assert PersonFiles().existing(str(tmp_path / "fifo")) is None
    assert stat.S_ISFIFO((tmp_path / "fifo").lstat().st_mode)


def test_a_reader_that_stops_reading_a_fifo_does_not_hold_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destination, "_READER_SECONDS", 0.1)
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(Problem, match=r"nobody read it for 0\.1 s"):
        PersonFiles().write(str(tmp_path / "fifo"), TEXT)
    os.close(reader)


def test_a_file_that_is_too_large_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Problem, match="has more than 67108864 bytes"):
        PersonFiles().write(str(large), TEXT)
    with pytest.raises(Problem):
        PersonFiles().existing(str(large))
    assert large.stat().st_size == 1 << 40


def test_bytes_that_are_no_text_are_kept_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_bytes(b"\xff\xfe\r\n\x00")
    written = PersonFiles().write(str(path), TEXT)
    assert Path(written[1]).read_bytes() == b"\xff\xfe\r\n\x00"


WRITE = [sys.executable, "-m", "wizard", "values", "--preset", "dev", "--yes", "--context", "none"]
WRITE += ["--answer", "image=a/b:1", "--write"]


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("to", ["a pipe", "a file"])
def test_standard_output_by_its_path_takes_the_values(path: str, to: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if to == "a pipe":
        done = subprocess.run(
            [*WRITE, path], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        said = done.stdout
    else:
        with (tmp_path / "out").open("w") as out:
            done = subprocess.run(
                [*WRITE, path],
                cwd=tmp_path,
                env=environment,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        said = (tmp_path / "out").read_text()
    assert done.returncode == 0, done.stderr
    assert said.startswith("# Values of LLM Cost Ops for dev")
    assert "repository: a/b\n" in said or "image:" in said


def test_a_descriptor_that_was_handed_to_us_takes_the_text_and_our_own_do_not(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    PersonFiles().write(f"/dev/fd/{write}", "a: 1\n")
    assert os.read(read, 100) == b"a: 1\n"
    os.set_inheritable(write, False)
    with pytest.raises(Problem, match="bad file descriptor"):
        PersonFiles().write(f"/dev/fd/{write}", "a: 1\n")
    os.close(read)
    os.close(write)


NAMES = ("a", "b", "c", "d/a", "d/b", "d/e/c")


def grown(folder: Path, dice: random.Random) -> None:
    """A tree of files and links, some of them dangling or in circles, one through a linked folder."""
    (folder / "d" / "e").mkdir(parents=True)
    (folder / "linked").symlink_to("d/e")
    for name in NAMES:
        other = dice.choice((*NAMES, "missing", "d/missing", "linked/c", "linked/new", "nowhere/x"))
        match dice.randrange(4):
            case 0:
                (folder / name).write_text("old")
            case 1:
                (folder / name).symlink_to(folder / other)
            case 2:
                (folder / name).symlink_to(os.path.relpath(folder / other, (folder / name).parent))


def texts(folder: Path) -> dict[str, str]:
    """What is in each file, and where each link leads, of the tree."""
    return {
        str(path.relative_to(folder)): f"-> {path.readlink()}".replace(str(folder), "") if path.is_symlink() else path.read_text()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }  # fmt: skip


@pytest.mark.parametrize("cases", [40, pytest.param(2000, marks=pytest.mark.full)])
def test_links_are_followed_as_the_kernel_follows_them(cases: int, tmp_path: Path) -> None:
    for seed in range(cases):
        ours, kernels = tmp_path / f"{seed}" / "ours", tmp_path / f"{seed}" / "kernels"
        for folder in (ours, kernels):
            grown(folder, random.Random(seed))
        name = random.Random(seed).choice((*NAMES, "linked/c", "missing"))
        try:
            (kernels / name).write_text("new")
            refused = False
        except OSError:
            refused = True
        try:
            PersonFiles().write(str(ours / name), "new")
        except Problem:
            assert refused, (seed, name)
        assert texts(ours) == texts(kernels), (seed, name)
