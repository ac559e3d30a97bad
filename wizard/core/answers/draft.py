"""The draft: one frozen value that holds every answer given so far; screens return patches to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wizard.core.helm.chart import ChartOptions
from wizard.core.helm.command_line import HelmOptions
from wizard.core.helm.strvals import FLAGS, SetFlag

_SCHEMA: Final = 1


@dataclass(frozen=True)
class Draft:
    """Answers by question id (only those that a person gave) and options of the command line. Never holds a secret."""

    answers: Mapping[str, str] = field(default_factory=dict)
    chart: str = ""
    """The chart as the person named it; empty means the chart of this checkout or wheel."""
    chart_options: ChartOptions = field(default_factory=ChartOptions)
    files: tuple[str, ...] = ()
    """The person's own values files (-f), lowest first."""
    sets: tuple[SetFlag, ...] = ()
    """The --set flags: of the command line, then of values that were changed one by one."""
    write: str = ""
    """Path to which the values file is written; empty means the default name."""
    helm: HelmOptions = field(default_factory=HelmOptions)
    rollback_on_failure: bool = False
    kubeconfig: str = ""
    running: Mapping[str, Any] = field(default_factory=dict)
    """For an upgrade: the values of the release that runs, without secrets; answers start from them."""
    cluster_uid: str = ""
    """The uid of kube-system when the draft was last saved: a context may reach another cluster by the next start."""

    def with_answers(self, patch: Mapping[str, str | None]) -> Draft:
        """The draft with the patch applied; None resets an answer to its default."""
        merged = {**self.answers, **patch}
        return replace(self, answers={key: value for key, value in merged.items() if value is not None})

    def to_data(self) -> dict[str, Any]:
        """The draft as JSON-ready data."""
        return {
            "schema": _SCHEMA,
            "answers": dict(self.answers),
            "chart": self.chart,
            "chart_options": self.chart_options.to_data(),
            "files": list(self.files),
            "sets": [list(given) for given in self.sets],
            "write": self.write,
            **self.helm.to_data(),
            "undo": self.rollback_on_failure,
            "kubeconfig": self.kubeconfig,
            "running": dict(self.running),
            "cluster_uid": self.cluster_uid,
        }

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Draft:
        """The draft from its JSON data.

        Raises:
            ValueError: it was written by another version.
        """
        if data.get("schema") != _SCHEMA:
            msg = "a draft of another version"
            raise ValueError(msg)
        return Draft(
            answers={str(key): str(value) for key, value in data["answers"].items()},
            chart=str(data["chart"]),
            chart_options=ChartOptions.of_data(data.get("chart_options") or {}),
            files=tuple(map(str, data["files"])),
            sets=tuple(_set_flag(*item) for item in data["sets"]),
            write=str(data["write"]),
            helm=HelmOptions.of_data(data),
            rollback_on_failure=bool(data.get("undo")),
            kubeconfig=str(data["kubeconfig"]),
            running=dict(data["running"]),
            cluster_uid=str(data.get("cluster_uid", "")),
        )


def _set_flag(flag: str, text: str, contents: Iterable[str] = ()) -> SetFlag:
    if flag not in FLAGS:  # an earlier version kept a path and its value
        msg = "a draft of another version"
        raise ValueError(msg)
    return SetFlag(flag, str(text), tuple(map(str, contents)))
