"""What collectors of facts may ask, and how one is described."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from wizard.core.errors import Problem
from wizard.core.helm.chart import Chart
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.kubeconfig import Kubeconfig
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import SecretFile, SecretUse, Values
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.engine.secret_files import TlsFiles
from wizard.ports.certificates import CertificateReader
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents
from wizard.ports.helm import Helm
from wizard.ports.network import Network
from wizard.ports.registries import Registries


@dataclass(frozen=True)
class World:
    """What collectors may ask. The defaults suit the late checks of a run, which has no draft any more."""

    cluster: Cluster
    documents: Documents
    helm: Helm
    target: Target
    chart: Chart | Problem | str
    """The chart, why there is none, or its path."""
    values_path: str = ""
    values: Callable[[], asyncio.Future[Values]] | None = None
    """Builds them once, when they are asked for first, beside requests that do not depend on them; None in the late checks, which have a file."""
    kubeconfig: Kubeconfig | None = None
    made_by_run: frozenset[str] = frozenset()
    """Names of the Secrets that the run creates."""
    database_secrets: Mapping[str, Literal["generate", "file"]] = field(default_factory=dict)
    """Those of them that hold the bundled database's password, and where it comes from."""
    secret_questions: Mapping[str, str] = field(default_factory=dict)
    """Secret name -> the question that named it."""
    extra_secrets: tuple[SecretUse, ...] = ()
    """Secrets that the answers need beyond those in pods (TLS)."""
    certificates: CertificateReader | None = None
    """Needed by the checks before a run alone."""
    tls_files: Callable[[], TlsFiles] | None = None
    """Reads the files that the run makes a TLS Secret of; raises Problem."""
    secret_files: Callable[[], tuple[SecretFile, ...]] | None = None
    """Reads and judges the files of secrets that are named; raises nothing."""
    chart_files: Callable[[], Mapping[str, bytes]] | None = None
    """Reads the chart's files that helm keeps in its record; raises Problem."""
    value_questions: Mapping[str, str] = field(default_factory=dict)
    """Value path -> the question that sets it."""
    runs: Mapping[Target, str] = field(default_factory=dict)
    """Runs of this machine that are at work, by target."""
    ended: tuple[RunSummary, ...] = ()
    """Runs of this machine on the target, at work or not."""
    logout: tuple[str, str] = ("", "")
    """Why a run would not outlive this person's logout, and what to do."""
    network: Network | None = None
    """Needed by the checks before a run alone."""
    registries: Registries | None = None
    """Needed by the checks before a run alone."""
    force_conflicts: bool = False
    """Whether fields of other managers are to be taken over."""
    probes: bool = False
    """Whether the person asked for the pod that tries the database."""
    preset: str = ""
    """The chosen environment; "" for another chart, and in the late checks."""
    machine: str = ""
    """This machine as a Lease names it."""
    typing: bool = False
    """Whether a person may be in the middle of an answer: no registry is asked for an image whose name may not be whole."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


NOT_THERE: Final = "namespace not there yet"
NO_NAME: Final = Absent("waits for N01")
"""Of what helm is asked under the release's name, where it takes no such name."""
_NOT_JUDGED: Final = ("forbidden", "slow", "unavailable")


def judged(error: ClusterError) -> bool:
    """Whether the API server refused what was tried, and not this person's right to try it, or nothing at all."""
    return bool(error.status) and error.kind not in _NOT_JUDGED


def unknown(error: ClusterError) -> Unknown:
    """A fact that the cluster did not tell."""
    return Unknown(error.message.rstrip("."), error.permission)


Fetch = Callable[[World, Mapping[str, Any]], Awaitable[Any]]


@dataclass(frozen=True)
class Collector:
    """How one fact is fetched. It needs the facts `needs`; it waits for the facts `after`, which may have failed."""

    fetch: Fetch
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    limit: float = 12.0
    ahead: bool = False
    """Whether it begins without its inputs, while they are awaited; where one is missing, it is ended."""
    lasts: float = 0.0
    """Seconds for which the fact may be kept while a person answers; no answer but the target changes it."""
