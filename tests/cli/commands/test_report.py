"""report, over a scripted session: one new private file, of a release or of a saved observation."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from tests.cli.commands.test_bundle import session
from tests.cli.commands.test_install import call
from tests.cli.stub import objects, stub_session
from wizard.core.errors import Problem
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target

CHANGED = r'(?s)<section aria-labelledby="changes">.*?</section>|, but for those that\nstand under "What was changed"'
NAME = "llm-cost-ops-shop-20261124T191906Z.html"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def test_it_writes_a_private_page_and_asks_nothing() -> None:
    code, said = await call("report", session())
    assert (code, said) == (0, f"written: {NAME}\n")
    assert stat.S_IMODE(Path(NAME).stat().st_mode) == 0o600
    assert "CO09" in Path(NAME).read_text()


async def test_the_page_of_a_saved_observation_is_the_same_and_no_cluster_is_contacted() -> None:
    made = session()
    await call("report --file live.html", made)
    await call("bundle --yes --file b.tgz", made)
    unplugged = stub_session()

    assert (await call("report --bundle b.tgz --file saved.html", unplugged))[0] == 0

    assert unplugged.looked_at == []
    saved, live = (Path(name).read_text() for name in ("saved.html", "live.html"))
    assert "Not known: a bundle has neither values nor manifests." in saved
    assert re.sub(CHANGED, "", saved) == re.sub(CHANGED, "", live)


async def test_the_page_of_a_run_is_of_its_release_and_says_what_the_run_changed() -> None:
    made = session()
    made.past = [
        RunSummary("3f9a", "upgrade", Target("prod", "shop", "llm-cost-ops"), "finished", "2026-11-24T19:00:00Z")
    ]
    assert (await call("report --run 3f9a --file run.html", made))[0] == 0
    assert {one.release for one in made.looked_at} == {"llm-cost-ops"}
    assert "Revision 2 against revision 1: run 3f9a" in Path("run.html").read_text()
    assert "+replicas: 2" in Path("run.html").read_text()


@pytest.mark.parametrize("words", ["other --run 3f9a", "--run 3f9a -n shop", "--run 3f9a --bundle b.tgz"])
async def test_a_run_is_named_alone(words: str) -> None:
    with pytest.raises(Problem, match=r"of one release|has no runs"):
        await call(f"report {words}", session())


async def test_json_is_one_object() -> None:
    (one,) = objects((await call("report -o json", session()))[1])
    assert (one["command"], one["exit"], one["path"]) == ("report", 0, NAME)
    assert one["diagnosis"]["findings"][0]["id"] == "CO09"


async def test_what_is_there_is_never_overwritten() -> None:
    Path("a.html").write_text("mine")
    Path("link").symlink_to("nothing")
    for name in ("a.html", "link", "."):
        with pytest.raises(Problem, match=r"is there already|cannot be written"):
            await call(f"report --file {name}", session())
    assert Path("a.html").read_text() == "mine"


async def test_a_bundle_is_of_one_release_and_has_to_be_one() -> None:
    with pytest.raises(Problem, match="of one release"):
        await call("report other --bundle b.tgz", stub_session())
    Path("b.tgz").write_text("no bundle")
    with pytest.raises(Problem, match="damaged"):
        await call("report --bundle b.tgz", stub_session())
