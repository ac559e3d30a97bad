"""The values file: preset plus answers, minus chart defaults, with the source of each line (design: contracts)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.answers import secret_values
from wizard.core.answers.resolve import Destination, Resolved
from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.helm.values import Path, ValueEdit

CLEAN: Final = "It holds no secret and is fit for git."
"""Written only where nothing in the file looks like one."""
NOT_CLEAN: Final = "It holds what looks like a secret: keep it out of git."
_IMAGE: Final = ("image", "repository")
"""Written even when it is the chart's default, so that the image is always in a file that is made."""
_OWNER: Final = r"(?m:^# for chart \S+ \S+, release (\S+) in namespace (\S+?)\.$)"


@dataclass(frozen=True)
class ValuesFile:
    """The content of the file: header comment lines, the tree, and comments of its lines by dotted path."""

    path: str
    header: tuple[str, ...]
    tree: Mapping[str, Any]
    notes: Mapping[str, str]
    secrets: tuple[Path, ...] = ()
    """Where it holds what looks like a secret, which a person has accepted."""


def build(resolved: Resolved, wizard_version: str) -> ValuesFile:
    """The values file of the answers; of a file that is there, everything stays that the answers do not change.

    Raises:
        Problem: a -f file or a --set holds a secret.
    """
    from wizard.core.text import masking  # here: the first question needs none of it

    layers, preset = resolved.layers, resolved.preset
    if not layers.foreign:
        _refuse_secrets(resolved)
    there = layers.destination or Destination(default_path(resolved["release"], preset))
    whole = resolved.whole
    kept = [] if there.text is not None else _taken_back(resolved)
    if not layers.foreign and (there.text is None or resolved.given("image")) and values.get(whole, _IMAGE):
        kept.append(ValueEdit(_IMAGE, values.get(whole, _IMAGE)))
    tree = values.apply_edits(values.minus(whole, layers.defaults, there.tree), kept)
    below = values.merge(layers.presets.get(preset, {}), layers.defaults)
    notes = {values.dotted(path): why for path, why in resolved.reasons().items()}
    for path, _ in values.leaves(tree):
        if not values.same(values.get(resolved.answered, path), values.get(whole, path)):
            notes[values.dotted(path)] = "from --set"
    secrets = tuple(masking.secret_paths(tree) if layers.foreign else secret_values.paths_in(tree))
    header = (
        f"Values of {f'LLM Cost Ops for {preset}' if preset else layers.chart_name}, made by llm-cost-ops-wizard {wizard_version}",
        f"for chart {layers.chart_name} {layers.chart_version}, release {resolved['release']} in namespace {resolved['namespace']}.",
        *([NOT_CLEAN] if secrets else [] if layers.foreign else [CLEAN]),
        _defaults(resolved),
        *(f"Built on {source}" for source, _ in layers.files),
    )
    return ValuesFile(there.path, header, values.ordered(tree, below), notes, secrets)


def _defaults(resolved: Resolved) -> str:
    if resolved.layers.foreign:
        return "What is not here is the chart's default."
    return f"Lines without a comment come from {_source(resolved)}; what is not here is the chart's default."


def _source(resolved: Resolved) -> str:
    if resolved.draft.running:
        return "the release as it ran"
    return f"preset {resolved.preset} {resolved.layers.chart_version}"


def _taken_back(resolved: Resolved) -> list[ValueEdit]:
    """Edits for answers that reset a preset's value to the chart's default: the file may be used on the preset."""
    whole, defaults = resolved.whole, resolved.layers.defaults
    return [
        ValueEdit(path, values.get(whole, path))
        for path, value in values.leaves(resolved.layers.presets.get(resolved.preset, {}))
        if values.get(whole, path) == values.get(defaults, path) != value
        and isinstance(values.get(whole, path[:-1]), Mapping)
    ]


def default_path(release: str, preset: str, namespace: str = "") -> str:
    """The default path of a values file; with the namespace where another release's file has the short name."""
    return f"./{'.'.join(filter(None, (release, namespace, preset)))}.values.yaml"


def owner(text: str) -> tuple[str, str] | None:
    """(release, namespace) that the header of a values file names; None for a file without such a header."""
    match = re.search(_OWNER, text[:2000]) if text else None
    return (match[1], match[2]) if match else None


def _refuse_secrets(resolved: Resolved) -> None:
    given = ("--set", values.minus(resolved.whole, resolved.answered))
    for source, tree in (*resolved.layers.files, given):
        for path in values.secrets_in(tree):
            name = values.SECRET_PATHS[path]
            raise Problem(
                f"{source} holds a secret at {path}; values end in files and in Helm's history.",
                f"Remove it there and give it as --secret-file {name}=PATH or --existing-secret {name}=SECRET.",
            )
