"""A person's files: regular ones to their end, pipes within a size and a time, anything else not at all."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.door_strategies import each, one_sentence
from wizard.adapters import bounded
from wizard.adapters.files import PersonFiles
from wizard.core import limits
from wizard.core.errors import Problem


def piped(text: bytes) -> str:
    """A path as the shell's process substitution gives it, for a text that was written and a writer that is gone."""
    reading, writing = os.pipe()
    os.write(writing, text)
    os.close(writing)
    return f"/dev/fd/{reading}"


@each(2000)
def test_any_text_is_read_as_it_is(many: settings, tmp_path: Path) -> None:
    @many
    @given(st.text(min_size=1, max_size=50))
    def holds(text: str) -> None:
        raw = text.encode("utf-8", "surrogatepass")
        (tmp_path / "f").write_bytes(raw)
        with one_sentence("is not UTF-8 text"):
            assert PersonFiles().read(str(tmp_path / "f"), "values file").encode() == raw

    holds()


def test_data_keep_their_tabs_escapes_and_line_ends(tmp_path: Path) -> None:
    raw = "\ta\x1b[1mb\r\nc\u202ed\n"
    (tmp_path / "f").write_bytes(raw.encode())
    assert PersonFiles().read(str(tmp_path / "f"), "file") == raw
    assert PersonFiles().existing(str(tmp_path / "f")) == raw


def test_a_secret_from_a_pipe_is_there_for_everybody_who_asks() -> None:
    files, path = PersonFiles(), piped(b"s3cret\n")
    first, note = files.read_secret(path, "file for jwt")
    again, _ = files.read_secret(path, "file for jwt")
    assert (first.reveal(), again.reveal(), note) == ("s3cret", "s3cret", "one trailing newline was removed")


def test_a_secret_file_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    files, path = PersonFiles(), tmp_path / "jwt"
    for text in ("one", "another"):
        path.write_text(text)
        assert files.read_secret(str(path), "file")[0].reveal() == text


def test_values_come_from_a_pipe_too() -> None:
    assert PersonFiles().read(piped(b"a: 1\n"), "values file") == "a: 1\n"


def test_what_is_neither_a_file_nor_a_pipe_is_refused_by_its_kind(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        kinds = {
            "/dev/zero": "device",
            "/dev/null": "device",
            str(tmp_path): "folder",
            str(tmp_path / "socket"): "socket",
        }
        for path, kind in kinds.items():
            for read in (PersonFiles().read, PersonFiles().read_secret):
                with pytest.raises(Problem, match=f"cannot be read: it is a {kind}"):
                    read(path, "file")


def test_a_pipe_that_nobody_writes_or_that_does_not_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PIPE_SECONDS", 0.3)
    os.mkfifo(tmp_path / "silent")
    reading, writing = os.pipe()
    os.write(writing, b"and")
    for path in (str(tmp_path / "silent"), f"/dev/fd/{reading}"):
        began = time.monotonic()
        with pytest.raises(Problem, match=r"a pipe that did not end within 0\.3 s"):
            PersonFiles().read_secret(path, "file")
        assert time.monotonic() - began < 2
    os.close(writing)


def test_more_than_is_taken_is_said_of_a_file_and_of_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (limits.FILE + 1))
    (tmp_path / "right").write_bytes(b"x" * limits.FILE)
    assert len(PersonFiles().read(str(tmp_path / "right"), "file")) == limits.FILE
    reading, writing = os.pipe()

    def pour() -> None:
        with os.fdopen(writing, "wb") as pipe:
            try:
                while True:
                    pipe.write(b"y" * 65536)
            except BrokenPipeError:
                return

    threading.Thread(target=pour, daemon=True).start()
    for path in (str(tmp_path / "large"), f"/dev/fd/{reading}"):
        with pytest.raises(Problem, match="it holds more than 1 MiB"):
            PersonFiles().read(path, "values file")
    os.close(reading)


def test_a_device_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(OSError, match="device"):
        bounded.read(Path("/dev/zero"), 10, seconds=1)
