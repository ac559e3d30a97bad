"""handoff, over a scripted session: printed as it is, or one new private file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.cli.commands.test_install import call
from tests.cli.stub import objects, stub_session
from tests.stub_session import StubSession
from wizard.core.errors import Problem

TEXT = "# for jane\nkind: Role  # password: none\n"


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StubSession:
    monkeypatch.chdir(tmp_path)
    made = stub_session()
    made.next_handoff = TEXT
    return made


async def test_it_is_printed_unchanged(session: StubSession) -> None:
    assert await call("handoff --preset dev", session) == (0, TEXT)


async def test_it_is_for_whom_it_is_asked(session: StubSession) -> None:
    await call("handoff --preset dev --for group:costs", session)
    assert session.handed == ["group:costs"]


async def test_a_file_is_new_and_private(session: StubSession) -> None:
    assert await call("handoff --preset dev --file a.yaml", session) == (0, "written: a.yaml\n")
    assert Path("a.yaml").read_text() == TEXT
    assert stat.S_IMODE(Path("a.yaml").stat().st_mode) == 0o600
    with pytest.raises(Problem, match="is there already"):
        await call("handoff --preset dev --file a.yaml", session)


async def test_json_is_one_object_with_the_text(session: StubSession) -> None:
    (one,) = objects((await call("handoff --preset dev -o json", session))[1])
    assert (one["command"], one["exit"], one["text"]) == ("handoff", 0, TEXT)
