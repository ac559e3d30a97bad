"""Chart folders: the one of this checkout or wheel, or a path a person names."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from wizard.adapters import atomic, bounded, folders
from wizard.core import limits
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.core.helm.chart import Chart
    from wizard.core.helm.value_tree import Described

_PACKAGE: Final = Path(__file__).resolve().parents[2]
_BUILT_IN: Final = (_PACKAGE / "_chart" / "llm-cost-ops", _PACKAGE.parent / "chart" / "llm-cost-ops")


_KEPT: Final = 8
"""Charts whose trees are kept; a person works with one or two."""
_SUBCHARTS: Final = 100
"""Charts inside one chart whose values are described."""
_READER: Final = 2
"""Raised when the same text is read as another tree."""


class ChartFolders:
    """Opens charts that are folders.

    Their trees are kept as JSON in the cache, beside the texts they were parsed from: the first question waits for them,
    and the import and run of a YAML parser take 18 ms.
    """

    def open(self, path: str = "") -> Chart:
        """The chart at the path, or the built-in one; raises Problem when it is missing or not a chart."""
        from wizard.core.answers.resolve import PRESETS  # 4 ms, here: the first paint needs no chart
        from wizard.core.helm.chart import Chart

        folder = Path(path).expanduser() if path else next((built_in for built_in in _BUILT_IN if built_in.is_dir()), _BUILT_IN[0])
        if not folder.exists():
            raise Problem(
                f"There is no chart at {path or folder}.", "Give the folder that holds Chart.yaml with --chart."
            )
        if not (folder / "Chart.yaml").is_file():
            raise Problem(f"{path or folder} is not a chart: it holds no Chart.yaml.", "Give another with --chart.")
        texts = {"Chart.yaml": _text(folder / "Chart.yaml")}
        for name in ("values.yaml", *(f"values-{preset}.yaml" for preset in PRESETS)):
            if (folder / name).is_file():
                texts[name] = _text(folder / name)
        below = {
            file.parent.name: f"charts/{file.parent.name}/values.yaml"
            for file in sorted((folder / "charts").glob("*/values.yaml"))
        }
        texts |= {file: _text(folder / file) for file in below.values()}
        trees = _trees(folder, texts)
        metadata = trees["Chart.yaml"]
        name, version = metadata.get("name"), metadata.get("version")
        if not isinstance(name, str) or not isinstance(version, str):
            raise Problem(
                f"{path or folder} is not a chart: Chart.yaml names no name or version.", "Give another with --chart."
            )
        presets = {preset: trees[file] for preset in PRESETS if (file := f"values-{preset}.yaml") in trees}
        return Chart(
            path=str(folder.resolve()),
            name=name,
            version=version,
            app_version=str(metadata.get("appVersion", "")),
            kube_version=str(metadata.get("kubeVersion", "")),
            defaults=trees.get("values.yaml", {}),
            presets=presets,
            metadata=metadata,
            subcharts={name: trees[file] for name, file in below.items()},
            values_text=texts.get("values.yaml", ""),
        )


    def describe(self, chart: Chart) -> Described:
        """What the chart says of its values; raises Problem when its schema cannot be read.

        Apart from `open`: the first question does not need it, and a schema is larger than the rest of a chart.
        """
        return _described(Path(chart.path), chart.defaults, chart.metadata)


def _described(folder: Path, defaults: Mapping[str, Any], metadata: Mapping[str, Any]) -> Described:
    from wizard.adapters.helm import comments
    from wizard.core.helm.schema import Schema
    from wizard.core.helm.value_tree import Described

    file, text = folder / "values.schema.json", folder / "values.yaml"
    schema = _schema(file) if file.is_file() else None
    return Described(
        Schema(schema), comments.of(_text(text)) if text.is_file() else {}, defaults, dict(_below(folder, metadata))
    )


def _below(folder: Path, metadata: Mapping[str, Any]) -> Iterator[tuple[str, Described]]:
    """The charts inside a chart by the key of their values; a dependency may have another name there."""
    for chart in itertools.islice(sorted((folder / "charts").glob("*/Chart.yaml")), _SUBCHARTS):
        inside = _tree(_text(chart), chart)
        values = chart.parent / "values.yaml"
        described = _described(chart.parent, _tree(_text(values), values) if values.is_file() else {}, inside)
        name = str(inside.get("name", chart.parent.name))
        named = [item for item in limits.maps_of(metadata, "dependencies") if item.get("name") == name]
        for key in [str(item.get("alias") or name) for item in named] or [name]:
            yield key, described


def _schema(file: Path) -> Any:
    try:
        return limits.loads(_text(file))
    except ValueError as error:
        raise Problem(f"{file} is not a JSON schema: {error}.", "Give another chart with --chart.") from error


def _text(file: Path) -> str:
    try:
        return bounded.read(file, limits.CHART_FILE).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Problem(f"{file} cannot be read: {reason}.", "Give another chart with --chart.") from error


def _trees(folder: Path, texts: Mapping[str, str]) -> dict[str, Any]:
    """The parsed files by name, from the cache when the same texts were parsed before."""
    kept = f"{crc32(str(folder.resolve()).encode()):08x}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, Problem):
        cached = limits.loads(bounded.read(folders.cache_dir("charts") / kept, limits.KEPT))
        if cached["reader"] == _READER and cached["texts"] == texts and cached["trees"].keys() == texts.keys():
            return dict(cached["trees"])
    trees = {name: _tree(text, folder / name) for name, text in texts.items()}
    with contextlib.suppress(
        OSError, TypeError, ValueError, Problem
    ):  # a cache that cannot be written costs only time
        _keep(kept, texts, trees)
    return trees


def _tree(text: str, file: Path) -> Mapping[str, Any]:
    from wizard.adapters.helm.documents import YamlDocuments

    tree = YamlDocuments().load(text, str(file), repeats=True) or {}
    if not isinstance(tree, Mapping):
        raise Problem(f"{file} holds no KEY: VALUE lines.", "Give another chart with --chart.")
    return tree


def _keep(name: str, texts: Mapping[str, str], trees: Mapping[str, Any]) -> None:
    text = json.dumps({"reader": _READER, "texts": texts, "trees": trees})
    folder = folders.cache_dir("charts")
    atomic.write(folder / name, text)
    for old in sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime)[:-_KEPT]:
        old.unlink(missing_ok=True)
