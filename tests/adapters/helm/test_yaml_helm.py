"""Values mean to us what they mean to the helms that run; test_yaml_oracle.py asks their packages about many more."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.helm.yaml_texts import MANY, SCALARS, TREES, loaded, same
from wizard.adapters.helm.cli import HelmCli
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Problem
from wizard.core.helm.values import differences, merge
from wizard.core.target import Target

DOCUMENTS = YamlDocuments()
TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  values: {{ .Values | toJson | quote }}\n"


@pytest.fixture(params=["helm3", "helm4"])
def read_by_helm(request: pytest.FixtureRequest, tool: Callable[[str], str], tmp_path: Path) -> Callable[[str], Any]:
    """What a chart sees of a values file."""
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: probe\nversion: 0.1.0\n")
    (tmp_path / "chart" / "templates" / "values.yaml").write_text(TEMPLATE)

    def read(text: str) -> Any:
        (tmp_path / "values.yaml").write_bytes(text.encode())
        command = [tool(request.param), "template", "x", str(tmp_path / "chart"), "-f", str(tmp_path / "values.yaml")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return loaded(yaml.safe_load(done.stdout)["data"]["values"])

    return read


@cache
def drawn(strategy: st.SearchStrategy[Any], size: int, lists: int) -> list[Any]:
    """The same examples in every run."""
    found: list[Any] = []

    @settings(max_examples=lists, **MANY)
    @given(st.lists(strategy, min_size=size, max_size=size))
    def draw(examples: list[Any]) -> None:
        found.extend(examples)

    draw()
    return found


def test_scalars(read_by_helm: Callable[[str], Any]) -> None:
    taken, ours = [], []
    for scalar in drawn(SCALARS, 20, 100):
        try:
            ours += DOCUMENTS.load(f"v:\n- {scalar}\n", "v")["v"]
        except Problem:
            continue  # what each refuses the oracle tells
        taken.append(f"- {scalar}\n")
    helms = read_by_helm("v:\n" + "".join(taken))["v"]
    assert len(taken) > 1000
    for scalar, one, other in zip(taken, ours, helms, strict=True):
        assert same(one, other), scalar


def test_what_is_written_is_read_as_it_was_meant(read_by_helm: Callable[[str], Any]) -> None:
    trees = drawn(TREES, 4, 50)
    text = DOCUMENTS.render(["made by"], {"v": trees}, {})
    assert len(trees) >= 200
    for tree, found, own in zip(trees, read_by_helm(text)["v"], DOCUMENTS.load(text, "v")["v"], strict=True):
        assert same(tree, found)
        assert same(tree, own)


NULLED = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.sampled_from(("", "a", "1.10", "22:30", "yes"))),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize("version", ["helm3", "helm4"])
async def test_what_helm_makes_of_a_file_over_a_chart_s_values_is_what_is_meant(
    version: str, tool: Callable[[str], str]
) -> None:
    defaults, over = drawn(NULLED, 10, 60), list(reversed(drawn(NULLED, 10, 60)))
    below = {f"k{number}": tree for number, tree in enumerate(defaults)}
    above = {f"k{number}": tree for number, tree in enumerate(over)}
    texts = [DOCUMENTS.render((), tree, {}) for tree in (below, above)]
    helm, target = HelmCli(tool(version)), Target("", "ns", "x")
    read = await helm.read_values(target, *texts)
    meant = merge(below, above)
    assert len(meant) > 400
    assert list(differences(meant, read)) == []
    for key in list(meant)[:50]:
        assert [path[0] for path in differences({**meant, key: "something else"}, read)] == [key]
