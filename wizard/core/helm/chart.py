"""A chart on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.core.helm.values import Tree


@dataclass(frozen=True)
class Chart:
    """A chart folder: absolute path, Chart.yaml's fields, values.yaml and the presets beside it by name."""

    path: str
    name: str
    version: str
    app_version: str
    kube_version: str
    defaults: Tree
    presets: Mapping[str, Tree]
    metadata: Mapping[str, Any]
    subcharts: Mapping[str, Tree] = field(default_factory=dict)
    """The values.yaml of each chart folder below charts/, by name."""
    values_text: str = ""
    """The text of values.yaml."""
