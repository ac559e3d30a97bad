"""What teams do with their releases, on a real API server: pods that restart, Secrets that stay, refusals with their way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chart.conftest import CHART, HELMS
from tests.chart.shapes import shape
from tests.chart.upgrade_paths import ALIAS, PATHS, Step, UpgradePath
from tests.chart.upgrading import NAME, Live, umbrella
from tests.conftest import Bed

QUICK = "a smaller volume-helm4"


def cases() -> Iterator[object]:
    """Every path with both helms; the quick tier has one of them."""
    for path in PATHS:
        for helm in HELMS:
            marks = [] if f"{path.name}-{helm}" == QUICK else [pytest.mark.full]
            yield pytest.param(path, helm, id=f"{path.name}-{helm}", marks=marks)


def words(step: Step, live: Live, helm: str) -> tuple[str, ...]:
    """The helm command of a step."""
    if step.command:
        return step.command
    chart, values = CHART, None if step.values is None else shape(**step.values)
    if step.chart != "ours":
        alias = ALIAS if step.chart == "alias" else None
        chart, values = live.folder / step.chart, {alias or NAME: values}
        if not chart.exists():
            umbrella(chart, CHART, alias)
    # Without it helm takes an empty file for "the same values as before".
    reset = () if values is None else ("--reset-values",)
    options = (*reset, *step.options, *(step.helm4 if helm == "helm4" else ()))
    return ("upgrade", NAME, str(chart), *live.values(values), *options)


def begin(path: UpgradePath, live: Live, other_helm: str) -> None:
    """Make the release that the path starts from."""
    live.bed.kubectl("create", "namespace", live.namespace)
    if path.secret:
        live.kubectl("create", "secret", "generic", "mine", *(f"--from-literal={entry}" for entry in path.secret))
    given = (NAME, str(CHART), *live.values(shape(**path.first)))
    if path.made == "apply":
        rendered = live.call("template", *given, "--skip-tests")
        assert rendered.returncode == 0, rendered.stderr
        (live.folder / "rendered.yaml").write_text(rendered.stdout)
        live.kubectl("apply", "-f", str(live.folder / "rendered.yaml"))
        return
    helm = Live(live.bed, other_helm, live.namespace, live.folder) if path.made == "other helm" else live
    helm.done("install", *given)


@pytest.mark.e2e
@pytest.mark.parametrize(("path", "helm"), cases())
def test_an_upgrade_restarts_what_it_must_keeps_the_credentials_or_is_refused_with_the_way_out(
    path: UpgradePath, helm: str, sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str],
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    live = Live(sandbox, tool(helm), namespace, tmp_path)
    begin(path, live, tool(HELMS[1 - HELMS.index(helm)]))
    after = live.state()
    assert after.pods
    for number, step in enumerate(path.steps, 1):
        before = after
        done = live.call(*words(step, live, helm))
        after = live.state()
        if step.refused:
            assert done.returncode == 1, f"step {number} is not refused"
            said = " ".join(done.stderr.split())
            assert [one for one in step.refused if one not in said] == [], said
            assert after == before
            continue
        assert done.returncode == 0, f"step {number}: {done.stderr}"
        effect = before.effect(after)
        record_property("upgrade", [f"{path.name}, step {number}", helm, effect])
        assert effect == step.effect, f"step {number}"
        assert before.changed_secrets(after) == step.changes
        assert before.changed_claims(after) == set()
        if step.replicas:
            assert live.kubectl("get", "deployment", NAME, "-o", "jsonpath={.spec.replicas}") == step.replicas


def test_there_are_at_least_forty_paths_and_no_two_of_one_name() -> None:
    assert len({path.name for path in PATHS}) == len(PATHS) >= 40
