"""No setting is for show: each of them changes what is rendered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import Chart, read, run_helm
from tests.chart.shapes import PUT_BY_HELM, SETTINGS, SHAPES, put
from wizard.core.helm.chart_settings import Setting

# Where the example is what the chart has anyway.
OTHER: dict[str, Any] = {
    "args": ["other"],
    "labels": {"example.com/other": "b"},
    "extraVolumeMounts": [{"name": "tmp", "mountPath": "/scratch"}],
    "podSecurityContext": {"runAsUser": 4321},
    "securityContext": {"procMount": "Unmasked"},
    "requests": {"cpu": "123m"},
    "annotations": {"example.com/a": "b"},
}
# Settings that only allow or forbid another: the effect is a refusal that names them.
REFUSED = {"httpRoute.withIngress", "postgresql.enabled", "config.features.database", "externalDatabase.passwordless"}
# They say what an upgrade of a running release may do: test_data_guard.py.
LIVE = {"postgresql.acceptRisk", "redis.acceptRisk"}


def candidates(setting: Setting) -> list[Any]:
    """Values a person might give, and each a little changed, for the shapes that have the example already."""
    found = [*setting.examples, *setting.choices]
    found += [f"{value}x" for value in setting.examples if isinstance(value, str)]
    found += [value + 1 for value in setting.examples if type(value) is int]
    found += [True, False] if "boolean" in setting.types else []
    found += ["marker-of-a-secret-of-more-than-32-characters"] if setting.secret else []
    found += [OTHER[setting.path[-1]]] if setting.path[-1] in OTHER else []
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_renders_the_same_on_both_helms_and_every_time(chart: Chart, shape: str) -> None:
    """Otherwise the test below would see effects that are none."""
    helm3 = Chart("helm3", chart.folder, chart.scratch)
    assert helm3.render(values=SHAPES[shape]).objects == chart.render(values=SHAPES[shape]).objects


@pytest.mark.full
@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.dotted not in PUT_BY_HELM | LIVE], ids=lambda s: s.dotted)
def test_a_setting_changes_the_render(chart: Chart, setting: Setting) -> None:
    tried = []
    for name, shape in SHAPES.items():
        before = chart.render(values=shape).objects
        for value in candidates(setting):
            options = chart.arguments(None, put(shape, setting.path, value), ())
            code, out, err = run_helm("helm4", "template", "llm-cost-ops", str(chart.folder), "-n", "costs", *options)
            if code == 0 and read(out).objects != before:
                return
            if code == 1 and setting.dotted in REFUSED and setting.dotted in err:
                return
            tried.append(f"{name} {value!r}: {err.strip() or 'renders the same'}")
    pytest.fail("\n".join(tried))
