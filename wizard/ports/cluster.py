"""What the engine asks of a Kubernetes API server.

Objects are plain dictionaries as the API serves them, with every string already sanitised. All calls have a time
limit of their own and raise ClusterError, never anything else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from wizard.core.kube.objects import Object

if TYPE_CHECKING:
    from wizard.core.kube.api import LogLine, Resource, WatchEvent
    from wizard.core.text.secrets import Secret


class Cluster(Protocol):
    """One cluster as one person sees it."""

    async def whoami(self) -> tuple[str, tuple[str, ...]]:
        """User name and groups (SelfSubjectReview)."""
        ...

    async def version(self, *, timed: bool = False) -> Mapping[str, str]:
        """/version of the API server: gitVersion, major, minor, platform; `timed`: plus "latency_ms", of the call alone."""
        ...

    async def connect(self, count: int) -> None:
        """Open `count` connections ahead of as many parallel calls; raises nothing."""
        ...

    async def resources(self) -> tuple[Resource, ...]:
        """Every kind the API server serves, by discovery (cached privately)."""
        ...

    async def get(
        self, kind: str, name: str, namespace: str = "", api_version: str = "", *, sealed: bool = False
    ) -> Object:
        """One object; a kind alone is enough for the kinds the chart uses. `sealed`: a Secret's values as fingerprints.

        A Secret that is not sealed has managedFields: manager, operation and time each.
        """
        ...

    async def secret(self, name: str, namespace: str) -> Mapping[str, Secret]:
        """The values of a Secret by key, for a rule to judge; bytes that are not UTF-8 are surrogates (surrogateescape)."""
        ...

    async def list(
        self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "", metadata_only: bool = False,
        api_version: str = "", sealed: bool = False, kept: Callable[[Object], Object] | None = None,
    ) -> tuple[Object, ...]:  # fmt: skip
        """All objects of a kind in a namespace, or in all of them; `sealed` as of `get`. `kept`: what is kept of each object.

        metadata_only asks for PartialObjectMetadata; in lists only that has managedFields: manager, operation and time each.
        """
        ...

    async def create(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> Object:
        """Create an object (strict field validation); dry_run sends dryRun=All."""
        ...

    async def apply(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> Object:
        """Server-side apply (strict field validation) with our field manager; dry_run sends dryRun=All."""
        ...

    async def try_apply(self, manifest: Object, namespace: str = "", *, manager: str, force: bool = False) -> Object:
        """Server-side apply as a dry run, as `manager` would send it; the answer has a Secret's values sealed."""
        ...

    async def try_patch(self, manifest: Object, patch: Object, namespace: str = "", *, manager: str) -> Object:
        """A patch of the manifest's object as a dry run (strategic merge for kinds of Kubernetes, else JSON merge), sealed."""
        ...

    async def records(
        self, kind: str, namespace: str, release: str, revision: int = 0, *, status: str = ""
    ) -> tuple[Object, ...]:
        """Helm's own records of a release with their bodies: of one revision, of a status, or all.

        They may hold secrets: not for showing.
        """
        ...

    async def patch(self, manifest: Object, patch: Object, namespace: str = "") -> Object:
        """A JSON merge patch of the manifest's object; a resourceVersion in it guards against a change in between."""
        ...

    async def replace(self, manifest: Object, namespace: str = "") -> Object:
        """PUT an object and return it as it is then; its resourceVersion guards against a change in between (conflict)."""
        ...

    async def delete(
        self, kind: str, name: str, namespace: str = "", api_version: str = "", *, uid: str = "", version: str = "",
    ) -> None:  # fmt: skip
        """Delete one object in the background, only the one of that uid and resourceVersion when they are given."""
        ...

    async def may(self, verb: str, kind: str, namespace: str = "", *, subresource: str = "", name: str = "") -> bool:
        """SelfSubjectAccessReview."""
        ...

    def watch(self, kind: str, namespace: str, *, labels: str = "") -> AsyncIterator[WatchEvent]:
        """List then watch, for ever: LIST first and after every relist; retries errors that pass; other ClusterErrors are raised."""
        ...

    def logs(
        self, namespace: str, pod: str, container: str, *, follow: bool = True, previous: bool = False,
        since_time: str = "", tail_lines: int | None = None,
    ) -> AsyncIterator[tuple[LogLine, ...]]:  # fmt: skip
        """Lines of one container in batches as they arrive; ends with the stream (the caller may resume it)."""
        ...

    async def ask_pod(self, namespace: str, pod: str, port: int, path: str, seconds: float) -> int:
        """The HTTP status of one GET to a port of a pod, by a port-forward of the API server."""
        ...

    async def close(self) -> None:
        """End every stream and thread within a second."""
        ...
