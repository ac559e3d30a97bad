from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from wizard.runner.control import Control


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    made = Control(tmp_path, {"ping": lambda _: {"ok": True}, "echo": lambda data: {"ok": True, "said": data["text"]}})
    await made.open()
    yield made
    await made.close()


def socket_of(folder: Path) -> Path:
    return Path(json.loads((folder / "control.json").read_text())["socket"])


async def ask(folder: Path, line: bytes) -> Any:
    reader, writer = await asyncio.open_unix_connection(str(socket_of(folder)))
    writer.write(line + b"\n")
    answer = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    return json.loads(answer)


async def test_a_command_is_answered_with_one_line(control: Control, tmp_path: Path) -> None:
    assert await ask(tmp_path, b'{"command":"ping"}') == {"ok": True}
    assert await ask(tmp_path, b'{"command":"echo","text":"hello"}') == {"ok": True, "said": "hello"}


@pytest.mark.parametrize("line", [b"nonsense", b"[1]", b"\xff\xfe", b'{"command":"rm"}'])
async def test_nonsense_is_refused_in_words_and_the_next_one_is_still_answered(
    control: Control, tmp_path: Path, line: bytes
) -> None:
    answer = await ask(tmp_path, line)
    assert answer["ok"] is False
    assert answer["text"]
    assert await ask(tmp_path, b'{"command":"ping"}') == {"ok": True}


async def test_only_this_person_can_reach_the_socket(control: Control, tmp_path: Path) -> None:
    path = socket_of(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "control.json").stat().st_mode) == 0o600
    assert len(str(path)) < 104


async def test_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    made = Control(tmp_path, {})
    await made.open()
    path = socket_of(tmp_path)
    await made.close()
    assert not path.parent.exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


async def test_the_socket_of_a_killed_runner_is_removed_by_the_next_one(tmp_path: Path) -> None:
    killed = Control(tmp_path, {})
    await killed.open()
    left = socket_of(tmp_path)
    second = Control(tmp_path, {"ping": lambda _: {"ok": True}})
    await second.open()
    assert not left.parent.exists()
    assert await ask(tmp_path, b'{"command":"ping"}') == {"ok": True}
    await second.close()
    await killed.close()
