"""bundle, and diagnose --bundle, over a scripted session: what is said before anything is written, and after."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.commands.test_install import call
from tests.cli.stub import objects, stub_session
from tests.diagnosis.test_bundle import FAILURES, observed
from tests.stub_session import StubSession
from wizard.cli.commands import bundle as command
from wizard.core.errors import Problem
from wizard.engine.release.rows import ReleaseRow, ReleasesView

NAME = "llm-cost-ops-shop-20261124T191906Z.tar.gz"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def session() -> StubSession:
    made = stub_session()
    made.found = ReleasesView((ReleaseRow("llm-cost-ops", "shop", "llm-cost-ops-1.0.0"),), "namespace shop")
    seen = observed(FAILURES["application out of memory"])
    made.observed = replace(seen, snapshot=replace(seen.snapshot, context="here"))
    return made


async def test_it_lists_writes_a_private_file_and_says_how_to_open_it() -> None:
    code, said = await call("bundle --yes", session())
    assert code == 0
    order = (
        "x stuck llm-cost-ops in shop", "the bundle holds", "  Pod (7): llm-cost-ops-", "  logs (", "withheld (",
        "  Pod env of container app: values are withheld (6)", f"written: {NAME}", f"open it again: wizard diagnose --bundle {NAME}",
    )  # fmt: skip
    places = [said.index(text) for text in order]
    assert places == sorted(places)
    assert stat.S_IMODE(Path(NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", ["text", "json", "jsonl"])
async def test_it_opens_again_with_the_same_words_and_code_and_no_cluster(mode: str) -> None:
    made = session()
    await call("bundle --yes --file b.tgz", made)
    unplugged = stub_session()
    code, said = await call(f"diagnose --bundle b.tgz -o {mode}", unplugged)
    assert code == 1
    assert unplugged.looked_at == []
    assert "CO09" in said
    if mode == "json":
        (one,) = objects(said)
        (written,) = objects((await call("bundle --yes --file c.tgz -o json", made))[1])
        assert one["diagnoses"] == [written["diagnosis"]]
        assert (one["exit"], written["exit"], written["path"]) == (1, 0, "c.tgz")
        assert written["withheld"]


async def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    (tmp_path / "link").symlink_to("nothing")
    for name in ("b", "link", "."):
        with pytest.raises(Problem, match=r"is there already|cannot be written"):
            await call(f"bundle --yes --file {name}", session())
    assert (tmp_path / "b").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} >= {"b", "link"}
    assert not (tmp_path / "nothing").exists()


async def test_without_a_terminal_nothing_is_written_unless_yes() -> None:
    with pytest.raises(Problem, match="Nothing was written"):
        await call("bundle", session())
    assert not Path(NAME).exists()


@pytest.mark.parametrize(("answer", "written"), [("stop", False), ("go", True)])
async def test_a_person_is_asked(monkeypatch: pytest.MonkeyPatch, answer: str, written: bool) -> None:
    class Asked:
        async def choose(self, title: str, choices: object, default: str = "") -> str:
            assert (title, default) == ("Write it?", "stop")
            return answer

    monkeypatch.setattr(command, "asks", lambda: True)
    monkeypatch.setattr(command, "prompter", lambda *, color: Asked())
    try:
        await call("bundle", session())
    except KeyboardInterrupt:
        assert answer == "stop"
    assert Path(NAME).exists() == written


async def test_a_bundle_is_of_one_release() -> None:
    with pytest.raises(Problem, match="of one release"):
        await call("diagnose other --bundle b.tgz", stub_session())
    with pytest.raises(Problem, match="cannot be read"):
        await call("diagnose --bundle nowhere.tgz", stub_session())
