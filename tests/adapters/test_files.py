"""The person's files and drafts: read carefully, written whole, private."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wizard.adapters import files
from wizard.adapters.drafts import DraftFiles
from wizard.adapters.files import PersonFiles
from wizard.adapters.helm.charts import ChartFolders
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_one_trailing_newline_of_a_secret_is_removed_and_said(tmp_path: Path) -> None:
    file = tmp_path / "jwt.txt"
    file.write_text("canary\n\n")
    secret, note = PersonFiles().read_secret(str(file), "JWT secret file")
    assert secret.reveal() == "canary\n"
    assert note == "one trailing newline was removed"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is not text"),
        (b"\xef\xbb\xbfx", "byte order mark"),
        (b"a\x00b", "zero byte"),
    ],
)
def test_a_useless_secret_file_is_refused_without_showing_it(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "jwt.txt"
    file.write_bytes(content)
    with pytest.raises(Problem, match=says):
        PersonFiles().read_secret(str(file), "JWT secret file")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"nowhere\.txt cannot be read: no such file"):
        PersonFiles().read_secret(str(tmp_path / "nowhere.txt"), "JWT secret file")
    with pytest.raises(Problem, match="is a folder"):
        PersonFiles().read(str(tmp_path), "values file")


def test_standard_input_is_read_once_and_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"a: 1\n")
    os.close(writer)
    monkeypatch.setattr(files, "STDIN", f"/dev/fd/{reader}")
    person = PersonFiles()
    assert person.read("-", "values file") == "a: 1\n"
    assert person.read(" - ", "values file") == "a: 1\n"
    assert person.read(f"/dev/fd/{reader}", "file", empty=True) == "a: 1\n"
    os.close(reader)


def test_a_file_may_be_empty_where_a_text_may_be(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.touch()
    assert PersonFiles().read(str(file), "file", empty=True) == ""
    with pytest.raises(Problem, match="is empty"):
        PersonFiles().read(str(file), "file")


def test_writing_keeps_a_backup_of_a_different_file_only(tmp_path: Path, state: Path) -> None:
    path = str(tmp_path / "v.yaml")
    assert PersonFiles().write(path, "a: 1\n") == [path]
    assert PersonFiles().write(path, "a: 1\n") == ()
    written = PersonFiles().write(path, "a: 2\n")
    assert Path(path).read_text() == "a: 2\n"
    assert Path(written[1]).read_text() == "a: 1\n"
    assert Path(written[1]).parent == state / "llm-cost-ops-wizard" / "backups"
    assert Path(path).stat().st_mode & 0o777 == 0o600


def test_the_last_twenty_backups_of_each_file_are_kept(tmp_path: Path, state: Path) -> None:
    (tmp_path / "other").mkdir()
    for number in range(23):
        PersonFiles().write(str(tmp_path / "v.yaml"), f"a: {number}\n")
    for number in range(2):
        PersonFiles().write(str(tmp_path / "other" / "v.yaml"), f"b: {number}\n")
    kept = sorted((state / "llm-cost-ops-wizard" / "backups").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    assert [file.read_text() for file in kept] == [*(f"a: {number}\n" for number in range(2, 22)), "b: 0\n"]
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [("a: 1\n", "a: 2\n", "was changed"), (None, "a: 2\n", "was made"), ("a: 1\n", None, "was removed")],
)
def test_a_file_that_somebody_changes_meanwhile_is_left_alone(
    before: str | None, now: str | None, says: str, tmp_path: Path, state: Path
) -> None:
    file = tmp_path / "v.yaml"
    if now is not None:
        file.write_text(now)
    with pytest.raises(Problem, match=says):
        PersonFiles().replace(str(file), "a: 3\n", before)
    assert (file.read_text() if file.exists() else None) == now
    assert PersonFiles().replace(str(file), "a: 3\n", now)[0] == str(file)


def test_what_is_there_and_cannot_be_edited_is_said(tmp_path: Path) -> None:
    file = tmp_path / "v.yaml"
    assert PersonFiles().existing(str(file)) is None
    file.write_bytes(b"a: \xff\n")
    with pytest.raises(Problem, match=r"is there and is not UTF-8 text \(byte 3\)"):
        PersonFiles().existing(str(file))


def test_a_folder_that_is_missing_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be written"):
        PersonFiles().write(str(tmp_path / "no" / "v.yaml"), "a: 1\n")


def test_drafts_come_back_newest_first_and_private(state: Path) -> None:
    drafts = DraftFiles()
    drafts.save(Draft({"context": "a", "namespace": "one"}))
    drafts.save(Draft({"context": "b/../x", "namespace": "two"}))
    assert {draft.answers["namespace"] for _, draft in drafts.load_all()} == {"one", "two"}
    files = list((state / "llm-cost-ops-wizard" / "drafts").iterdir())
    assert len(files) == 2
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    drafts.forget(Draft({"context": "a", "namespace": "one"}))
    assert len(drafts.load_all()) == 1


def test_a_cut_draft_is_not_offered_and_breaks_nothing(state: Path) -> None:
    DraftFiles().save(Draft({"context": "a"}))
    (file,) = (state / "llm-cost-ops-wizard" / "drafts").iterdir()
    file.write_text(file.read_text()[:20])
    assert DraftFiles().load_all() == []


@pytest.mark.parametrize(
    ("make", "says"),
    [
        ("missing", "There is no chart"),
        ("empty", "holds no Chart.yaml"),
        ("broken", "not YAML"),
        ("nameless", "names no name"),
    ],
)
def test_what_is_not_a_chart_is_refused(tmp_path: Path, make: str, says: str) -> None:
    folder = tmp_path / "chart"
    if make != "missing":
        folder.mkdir()
    if make == "broken":
        (folder / "Chart.yaml").write_text("a: [")
    if make == "nameless":
        (folder / "Chart.yaml").write_text("apiVersion: v2\n")
    with pytest.raises(Problem, match=says):
        ChartFolders().open(str(folder))


def test_the_built_in_chart_has_its_three_presets() -> None:
    chart = ChartFolders().open()
    assert (chart.name, sorted(chart.presets)) == ("llm-cost-ops", ["dev", "prod", "staging"])
