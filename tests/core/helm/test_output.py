from __future__ import annotations

import pytest

from wizard.core.helm.output import chart_words, failure_of, notes_of

WORDS = [
    (["Error: INSTALLATION FAILED: no", "more"], 1, "", "helm says: INSTALLATION FAILED: no more"),
    (["warning", "last line"], 1, "", "helm says: last line"),
    ([], None, "SIGKILL", "helm was ended by SIGKILL."),
    ([], None, "", "helm ended; its exit code is unknown."),
    ([], 3, "", "helm ended with code 3."),
    (
        ["Error: UPGRADE FAILED: execution error at (llm-cost-ops/templates/validate.yaml:118:4): keep it (or not)", "",
         "Use --debug flag to render out invalid YAML"],
        1, "", "helm says: UPGRADE FAILED: keep it (or not)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "code", "signal", "words"), WORDS)
def test_why_helm_failed_in_its_own_words(lines: list[str], code: int | None, signal: str, words: str) -> None:
    assert failure_of(lines, code, signal) == words


def test_notes_are_what_follows_the_heading() -> None:
    assert notes_of(["NAME: x", "NOTES:", "a", "", "b", ""]) == "a\n\nb"
    assert notes_of(["NAME: x"]) == ""


LOOKUP = (
    'template: llm-cost-ops/templates/validate.yaml:118:4: executing "llm-cost-ops/templates/validate.yaml" at <include "a" .>: error calling include: '
    'template: llm-cost-ops/templates/_data-guard.tpl:191:15: executing "a" at <lookup "v1" "PersistentVolumeClaim" .ns "">: error calling lookup: '
    'persistentvolumeclaims is forbidden: User "me" cannot list'
)
CHART_WORDS = [
    (
        "execution error at (chart/templates/a.yaml:1:2): say so\n\nUse --debug flag to render out invalid YAML\n",
        "say so",
    ),
    (LOOKUP, 'persistentvolumeclaims is forbidden: User "me" cannot list'),
    ("chart requires kubeVersion: >=1.28", "chart requires kubeVersion: >=1.28"),
    ("execution error at nothing", "execution error at nothing"),
]


@pytest.mark.parametrize(("text", "words"), CHART_WORDS)
def test_what_the_chart_says_is_told_without_the_way_through_its_templates(text: str, words: str) -> None:
    assert chart_words(text) == words
