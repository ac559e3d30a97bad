"""All values of our chart and of two foreign ones, edited by keys, saved and installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import yaml

from tests.conftest import Bed
from tests.foreign import PLAIN, make_shop, write
from tests.terminal import Terminal

pytestmark = pytest.mark.e2e
ROOT: Final = Path(__file__).resolve().parents[2]
SIZES: Final = [(80, 24), pytest.param((140, 45), marks=pytest.mark.full)]


class Edit(NamedTuple):
    """A chart, the value that is edited in it, what is typed, and where the cluster has it afterwards."""

    chart: str
    search: str
    typed: str
    wrong: str
    file: str
    there: tuple[str, str, str]
    """Kind, name, path of kubectl."""


OURS: Final = Edit(
    "", "replicaCount", "2", "x", "llm-cost-ops.dev.values.yaml", ("deployment", "llm-cost-ops", "{.spec.replicas}")
)
WITH_SCHEMA: Final = Edit(
    "shop", "replicas", "2", "x", "shop.values.yaml", ("deployment", "shop-shop", "{.spec.replicas}")
)
WITHOUT: Final = Edit("plain", "text", "good day", "", "plain.values.yaml", ("configmap", "plain", "{.data.text}"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    "edit", [OURS, WITH_SCHEMA, pytest.param(WITHOUT, marks=pytest.mark.full)], ids=lambda edit: edit.chart or "ours"
)
def test_a_value_is_found_edited_saved_and_installed(
    sandbox: Bed, namespace: str, tmp_path: Path, edit: Edit, size: tuple[int, int]
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    make_shop(tmp_path / "shop")
    write(tmp_path / "plain", PLAIN)
    env = {**os.environ, "KUBECONFIG": sandbox.kubeconfig, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    chart = ["--chart", str(tmp_path / edit.chart)] if edit.chart else []
    with Terminal([sys.executable, "-m", "wizard", "install", "-n", namespace, *chart], env, work, size) as screen:
        screen.wait_for(r"> 1 (Environment|Where)")
        screen.press("f6")
        screen.wait_for(r"all values +\d+ values?\b")
        screen.press("/" + edit.search)
        screen.wait_for(rf"> +{edit.search} ")
        screen.press("enter", "enter")
        screen.wait_for("Enter accept")
        if edit.wrong:
            screen.press("ctrl+u")
            screen.press(edit.wrong)
            screen.press("enter")
            screen.wait_for(r"x .*type: integer( or null)? is wanted, not string")
        screen.press("ctrl+u")
        screen.press(edit.typed)
        screen.press("enter")
        screen.wait_for(rf"> +{edit.search} +{edit.typed} +(--set|answer)")
        screen.press("esc", "esc")
        screen.wait_for(r"> 1 (Environment|Where)")
        screen.press("f9")
        screen.wait_for("Enter (start|install)", 30)
        screen.press("enter")
        screen.wait_for("helm recorded the release", 90)
        screen.press("q")
        assert screen.wait() == 0

    kind, name, path = edit.there
    assert sandbox.kubectl("-n", namespace, "get", kind, name, "-o", f"jsonpath={path}") == edit.typed
    written = yaml.safe_load((work / edit.file).read_text())
    assert str(written[edit.search]) == edit.typed
