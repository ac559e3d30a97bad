"""No setting is for show: each of them changes what is rendered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import Chart, read, run_helm
from tests.chart.shapes import PUT_BY_HELM, SETTINGS, SHAPES, put
from wizard.core.chart_settings import Setting


def candidates(setting: Setting) -> list[Any]:
    """Values a person might give; texts a little changed as well, for the shapes that have the example already."""
    texts = [f"{value}x" for value in setting.examples if isinstance(value, str)]
    marker = ["marker-of-a-secret-of-more-than-32-characters"] if setting.secret else []
    return [*setting.examples, *setting.choices, *texts, *marker]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_renders_the_same_on_both_helms_and_every_time(chart: Chart, shape: str) -> None:
    """Otherwise the test below would see effects that are none."""
    helm3 = Chart("helm3", chart.folder, chart.scratch)
    assert helm3.render(values=SHAPES[shape]).objects == chart.render(values=SHAPES[shape]).objects


@pytest.mark.full
@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.dotted not in PUT_BY_HELM], ids=lambda s: s.dotted)
def test_a_setting_changes_the_render(chart: Chart, setting: Setting) -> None:
    tried = []
    for name, shape in SHAPES.items():
        before = chart.render(values=shape).objects
        for value in candidates(setting):
            options = chart.arguments(None, put(shape, setting.path, value), ())
            code, out, err = run_helm("helm4", "template", "llm-cost-ops", str(chart.folder), "-n", "costs", *options)
            if code == 0 and read(out).objects != before:
                return
            tried.append(f"{name} {value!r}: {err.strip() or 'renders the same'}")
    pytest.fail("\n".join(tried))
