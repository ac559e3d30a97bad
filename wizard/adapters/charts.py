"""Chart folders: the one of this checkout or wheel, or a path a person names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wizard.adapters.documents import YamlDocuments
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.ports.charts import Chart

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_BUILT_IN: Final = (_PACKAGE / "_chart" / "llm-cost-ops", _PACKAGE.parent / "chart" / "llm-cost-ops")


class ChartFolders:
    """Opens charts that are folders."""

    def open(self, path: str = "") -> Chart:
        """The chart at the path, or the built-in one; raises Problem when it is missing or not a chart."""
        from wizard.core.resolve import PRESETS  # 4 ms, here: the first paint needs no chart
        from wizard.ports.charts import Chart

        folder = Path(path).expanduser() if path else next((one for one in _BUILT_IN if one.is_dir()), _BUILT_IN[0])
        if not folder.exists():
            raise Problem(
                f"There is no chart at {path or folder}.", "Give the folder that holds Chart.yaml with --chart."
            )
        if not (folder / "Chart.yaml").is_file():
            raise Problem(f"{path or folder} is not a chart: it holds no Chart.yaml.", "Give another with --chart.")
        metadata = self._tree(folder / "Chart.yaml")
        name, version = metadata.get("name"), metadata.get("version")
        if not isinstance(name, str) or not isinstance(version, str):
            raise Problem(
                f"{path or folder} is not a chart: Chart.yaml names no name or version.", "Give another with --chart."
            )
        presets = {preset: file for preset in PRESETS if (file := folder / f"values-{preset}.yaml").is_file()}
        return Chart(
            path=str(folder.resolve()),
            name=name,
            version=version,
            app_version=str(metadata.get("appVersion", "")),
            kube_version=str(metadata.get("kubeVersion", "")),
            defaults=self._tree(folder / "values.yaml") if (folder / "values.yaml").is_file() else {},
            presets={preset: self._tree(file) for preset, file in presets.items()},
            metadata=metadata,
        )

    def _tree(self, file: Path) -> Mapping[str, Any]:
        try:
            tree = YamlDocuments().load(file.read_text(encoding="utf-8"), str(file))
        except (OSError, UnicodeDecodeError) as error:
            raise Problem(f"{file} cannot be read: {error}.", "Give another chart with --chart.") from error
        if not isinstance(tree or {}, Mapping):
            raise Problem(f"{file} holds no KEY: VALUE lines.", "Give another chart with --chart.")
        return tree or {}
