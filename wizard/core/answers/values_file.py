"""The values file: preset plus answers, minus chart defaults, with the source of each line (design: contracts)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wizard.core.answers.resolve import Resolved
from wizard.core.errors import Problem
from wizard.core.helm import values


@dataclass(frozen=True)
class ValuesFile:
    """The content of the file: header comment lines, the tree, and comments of its lines by dotted path."""

    path: str
    header: tuple[str, ...]
    tree: Mapping[str, Any]
    notes: Mapping[str, str]


def build(resolved: Resolved, wizard_version: str) -> ValuesFile:
    """The values file of the answers.

    Raises:
        Problem: a -f file or a --set holds a secret.
    """
    _refuse_secrets(resolved)
    layers, preset = resolved.layers, resolved["preset"]
    lines = resolved.value_edits()
    whole = resolved.whole
    below = values.merge(layers.presets.get(preset, {}), layers.defaults)
    # An answer that resets a preset's value to the chart's default is written too: the file may be used on the preset.
    from_preset = dict(values.leaves(layers.presets.get(preset, {})))
    taken_back = [
        values.ValueEdit(path, values.get(whole, path))
        for path, value in from_preset.items()
        if values.get(whole, path) == values.get(layers.defaults, path) != value
        and isinstance(values.get(whole, path[:-1]), Mapping)
    ]
    pinned = [values.ValueEdit(line.path, values.get(whole, line.path)) for line in lines if line.pinned]
    kept = [*taken_back, *(edit for edit in pinned if edit.value is not None)]
    tree = values.ordered(values.apply_edits(values.minus(whole, layers.defaults), kept), below)
    notes = {values.dotted(line.path): line.why for line in lines if line.why}
    for path, _ in values.leaves(tree):
        if not values.same(values.get(resolved.answered, path), values.get(whole, path)):
            notes[values.dotted(path)] = "from the command line"
    for path, value in values.leaves(tree):
        if path in from_preset and from_preset[path] == value and values.dotted(path) not in notes:
            notes[values.dotted(path)] = f"preset {preset} {layers.chart_version}"
    header = (
        f"Values of LLM Cost Ops for {preset}, made by llm-cost-ops-wizard {wizard_version}",
        f"for chart llm-cost-ops {layers.chart_version}, release {resolved['release']} in namespace {resolved['namespace']}.",
        "It holds no secret and is fit for git. What is not here is the chart's default.",
        *(f"Built on {source}" for source, _ in layers.files),
    )
    return ValuesFile(resolved.draft.write or default_path(preset), header, tree, notes)


def default_path(preset: str) -> str:
    """The default path of a values file."""
    return f"./llm-cost-ops.{preset}.values.yaml"


def _refuse_secrets(resolved: Resolved) -> None:
    given = ("--set", values.minus(resolved.whole, resolved.answered))
    for source, tree in (*resolved.layers.files, given):
        for path in values.secrets_in(tree):
            name = values.SECRET_PATHS[path]
            raise Problem(
                f"{source} holds a secret at {path}; values end in files and in Helm's history.",
                f"Remove it there and give it as --secret-file {name}=PATH or --existing-secret {name}=SECRET.",
            )
