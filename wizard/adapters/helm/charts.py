"""Charts on this machine: the one of this checkout or wheel, a folder or packed chart of a person, a pulled one."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from wizard.adapters import atomic, bounded, folders
from wizard.core import limits
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.core.helm.chart import Chart
    from wizard.core.helm.ignore import Rules
    from wizard.core.helm.packed import Budget
    from wizard.core.helm.value_tree import Described

_PACKAGE: Final = Path(__file__).resolve().parents[2]
_BUILT_IN: Final = (_PACKAGE / "_chart" / "llm-cost-ops", _PACKAGE.parent / "chart" / "llm-cost-ops")


_KEPT: Final = 8
"""Charts of which a copy, and of which the trees are kept; a person works with one or two."""
_SUBCHARTS: Final = 100
"""Charts inside one chart whose values are described."""
_READER: Final = 2
"""Raised when the same text is read as another tree."""
_ANOTHER: Final = "Give another with --chart."
# Patterns of the charts of others are compiled when they are used: the built-in chart needs none of them.
_LIKE_A_REPOSITORY: Final = r"[^./~:][^/:]*/[^:]+"
_IN_THE_WAY: Final = "A folder of that name is here, and wins over the repository as in helm: work in another folder."
_BOM: Final = b"\xef\xbb\xbf"
_SCHEMA: Final = "values.schema.json"
_NAMES: Final = ("Chart.yaml", "values.yaml", "requirements.yaml")
"""What is read of every chart; of ours the presets too, and the schema when its values are described."""
_LEVELS: Final = 8
"""Levels of charts inside of charts that are read."""
_WANTED: Final = (
    r"(?:charts/[^/]+/)*(?:Chart\.yaml|values\.yaml|values\.schema\.json|requirements\.yaml|charts/[^/]+\.tgz)"
    r"|values-(?:dev|staging|prod)\.yaml"
)
_APART: Final = r"charts/|(?:Chart\.yaml|Chart\.lock|values\.yaml|requirements\.(?:yaml|lock))$"
"""What helm does not keep as a file in a record: subcharts, and what it reads into fields of its own."""
_PACKED: Final = r"(?:.*/)?charts/[^_./][^/]*\.tgz"
"""A packed subchart, by helm's rule: names with a dot or underscore in front are no charts."""


class ChartFolders:
    """Opens charts that are folders or packed (.tgz).

    Their trees are kept as JSON in the cache, beside the texts they were parsed from: the first question waits for them,
    and the import and run of a YAML parser take 18 ms. Packed charts are kept there too, under their SHA-256: the chart
    that was looked at is the chart that is installed.
    """

    def is_local(self, reference: str) -> bool:
        """Helm's rule, and a name alone, which helm refuses: it can only be a folder that is not here."""
        name = reference.strip()
        return os.path.exists(_place(name)) or name.startswith((".", "/", "~")) or "/" not in name  # noqa: PTH110 - never raises

    def open(self, reference: str = "") -> Chart:
        """The chart at the place, or the built-in one; raises Problem when it is missing or not a chart."""
        place = _place(reference.strip())
        if not reference.strip():
            place = next((built_in for built_in in _BUILT_IN if built_in.is_dir()), _BUILT_IN[0])
        shown = reference.strip() or str(place)
        if not place.exists():
            raise Problem(f"There is no chart at {shown}.", "Give the folder that holds Chart.yaml with --chart.")
        if place.is_dir():
            return _chart(_folder(place, shown), place.resolve(), shown, reference.strip())
        try:
            packed = bounded.read(place, limits.CHART_PACKED)
        except OSError as error:
            raise Problem(f"{shown} cannot be read: {error.strerror or error}.", _ANOTHER) from error
        return self.open_packed(packed, reference.strip())

    def open_packed(self, packed: bytes, reference: str, *, pulled: bool = False) -> Chart:
        """A packed chart that was read already."""
        from wizard.core.helm.packed import Budget

        try:
            files = _flat(packed, Budget())
        except ValueError as error:
            raise Problem(f"{reference} is not a chart: {error}.", _ANOTHER) from error
        digest = _sha256(packed)
        try:
            file = _keep_packed(packed, digest)
        except OSError as error:
            reason = error.strerror or error
            raise Problem(f"{reference} cannot be kept in {error.filename}: {reason}.", "Make room there.") from error
        return replace(_chart(files, file, reference, reference), digest=digest, pulled=pulled)

    def describe(self, chart: Chart) -> Described:
        """What the chart says of its values; raises Problem when its schema cannot be read.

        Apart from `open`: the first question does not need it, and a schema is larger than the rest of a chart.
        """
        from wizard.core.helm.packed import Budget

        place = Path(chart.path)
        if place.is_dir():
            return _described(_folder(place, chart.shown, (*_NAMES, _SCHEMA)), chart.metadata, chart.shown)
        try:
            files = _flat(bounded.read(place, limits.CHART_PACKED), Budget())
        except (OSError, ValueError) as error:
            raise _unreadable(chart, error) from error
        return _described(files, chart.metadata, chart.shown)

    def in_record(self, chart: Chart) -> Mapping[str, bytes]:
        """Templates, schema and all other files but those of subcharts, as helm's loader sorts them (pkg/chart/loader/load.go)."""
        place = Path(chart.path)
        if place.is_dir():
            return dict(_kept(place, _rules(place)))
        from wizard.core.helm import packed as packed_charts

        try:
            return packed_charts.files(
                bounded.read(place, limits.CHART_PACKED), lambda name: not re.match(_APART, name)
            )
        except (OSError, ValueError) as error:
            raise _unreadable(chart, error) from error

    def require_same(self, chart: Chart) -> None:
        """Raise Problem when the kept file of a packed chart is missing or another."""
        if chart.digest and _digest(Path(chart.path)) != chart.digest:
            raise Problem(
                f"The copy of {chart.shown} in {Path(chart.path).parent} is not there any more.", "Plan it again."
            )


def _place(reference: str) -> Path:
    return Path(reference).expanduser() if reference.startswith("~") else Path(reference)


# The files of a chart


def _unreadable(chart: Chart, error: OSError | ValueError) -> Problem:
    reason = getattr(error, "strerror", None) or error
    return Problem(f"{chart.shown} cannot be read: {reason}.", _ANOTHER)


def _rules(place: Path) -> Rules:
    """What the chart's .helmignore leaves out."""
    from wizard.core.helm.ignore import Rules

    listed = place / ".helmignore"
    try:
        return Rules(_decoded(_read(listed), listed) if listed.is_file() else "")
    except ValueError as error:
        raise Problem(f"{listed} holds a rule that helm refuses: {error}.", "Correct it.") from error


def _kept(place: Path, rules: Rules) -> Iterator[tuple[str, bytes]]:
    """The files below a folder that helm keeps in a record. Links are followed, as helm does."""
    left, room = limits.CHART_FILES, limits.CHART_CONTENT
    for folder, names, files in os.walk(place, followlinks=True):
        below = "" if folder == str(place) else f"{os.path.relpath(folder, place)}/"
        names[:] = [name for name in names if below + name != "charts" and not rules.ignores(below + name, folder=True)]
        left -= 1 + len(files)  # a folder counts too: a link may lead in a circle
        if left < 0:
            raise Problem(f"{place} holds more than {limits.CHART_FILES} files.", _ANOTHER)
        for name in files:
            if re.match(_APART, below + name) or rules.ignores(below + name):
                continue
            content = _read(Path(folder, name))
            room -= len(content)
            if room < 0:
                raise Problem(f"{place} holds more than {limits.amount(limits.CHART_CONTENT)}.", _ANOTHER)
            yield below + name, content


def _folder(place: Path, shown: str, names: tuple[str, ...] = _NAMES) -> dict[str, bytes]:
    """The files of a folder that are read, without those that its .helmignore leaves out."""
    found = dict(_below(place, _rules(place), names, ""))
    packed = {name for name in found if name.endswith(".tgz") and re.fullmatch(_PACKED, name)}
    if packed:
        from wizard.core.helm.packed import Budget

        budget = Budget()
        for name in packed:
            try:
                inner = _flat(found.pop(name), budget)
            except ValueError as error:
                raise Problem(f"{name} in {shown} is not a chart: {error}.", _ANOTHER) from error
            found |= {f"{name}/{file}": text for file, text in inner.items()}
    return found


def _below(
    folder: Path, rules: Rules, names: tuple[str, ...], prefix: str, level: int = 0
) -> Iterator[tuple[str, bytes]]:
    from wizard.core.answers.resolve import PRESETS  # 4 ms, here: the first paint needs no chart

    presets = () if prefix else tuple(f"values-{preset}.yaml" for preset in PRESETS)
    for name in (*names, *presets):
        if (file := folder / name).is_file() and not rules.ignores(prefix + name):
            yield prefix + name, _read(file)
    charts = folder / "charts"
    if level > _LEVELS or not charts.is_dir() or rules.ignores(f"{prefix}charts", folder=True):
        return
    for entry in sorted(charts.iterdir()):
        name = f"{prefix}charts/{entry.name}"
        if entry.is_dir():
            if not rules.ignores(name, folder=True):
                yield from _below(entry, rules, names, f"{name}/", level + 1)
        elif entry.suffix == ".tgz" and not rules.ignores(name):
            yield name, _read(entry)


def _flat(packed: bytes, budget: Budget, level: int = 0) -> dict[str, bytes]:
    """The files of a packed chart that are read, those of its packed subcharts under the name of the subchart's file.

    Raises:
        ValueError: it is no packed chart, or over a limit.
    """
    from wizard.core.helm import packed as packed_charts

    found: dict[str, bytes] = {}
    for name, content in packed_charts.files(packed, lambda name: bool(re.fullmatch(_WANTED, name)), budget).items():
        if not re.fullmatch(_PACKED, name):
            found[name] = content
        elif level < _LEVELS:
            found |= {f"{name}/{file}": text for file, text in _flat(content, budget, level + 1).items()}
    return found


def _read(file: Path) -> bytes:
    try:
        return bounded.read(file, limits.CHART_FILE).removeprefix(_BOM)
    except OSError as error:
        raise Problem(
            f"{file} cannot be read: {error.strerror or error}.", "Give another chart with --chart."
        ) from error


def _decoded(raw: bytes, file: object) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(f"{file} cannot be read: {error}.", "Give another chart with --chart.") from error


# The chart that they make


def _chart(files: Mapping[str, bytes], path: Path, shown: str, reference: str) -> Chart:
    from wizard.core.answers.resolve import PRESETS
    from wizard.core.helm.chart import OURS, Chart

    if "Chart.yaml" not in files:
        named = re.fullmatch(_LIKE_A_REPOSITORY, reference)
        raise Problem(f"{shown} is not a chart: it holds no Chart.yaml.", _IN_THE_WAY if named else _ANOTHER)
    texts = {
        name: _decoded(raw, f"{shown}/{name}")
        for name, raw in files.items()
        if not (_is_preset(name) or name.endswith(_SCHEMA))
    }
    presets = {name: raw for name, raw in files.items() if _is_preset(name)}
    if OURS in texts["Chart.yaml"]:  # in another chart a file of that name may be anything
        texts |= {name: _decoded(raw, f"{shown}/{name}") for name, raw in presets.items()}
    trees = _trees(path, texts, shown)
    metadata = trees["Chart.yaml"]
    name, version = metadata.get("name"), metadata.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        raise Problem(f"{shown} is not a chart: Chart.yaml names no name or version.", _ANOTHER)
    return Chart(
        path=str(path),
        name=name,
        version=version,
        app_version=str(metadata.get("appVersion", "")),
        kube_version=str(metadata.get("kubeVersion", "")),
        defaults=trees.get("values.yaml", {}),
        presets={
            preset: trees[file] for preset in PRESETS if name == OURS and (file := f"values-{preset}.yaml") in trees
        },
        metadata=metadata,
        subcharts=_subcharts(trees, "", metadata),
        values_text=texts.get("values.yaml", ""),
        reference=reference,
    )


def _is_preset(name: str) -> bool:
    return name.startswith("values-")


def _subcharts(trees: Mapping[str, Any], prefix: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the charts below charts/, by the name that helm gives each."""
    from wizard.core.helm.chart import with_subcharts

    found: dict[str, Any] = {}
    for at, below, names in _inside(trees, prefix, metadata):
        tree = with_subcharts(trees.get(f"{at}values.yaml", {}), _subcharts(trees, at, below))
        found |= dict.fromkeys(names, tree)
    return found


def _inside(
    trees: Mapping[str, Any], prefix: str, metadata: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], tuple[str, ...]]]:
    """(prefix, Chart.yaml, names) of each chart below charts/: the aliases that Chart.yaml gives it, else its own name."""
    start = f"{prefix}charts/"
    for folder in sorted({name[len(start) :].partition("/")[0] for name in trees if name.startswith(start)}):
        at = f"{start}{folder}/"
        below = trees.get(f"{at}Chart.yaml")
        if folder[:1] in "_." or below is None:
            continue
        own = str(below.get("name", folder))
        required = trees.get(f"{prefix}requirements.yaml", {}).get("dependencies") or metadata.get("dependencies")
        yield at, below, _aliases(required, own) or (own,)


def _described(files: Mapping[str, bytes], metadata: Mapping[str, Any], shown: str) -> Described:
    from wizard.adapters.helm import comments
    from wizard.core.helm.schema import Schema
    from wizard.core.helm.value_tree import Described

    texts = {name: _decoded(raw, f"{shown}/{name}") for name, raw in files.items() if not _is_preset(name)}
    trees = {name: _tree(text, f"{shown}/{name}") for name, text in texts.items() if name.endswith(".yaml")}

    def described(prefix: str, metadata: Mapping[str, Any]) -> Described:
        inside = itertools.islice(_inside(trees, prefix, metadata), _SUBCHARTS)
        below = {name: described(at, chart) for at, chart, names in inside for name in names}
        schema, values = prefix + _SCHEMA, f"{prefix}values.yaml"
        return Described(
            Schema(_schema(texts[schema], f"{shown}/{schema}") if schema in texts else None),
            comments.of(texts[values]) if values in texts else {},
            trees.get(values, {}),
            below,
        )

    return described("", metadata)


def _schema(text: str, file: str) -> Any:
    try:
        return limits.loads(text)
    except ValueError as error:
        raise Problem(f"{file} is not a JSON schema: {error}.", "Give another chart with --chart.") from error


def _aliases(dependencies: Any, name: str) -> tuple[str, ...]:
    """The names under which a chart's dependencies take the chart of that name."""
    listed = dependencies if isinstance(dependencies, list) else []
    return tuple(
        str(dependency.get("alias") or name)
        for dependency in listed
        if isinstance(dependency, Mapping) and dependency.get("name") == name
    )


def _trees(path: Path, texts: Mapping[str, str], shown: str) -> dict[str, Any]:
    """The parsed files by name, from the cache when the same texts were parsed before."""
    kept = f"{crc32(str(path).encode()):08x}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, Problem):
        cached = limits.loads(bounded.read(folders.cache_dir("charts") / kept, limits.KEPT))
        if cached["reader"] == _READER and cached["texts"] == texts and cached["trees"].keys() == texts.keys():
            return dict(cached["trees"])
    trees = {name: _tree(text, f"{shown}/{name}") for name, text in texts.items()}
    with contextlib.suppress(OSError, TypeError, ValueError, Problem):  # a cache that cannot be written costs only time
        _keep(kept, texts, trees)
    return trees


def _tree(text: str, file: str) -> Mapping[str, Any]:
    from wizard.adapters.helm.documents import YamlDocuments

    tree = YamlDocuments().load(text, file, repeats=True) or {}
    if not isinstance(tree, Mapping):
        raise Problem(f"{file} holds no KEY: VALUE lines.", "Give another chart with --chart.")
    return tree


# The cache


def _keep(name: str, texts: Mapping[str, str], trees: Mapping[str, Any]) -> None:
    text = json.dumps({"reader": _READER, "texts": texts, "trees": trees})
    atomic.write(folders.cache_dir("charts") / name, text)
    _sweep("*.json")


def _keep_packed(packed: bytes, digest: str) -> Path:
    """The file of a packed chart in the cache; raises OSError when it cannot be written."""
    file = folders.cache_dir("charts") / f"{digest}.tgz"
    if _digest(file) != digest:
        atomic.write(file, packed)
    os.utime(file)
    _sweep("*.tgz")
    return file


def _digest(file: Path) -> str:
    """The SHA-256 of a file; "" when it cannot be read."""
    with contextlib.suppress(OSError):
        return _sha256(bounded.read(file, limits.CHART_PACKED))
    return ""


def _sha256(data: bytes) -> str:
    import hashlib  # 4 ms, and only packed charts need it

    return hashlib.sha256(data).hexdigest()


def _sweep(pattern: str) -> None:
    """Remove all but the newest files."""
    for old in sorted(folders.cache_dir("charts").glob(pattern), key=lambda file: file.stat().st_mtime)[:-_KEPT]:
        old.unlink(missing_ok=True)
