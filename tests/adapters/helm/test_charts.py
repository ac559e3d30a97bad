"""Charts on this machine: what is read from the cache is what the files say, and what helm reads."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.foreign import make_shop, packed, packed_shop, write
from wizard.adapters.folders import cache_dir
from wizard.adapters.helm.charts import ChartFolders
from wizard.core import limits
from wizard.core.errors import Problem

CHART = Path(__file__).parents[3] / "chart" / "llm-cost-ops"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of this test only."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small chart."""
    made = tmp_path / "chart"
    made.mkdir()
    (made / "Chart.yaml").write_text("name: x\nversion: 1.2.3\nappVersion: 4\n")
    (made / "values.yaml").write_text("replicaCount: 1\n")
    (made / "values-dev.yaml").write_text("replicaCount: 2\n")
    return made


def test_a_chart_read_from_the_cache_is_the_chart_that_was_parsed() -> None:
    parsed = ChartFolders().open(str(CHART))

    assert len(list(cache_dir("charts").glob("*.json"))) == 1
    assert ChartFolders().open(str(CHART)) == parsed
    assert parsed.presets.keys() == {"dev", "staging", "prod"}


def test_the_cache_is_private(folder: Path) -> None:
    ChartFolders().open(str(folder))

    (kept,) = cache_dir("charts").glob("*.json")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_changed_file_is_read_again_also_when_its_time_and_size_are_the_same(folder: Path) -> None:
    ChartFolders().open(str(folder))
    values = folder / "values.yaml"
    before = values.stat()
    values.write_text("replicaCount: 7\n")
    os.utime(values, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert ChartFolders().open(str(folder)).defaults == {"replicaCount": 7}


def test_a_broken_cache_is_no_cache(folder: Path) -> None:
    first = ChartFolders().open(str(folder))
    (kept,) = cache_dir("charts").glob("*.json")
    for broken in ("", "[]", '{"texts": {}}', "null"):
        kept.write_text(broken)
        assert ChartFolders().open(str(folder)) == first


def test_a_chart_is_read_as_by_helm_and_what_an_older_wizard_kept_of_it_is_not_used(folder: Path) -> None:
    (folder / "values.yaml").write_text("1: one\nday: 2026-01-02\nday: 22:30\n")

    assert ChartFolders().open(str(folder)).defaults == {"1": "one", "day": "22:30"}
    (kept,) = cache_dir("charts").glob("*.json")
    older = json.loads(kept.read_text())
    del older["reader"]
    older["trees"]["values.yaml"]["day"] = 1350
    kept.write_text(json.dumps(older))
    assert ChartFolders().open(str(folder)).defaults["day"] == "22:30"


def test_a_few_charts_are_kept(folder: Path, tmp_path: Path) -> None:
    for number in range(12):
        shutil.copytree(folder, tmp_path / f"copy-{number}")
        ChartFolders().open(str(tmp_path / f"copy-{number}"))

    assert len(list(cache_dir("charts").glob("*.json"))) == 8


def test_a_folder_that_is_no_chart_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"holds no Chart\.yaml"):
        ChartFolders().open(str(tmp_path))
    with pytest.raises(Problem, match="There is no chart at"):
        ChartFolders().open(str(tmp_path / "none"))


def test_a_charts_schema_comments_and_inner_charts_are_described(folder: Path) -> None:
    (folder / "values.yaml").write_text("replicaCount: 1  # pods\ndb:\n  port: 2\n")
    (folder / "values.schema.json").write_text('{"properties": {"replicaCount": {"type": "integer"}}}')
    (folder / "Chart.yaml").write_text("name: x\nversion: 1.2.3\ndependencies: [{name: postgres, alias: db}, 3]\n")
    inner = folder / "charts" / "postgres"
    inner.mkdir(parents=True)
    (inner / "Chart.yaml").write_text("name: postgres\nversion: 1.0.0\n")
    (inner / "values.yaml").write_text("port: 1\nsize: 1Gi  # of the disk\n")
    described = ChartFolders().describe(ChartFolders().open(str(folder)))
    assert described.schema.problem({"replicaCount": "x"}) == "replicaCount: type: integer is wanted, not string"
    assert described.comments == {("replicaCount",): "pods"}
    assert described.below["db"].comments == {("size",): "of the disk"}
    assert described.all_defaults == {"replicaCount": 1, "db": {"port": 2, "size": "1Gi"}}


@pytest.mark.parametrize("text", ["{", "[" * 200, '{"minimum": NaN}'])
def test_a_schema_that_is_no_json_is_a_problem(folder: Path, text: str) -> None:
    (folder / "values.schema.json").write_text(text)
    with pytest.raises(Problem, match=r"values\.schema\.json is not a JSON schema"):
        ChartFolders().describe(ChartFolders().open(str(folder)))


def test_a_chart_without_a_schema_is_described_by_its_values(folder: Path) -> None:
    described = ChartFolders().describe(ChartFolders().open(str(folder)))
    assert described.schema.problem({"replicaCount": "x"}) == ""
    assert described.all_defaults == {"replicaCount": 1}


# Packed charts, subcharts, .helmignore


def test_a_packed_chart_is_kept_by_its_digest_and_read_like_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "shop-1.2.3.tgz"
    file.write_bytes(packed_shop())
    charts = ChartFolders()
    chart = charts.open(str(file))

    assert chart.path == str(cache_dir("charts") / f"{chart.digest}.tgz")
    assert Path(chart.path).read_bytes() == file.read_bytes()
    assert Path(chart.path).stat().st_mode & 0o777 == 0o600
    folder = charts.open(str(make_shop(tmp_path / "shop")))
    assert (chart.defaults, chart.subcharts, chart.metadata) == (folder.defaults, folder.subcharts, folder.metadata)
    assert chart.shown == str(file)


def test_what_was_opened_stays_when_the_file_changes_and_a_changed_copy_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "shop.tgz"
    file.write_bytes(packed_shop())
    charts = ChartFolders()
    chart = charts.open(str(file))
    file.write_bytes(packed_shop("2.0.0"))

    charts.require_same(chart)
    assert charts.open(str(file)).version == "2.0.0"
    assert charts.open_packed(packed_shop(), "acme/shop").path == chart.path
    Path(chart.path).write_bytes(b"another")
    with pytest.raises(Problem, match="is not there any more"):
        charts.require_same(chart)
    assert charts.open_packed(packed_shop(), "acme/shop").digest == chart.digest
    charts.require_same(chart)


def test_a_few_packed_charts_are_kept() -> None:
    for number in range(12):
        ChartFolders().open_packed(packed_shop(f"1.0.{number}"), "acme/shop")

    assert len(list(cache_dir("charts").glob("*.tgz"))) == 8


def test_what_is_no_packed_chart_is_said_by_the_name_that_was_typed(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("a: 1\n")
    with pytest.raises(Problem, match=rf"{file} is not a chart: it is not a packed chart"):
        ChartFolders().open(str(file))
    with pytest.raises(Problem, match=r"acme/x is not a chart: it holds no Chart\.yaml"):
        ChartFolders().open_packed(packed("x", {"values.yaml": ""}), "acme/x")


def test_a_foreign_chart_has_no_presets_whatever_its_files_are_called(tmp_path: Path) -> None:
    assert ChartFolders().open(str(make_shop(tmp_path / "shop"))).presets == {}


def test_what_helmignore_names_is_not_read(folder: Path) -> None:
    write(folder, {"charts/a/Chart.yaml": "name: a\nversion: 1.0.0\n", "charts/a/values.yaml": "x: 1\n"})
    (folder / ".helmignore").write_text("\ufeffvalues.yaml\n")
    assert ChartFolders().open(str(folder)).defaults == {}
    assert ChartFolders().open(str(folder)).subcharts == {"a": {}}
    (folder / ".helmignore").write_text("charts/\n")
    assert ChartFolders().open(str(folder)).subcharts == {}
    (folder / ".helmignore").write_text("**\n")
    with pytest.raises(Problem, match=r"\.helmignore holds a rule that helm refuses"):
        ChartFolders().open(str(folder))


def test_what_a_record_keeps_of_a_folder_follows_links_and_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    charts = ChartFolders()
    chart = charts.open(str(folder))
    write(folder, {"templates/a.yaml": "a: 1\n", "charts/x/Chart.yaml": "name: x\n", "notes.txt": "n" * 100})
    (folder / "link").symlink_to(folder / "templates")
    assert set(charts.in_record(chart)) == {"values-dev.yaml", "templates/a.yaml", "link/a.yaml", "notes.txt"}

    monkeypatch.setattr(limits, "CHART_CONTENT", 64)
    with pytest.raises(Problem, match="holds more than 64 bytes"):
        charts.in_record(chart)
    (folder / "notes.txt").unlink()
    assert "link/a.yaml" in charts.in_record(chart)
    for name in ("around", "again"):  # each leads to all others, so that their paths double at every level
        (folder / name).symlink_to(folder)
    with pytest.raises(Problem, match=r"holds more than [\d,]+ (files|bytes)|cannot be read"):
        charts.in_record(chart)
    monkeypatch.setattr(limits, "CHART_CONTENT", 100 * limits.MIB)
    monkeypatch.setattr(limits, "CHART_FILES", 50)
    with pytest.raises(Problem, match="holds more than 50 files"):
        charts.in_record(chart)


@pytest.mark.parametrize(
    ("reference", "local"),
    [
        ("", True), ("./none", True), ("../none", True), ("/none", True), ("~/none", True), ("none", True),
        ("acme/shop", False), ("oci://registry.test/shop", False), ("https://charts.test/shop.tgz", False),
        ("there/shop", True), (" there/shop ", True), ("a\0b/c", False), ("a" * 5000 + "/b", False),
    ],
)  # fmt: skip
def test_what_is_there_wins_as_in_helm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, local: bool
) -> None:
    (tmp_path / "there" / "shop").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert ChartFolders().is_local(reference) is local


def test_a_folder_that_stands_in_the_way_of_a_repository_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme" / "shop").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Problem, match="wins over the repository"):
        ChartFolders().open("acme/shop")
    with pytest.raises(Problem, match="Give another with --chart"):
        ChartFolders().open("./acme/shop")


def test_a_packed_chart_is_described_like_a_folder_its_inner_charts_by_their_aliases(tmp_path: Path) -> None:
    (tmp_path / "shop.tgz").write_bytes(packed_shop())
    charts = ChartFolders()
    of_folder, of_file = (
        charts.describe(charts.open(str(place))) for place in (make_shop(tmp_path / "shop"), tmp_path / "shop.tgz")
    )
    assert of_folder.all_defaults == of_file.all_defaults
    assert {name: chart.defaults for name, chart in of_file.below.items()} == {
        "store": {"size": 1, "kind": "memory"}, "queue": {"depth": 10},
    }  # fmt: skip
    assert of_file.schema.problem({"replicas": "x"}) == of_folder.schema.problem({"replicas": "x"}) != ""
