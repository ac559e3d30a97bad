"""A chart: what is known of it, and how a person names one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from wizard.core.errors import Problem
from wizard.core.helm.values import Tree, merge

OURS: Final = "llm-cost-ops"
"""The name of the chart that the wizard has questions, presets, secrets and rules for."""
_LOGIN: Final = r"(?i:[a-z][a-z0-9+.-]*://[^/?#]*@)"


@dataclass(frozen=True)
class ChartOptions:
    """How helm finds and proves a chart, by its own flags: --version, --verify, --keyring."""

    version: str = ""
    """A version or a constraint; helm decides what it means, and ignores it for a chart on this machine."""
    verify: bool = False
    """Refuse a chart whose provenance helm cannot verify."""
    keyring: str = ""
    """File of public keys; empty means helm's default."""

    def flags(self) -> list[str]:
        """The helm flags of these options."""
        return [*(["--version", self.version] if self.version else []), *self.proof_flags()]

    def proof_flags(self) -> list[str]:
        """Those of them that are about provenance."""
        return [*(["--verify"] if self.verify else []), *(["--keyring", self.keyring] if self.keyring else [])]

    def to_data(self) -> dict[str, Any]:
        """JSON-ready, one key per field."""
        return asdict(self)

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> ChartOptions:
        """The options from their data; missing keys get their default."""
        return ChartOptions(
            str(data.get("version", "")), data.get("verify") is True, str(data.get("keyring", ""))
        )  # fmt: skip


@dataclass(frozen=True)
class Chart:
    """A chart: its path on this machine, Chart.yaml's fields, values.yaml, and of ours the presets beside it by name."""

    path: str
    """Absolute: a folder, or a packed chart in the cache whose name is its SHA-256."""
    name: str
    version: str
    app_version: str
    kube_version: str
    defaults: Tree
    presets: Mapping[str, Tree]
    metadata: Mapping[str, Any]
    subcharts: Mapping[str, Tree] = field(default_factory=dict)
    """The values of each chart below charts/, with those of its own subcharts, by the name that helm gives it."""
    values_text: str = ""
    """The text of values.yaml."""
    reference: str = ""
    """The chart as the person named it; "" for the built-in one."""
    digest: str = ""
    """SHA-256 of a packed chart; "" for a folder."""
    pulled: bool = False
    """Whether helm pulled it from elsewhere."""

    @property
    def foreign(self) -> bool:
        """Whether it is another chart than ours."""
        return self.name != OURS

    @property
    def shown(self) -> str:
        """The chart in a message: as the person named it, else its path."""
        return self.reference or self.path


def refuse_login(reference: str) -> None:
    """Raise Problem for an address with a login in it: it would be kept in drafts, records and command lines."""
    if "@" in reference and (match := re.match(_LOGIN, reference)):
        scheme, _, _ = match[0].partition("://")
        rest = f"{scheme}://{reference[match.end() :]}"
        login = (
            f"helm registry login {host_of(rest)}"
            if scheme.lower() == "oci"
            else "helm repo add NAME URL --username USER --password-stdin"
        )
        raise Problem(
            "The address of the chart holds a login, which would be kept in command lines and records.",
            f"Leave it out and log in first: {login}.",
        )


def host_of(reference: str) -> str:
    """The host of an address, with its port; "" for a reference without one."""
    _, separator, rest = reference.partition("://")
    return re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2] if separator else ""


def with_subcharts(defaults: Mapping[str, Any], subcharts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A chart's defaults with those of its subcharts, as a stored record has them, without the subcharts' `global`."""
    merged = dict(defaults)
    for name, tree in subcharts.items():
        merged[name] = merge(tree, merged.get(name) or {})
    return without_globals(merged, subcharts)


def without_globals(tree: Mapping[str, Any], subcharts: Iterable[str]) -> dict[str, Any]:
    """Values without the copies of `global` that helm puts below each subchart."""
    names = set(subcharts)
    return {
        key: {inner: item for inner, item in value.items() if inner != "global"}
        if key in names and isinstance(value, Mapping)
        else value
        for key, value in tree.items()
    }
