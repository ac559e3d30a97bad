"""Updates schema and README of the chart from its values: `make chart-docs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from wizard.core.helm import chart_settings
from wizard.core.helm.chart_settings import Section, Setting

CHART = Path(__file__).resolve().parents[1] / "chart" / "llm-cost-ops"
BEGIN = "<!-- settings: written by make chart-docs -->"
END = "<!-- end of settings -->"
# Longer defaults are shown in values.yaml only; here they would make the table unreadable.
_LONGEST = 60


def merged_values(chart: Path = CHART) -> dict[str, Any]:
    """Default values, with those of the subcharts under their names, as helm merges them."""
    values: dict[str, Any] = yaml.safe_load((chart / "values.yaml").read_text())
    for folder in sorted((chart / "charts").iterdir()):
        values[folder.name] = _over(yaml.safe_load((folder / "values.yaml").read_text()), values.get(folder.name, {}))
    return values


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def with_defaults(schema: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The schema with the defaults that the values have, and no others."""
    return schema | {"properties": _defaults(schema, schema, values)}


def _defaults(schema: dict[str, Any], node: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    properties = {}
    for name, child in node["properties"].items():
        if "properties" in child and not child.get("$comment", "").startswith(chart_settings.KUBERNETES):
            value = values.get(name)
            properties[name] = child | {
                "properties": _defaults(schema, child, value if isinstance(value, dict) else {})
            }
            continue
        written = {key: value for key, value in child.items() if key != "default"}
        if name in values:
            # After title and description, where a reader expects it.
            head = {
                key: written.pop(key)
                for key in ("$comment", "$ref", "title", "description", "type", "enum")
                if key in written
            }
            written = head | {"default": values[name]} | written
        properties[name] = written
    return properties


def table(schema: dict[str, Any]) -> str:
    """The README's section on settings: a table for each section of values.yaml."""
    lines: list[str] = []
    top: list[Setting] = []
    for entry in chart_settings.entries(schema):
        if len(entry.path) == 1:
            if isinstance(entry, Setting):
                top.append(entry)
                continue
            lines += ["", f"### `{entry.path[0]}`: {entry.description}", "", *_HEAD]
        elif isinstance(entry, Section):
            continue
        if isinstance(entry, Setting) and entry.has_default:
            lines.append(_row(entry))
    return "\n".join(["### At the top", "", *_HEAD, *map(_row, top), *lines])


_HEAD = ("| Key | Default | Meaning |", "|---|---|---|")


def _row(setting: Setting) -> str:
    default = json.dumps(setting.default, ensure_ascii=False)
    default = "see `values.yaml`" if len(default) > _LONGEST else f"`{default}`"
    meaning = setting.description
    if setting.choices:
        meaning += "; one of " + ", ".join(f"`{json.dumps(choice)}`" for choice in setting.choices)
    return f"| `{setting.dotted}` | {default} | {meaning} |".replace("\n", " ")


def written(chart: Path = CHART) -> dict[Path, str]:
    """The new contents of schema and README, by file."""
    schema_file, readme_file = chart / "values.schema.json", chart / "README.md"
    schema = with_defaults(json.loads(schema_file.read_text()), merged_values(chart))
    before, rest = readme_file.read_text().split(BEGIN)
    after = rest.split(END)[1]
    return {
        schema_file: json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        readme_file: f"{before}{BEGIN}\n\n{table(schema)}\n\n{END}{after}",
    }


if __name__ == "__main__":
    for file, text in written().items():
        file.write_text(text)
