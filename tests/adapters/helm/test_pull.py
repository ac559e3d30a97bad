"""helm pull and helm verify: bounded, nothing half-written stays, helm's words with the next step."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.adapters.helm.test_cli import script
from tests.foreign import packed_shop
from wizard.adapters.helm.cli import HelmCli
from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.helm.chart import ChartOptions

PARSE = 'test "$1" = version && { echo v4.2.4; exit; }; '
"""The start of a helm that knows its version; $3 is the folder of a pull."""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of this test only, in which nothing may stay."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def left(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if "chart" in str(file)]


async def test_the_pulled_chart_is_returned_and_its_proof_and_its_folder_do_not_stay(
    tmp_path: Path, temporary: Path
) -> None:
    (tmp_path / "shop.tgz").write_bytes(packed_shop())
    body = f'{PARSE} echo "$@" > {tmp_path}/words; cp {tmp_path}/shop.tgz "$3/shop-1.2.3.tgz"; touch "$3/shop-1.2.3.tgz.prov"'
    helm = HelmCli(script(tmp_path, body))

    assert await helm.pull("acme/shop", ChartOptions("^1", verify=True)) == packed_shop()
    assert (tmp_path / "words").read_text().endswith("--version ^1 --verify -- acme/shop\n")
    assert left(temporary) == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('echo "Error: repo acme not found" >&2; exit 1', "was not pulled: repo acme not found. Add the repository"),
        ("exit 0", "helm left no chart"),
        ('touch "$3/a.tgz" "$3/b.tgz"', "helm left no chart"),
        ('echo "Error: get https://me:s3cret@h.test/x: \033]0;t\007 no such host" >&2; exit 1', "https://me:********@h.test/x"),
    ],
)  # fmt: skip
async def test_a_failed_pull_is_said_and_leaves_nothing(tmp_path: Path, temporary: Path, body: str, says: str) -> None:
    with pytest.raises(Problem) as caught:
        await HelmCli(script(tmp_path, PARSE + body)).pull("acme/shop", ChartOptions())
    assert says in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert left(temporary) == []


async def test_a_chart_without_end_is_stopped_while_it_is_written(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "wizard.adapters.helm.cli._SMALL_FILES", ("/bin/sh", "-c", 'ulimit -f "$1" && shift && exec "$@"', "sh", "64")
    )
    helm = HelmCli(
        script(tmp_path, PARSE + f'cat /dev/zero > "$3/x.tgz"; wc -c < "$3/x.tgz" > {tmp_path}/size; exit 1')
    )
    with pytest.raises(Problem, match="was not pulled"):
        await helm.pull("acme/shop", ChartOptions())
    assert int((tmp_path / "size").read_text()) <= 64 * 512
    assert left(temporary) == []


async def test_a_hanging_pull_ends_and_a_cancelled_one_is_killed_without_a_half_file(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm = HelmCli(script(tmp_path, PARSE + f'echo half > "$3/x.tgz"; echo $$ > {tmp_path}/pid; exec sleep 60'))
    monkeypatch.setattr(limits, "PULL_SECONDS", 0.5)
    with pytest.raises(Problem, match=r"did not end within 0\.5 s"):
        await helm.pull("acme/shop", ChartOptions())
    assert left(temporary) == []

    (tmp_path / "pid").unlink()
    monkeypatch.setattr(limits, "PULL_SECONDS", 60)
    pull = asyncio.create_task(helm.pull("acme/shop", ChartOptions()))
    while not (tmp_path / "pid").exists():  # noqa: ASYNC110 - written by another process, which signals nothing
        await asyncio.sleep(0.01)
    pull.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pull
    assert left(temporary) == []


async def test_a_copy_is_verified_and_that_copy_is_what_is_read(tmp_path: Path, temporary: Path) -> None:
    chart = tmp_path / "shop-1.2.3.tgz"
    chart.write_bytes(packed_shop())
    chart.with_name("shop-1.2.3.tgz.prov").write_text("proof")
    # While helm looks, somebody puts another chart in its place.
    body = (
        f'echo other > {chart}; test "$5" != {chart} && test "$(basename "$5")" = shop-1.2.3.tgz && test -s "$5.prov"'
    )
    helm = HelmCli(script(tmp_path, PARSE + body))
    assert await helm.verified(str(chart), ChartOptions(verify=True, keyring="k.gpg")) == packed_shop()
    assert left(temporary) == []


async def test_a_refused_proof_names_the_chart_as_it_was_typed(tmp_path: Path, temporary: Path) -> None:
    (tmp_path / "shop.tgz").write_bytes(packed_shop())
    helm = HelmCli(script(tmp_path, PARSE + 'echo "Error: could not load provenance file $3.prov" >&2; exit 1'))
    with pytest.raises(Problem) as caught:
        await helm.verified(str(tmp_path / "shop.tgz"), ChartOptions(verify=True))
    assert (
        caught.value.what
        == f"The chart {tmp_path}/shop.tgz was not verified: could not load provenance file shop.tgz.prov."
    )
    assert left(temporary) == []
