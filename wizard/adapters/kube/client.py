"""One cluster as one person sees it, over the network (ports/cluster.Cluster)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from wizard.adapters import bounded, http_get
from wizard.adapters.kube import body as kube_body
from wizard.adapters.kube import errors, kinds, logs, objects, port_forward, watch
from wizard.adapters.kube.connection import AGENT, CONNECTIONS, READ, Connection, Stream
from wizard.adapters.kube.rules import Rules
from wizard.adapters.kube.threads import Channel, Workers
from wizard.core import limits
from wizard.core.helm import release as helm_release
from wizard.core.kube import merge_patch, shape
from wizard.core.kube.api import LogLine, Resource, WatchEvent
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.target import Target
from wizard.core.text import sanitize
from wizard.core.text.secrets import Secret

if TYPE_CHECKING:
    from urllib3 import HTTPResponse

T = TypeVar("T")
_PAGE: Final = 500
"""As client-go asks; a larger page needs more memory than time is won."""
_ROOTS: Final = ("/apis", "/api")
_RECORDS: Final = 20
"""Helm's records of one page: each may have more than a MiB."""
_JSON: Final = "application/json"
_APPLY: Final = "application/apply-patch+yaml"  # JSON is YAML
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_MERGE: Final = "application/merge-patch+json"
_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_BUSY_TRIES: Final = 3
"""How often a 429 is retried, after the pause that the server asks for."""
_BUSY_WAIT: Final = 2.0
_SWITCHED: Final = 101
"""The status of an answer that is a WebSocket from then on."""
_LOG_SILENCE: Final = 300.0
"""Seconds a followed container may be silent before its stream ends; the caller resumes it."""


class KubeCluster:
    """The cluster of a target's context. Nothing is read or contacted before the first call."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._workers = Workers(CONNECTIONS)
        self._lock = threading.Lock()
        self._made: Connection | None = None
        self._served: tuple[Resource, ...] = ()
        self._rules = Rules()
        self._streams: set[Stream] = set()

    # Calls

    async def whoami(self) -> tuple[str, tuple[str, ...]]:
        """User name and groups."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}

        def work() -> tuple[str, tuple[str, ...]]:
            info = self._create(review)["status"]["userInfo"]
            return str(info.get("username", "")), tuple(info.get("groups") or ())

        return await self._run(work)

    async def version(self, *, timed: bool = False) -> Mapping[str, str]:
        """/version, and the time from the request, on an open connection, to its answer."""

        def work() -> Mapping[str, str]:
            stream = Stream()
            data = self._call("GET", "/version", stream=stream)
            if "gitVersion" not in data:
                raise errors.not_kubernetes(self._connection().server, "something else")
            fields = {key: str(value) for key, value in data.items()}
            return {**fields, "latency_ms": str(round(stream.waited * 1000))} if timed else fields

        return await self._run(work)

    async def connect(self, count: int) -> None:
        """Open so many connections at once, and keep them open."""
        opened = (self._run(lambda: self._connection().open()) for _ in range(count))
        await asyncio.gather(*opened, return_exceptions=True)

    async def resources(self) -> tuple[Resource, ...]:
        """Every kind the API server serves."""
        parts = await asyncio.gather(*(self._run(partial(self._discover, path)) for path in _ROOTS))
        return tuple(resource for part in parts for resource in part)

    async def get(
        self, kind: str, name: str, namespace: str = "", api_version: str = "", *, sealed: bool = False
    ) -> Object:
        """One object; a Secret's values are masked, or sealed."""

        def work() -> Object:
            resource = self._resource(kind, api_version)
            right = kinds.permission("get", resource, namespace)
            path = kinds.path(resource, namespace, name)
            return self._object(self._call("GET", path, permission=right), sealed=sealed)

        return await self._run(work)

    async def secret(self, name: str, namespace: str) -> Mapping[str, Secret]:
        """The values of a Secret by key."""

        def work() -> Mapping[str, Secret]:
            resource = self._resource("Secret")
            right = kinds.permission("get", resource, namespace)
            return objects.secret_values(self._call("GET", kinds.path(resource, namespace, name), permission=right))

        return await self._run(work)

    async def list(
        self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "", metadata_only: bool = False,
        api_version: str = "", sealed: bool = False, kept: Callable[[Object], Object] | None = None,
    ) -> tuple[Object, ...]:  # fmt: skip
        """All objects of a kind, in pages; Secrets' values are masked, or sealed."""
        accept = f"{_METADATA},{_JSON}" if metadata_only else _JSON
        listed: list[Object] = []

        def fetch(token: str) -> bytes:
            resource = self._resource(kind, api_version)
            right = kinds.permission("list", resource, namespace)
            query = {"limit": str(_PAGE), "labelSelector": labels, "fieldSelector": fields, "continue": token}
            given = {key: value for key, value in query.items() if value}
            return self._content("GET", kinds.path(resource, namespace), query=given, permission=right, accept=accept)

        def take(content: bytes) -> str:
            resource, page = self._resource(kind, api_version), self._decoded(content)
            for item in page.get("items") or ():
                item["apiVersion"], item["kind"] = resource.api_version, resource.kind
                safe = objects.without_secrets(item, sealed=sealed, managers=metadata_only)
                listed.append(kept(safe) if kept else safe)
            return str(page["metadata"].get("continue") or "")

        await self._pages(fetch, take)
        return tuple(listed)

    async def _pages(self, fetch: Callable[[str], bytes], take: Callable[[bytes], str]) -> None:
        """Every page of a list: the next one is on its way while one is taken, which answers with the next one's token."""
        content = await self._run(partial(fetch, ""))
        for _ in range(limits.PAGES):
            guess = kube_body.next_page(content)
            ahead = asyncio.ensure_future(self._run(partial(fetch, guess))) if guess else None
            try:
                token = await self._run(partial(take, content))
                if not token:
                    return
                content = await (ahead if ahead and token == guess else self._run(partial(fetch, token)))
            finally:
                if ahead:
                    ahead.cancel()
                    await asyncio.gather(ahead, return_exceptions=True)
        raise errors.unread(self._connection().server, f"a list has more than {limits.PAGES} pages")

    async def create(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> Object:
        """POST with strict field validation."""
        return await self._run(lambda: self._create(manifest, namespace, dry_run=dry_run))

    async def apply(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> Object:
        """Server-side apply; a dry run takes fields over from other managers, so that only real refusals show."""

        def work() -> Object:
            resource = self._resource(str(manifest.get("kind")), str(manifest.get("apiVersion", "")))
            space = namespace or str(manifest["metadata"].get("namespace", ""))
            path = kinds.path(resource, space, str(manifest["metadata"]["name"]))
            query = {"fieldManager": AGENT, "fieldValidation": "Strict"}
            query |= {"dryRun": "All", "force": "true"} if dry_run else {}
            right = kinds.permission("patch", resource, space)
            return self._object(
                self._call("PATCH", path, query=query, body=manifest, content_type=_APPLY, permission=right)
            )

        return await self._run(work)

    async def try_apply(self, manifest: Object, namespace: str = "", *, manager: str, force: bool = False) -> Object:
        """Server-side apply as a dry run, as that field manager."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", "dryRun": "All", "force": str(force).lower()}
        return await self._run(lambda: self._patch(manifest, manifest, namespace, _APPLY, query))

    async def try_patch(self, manifest: Object, patch: Object, namespace: str = "", *, manager: str) -> Object:
        """A merge patch as a dry run; like helm's own it gets only a warning for a field that the server does not know."""
        kind = _STRATEGIC if merge_patch.is_builtin(manifest) else _MERGE
        query = {"fieldManager": manager, "fieldValidation": "Warn", "dryRun": "All"}
        return await self._run(lambda: self._patch(manifest, patch, namespace, kind, query))

    def _patch(self, named: Object, body: Object, namespace: str, content: str, query: Mapping[str, str]) -> Object:
        resource = self._resource(str(named.get("kind")), str(named.get("apiVersion", "")))
        space = namespace or str(named["metadata"].get("namespace", ""))
        path = kinds.path(resource, space, str(named["metadata"]["name"]))
        right = kinds.permission("patch", resource, space)
        answer = self._call("PATCH", path, query=query, body=body, content_type=content, permission=right)
        return self._object(answer, sealed=True)

    async def records(
        self, kind: str, namespace: str, release: str, revision: int = 0, *, status: str = ""
    ) -> tuple[Object, ...]:
        """Helm's own records with their bodies; nothing else is ever served unmasked."""
        labels = f"owner=helm,name={release}" + (f",version={revision}" if revision else "")
        labels += f",status={status}" if status else ""

        def work() -> tuple[Object, ...]:
            resource = kinds.KINDS[kind]
            right = kinds.permission("list", resource, namespace)
            query = {"labelSelector": labels, "limit": str(_RECORDS)}
            listed: list[Object] = []
            for _ in range(limits.PAGES):
                page = self._call("GET", kinds.path(resource, namespace), query=query, permission=right)
                for item in page.get("items") or ():
                    if kind != "Secret" or item.get("type") == helm_release.TYPE:
                        shape.check(item)
                        listed.append({"apiVersion": resource.api_version, "kind": kind, **item})
                query["continue"] = str(page["metadata"].get("continue") or "")
                if not query["continue"]:
                    return tuple(listed)
            raise errors.unread(self._connection().server, f"a list has more than {limits.PAGES} pages")

        return await self._run(work)

    async def patch(self, manifest: Object, patch: Object, namespace: str = "") -> Object:
        """A JSON merge patch with strict field validation."""
        query = {"fieldManager": AGENT, "fieldValidation": "Strict"}
        return await self._run(lambda: self._patch(manifest, patch, namespace, _MERGE, query))

    async def replace(self, manifest: Object, namespace: str = "") -> Object:
        """PUT an object."""

        def work() -> Object:
            resource = self._resource(str(manifest.get("kind")), str(manifest.get("apiVersion", "")))
            path = kinds.path(resource, namespace, str(manifest["metadata"]["name"]))
            right = kinds.permission("update", resource, namespace)
            return self._object(self._call("PUT", path, query={"fieldManager": AGENT}, body=manifest, permission=right))

        return await self._run(work)

    async def delete(
        self, kind: str, name: str, namespace: str = "", api_version: str = "", *, uid: str = "", version: str = "",
    ) -> None:  # fmt: skip
        """DELETE one object in the background."""

        def work() -> None:
            resource = self._resource(kind, api_version)
            exactly = {key: text for key, text in (("uid", uid), ("resourceVersion", version)) if text}
            only = {"preconditions": exactly} if exactly else {}
            body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background", **only}
            right = kinds.permission("delete", resource, namespace)
            self._call("DELETE", kinds.path(resource, namespace, name), body=body, permission=right)

        await self._run(work)

    async def may(self, verb: str, kind: str, namespace: str = "", *, subresource: str = "", name: str = "") -> bool:
        """Whether this person may; the namespace's rules answer most of it in one call, an access review the rest."""
        resource = kinds.known(kind)
        if resource is None:
            resource = await self._run(lambda: self._resource(kind))
        where = namespace if resource.namespaced else ""
        group, slash, _ = resource.api_version.partition("/")
        attributes = {
            "verb": verb, "group": group if slash else "", "resource": resource.plural, "subresource": subresource,
            "namespace": where, "name": name,
        }  # fmt: skip
        if where and await self._rules.allow(where, attributes, self._rules_of):
            return True
        spec = {"resourceAttributes": {key: value for key, value in attributes.items() if value}}
        status = await self._review("SelfSubjectAccessReview", spec)
        return bool(status.get("allowed"))

    async def _rules_of(self, namespace: str) -> Mapping[str, Any]:
        return await self._review("SelfSubjectRulesReview", {"namespace": namespace})

    async def _review(self, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The status of a review of what this person may."""
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        path = kinds.path(kinds.KINDS[kind])
        return await self._run(lambda: dict(self._call("POST", path, body=review)["status"]))

    # Streams

    async def watch(self, kind: str, namespace: str, *, labels: str = "") -> AsyncIterator[WatchEvent]:
        """List then watch, for ever; see the port."""
        resource = await self._run(lambda: self._resource(kind))
        channel: Channel[WatchEvent] = Channel(10_000)
        stream = Stream()
        job = watch.Watch(self._connection, resource, namespace, labels, channel, stream)
        async for event in self._read(channel, stream, job.run, f"watch-{resource.plural}"):
            yield event

    async def logs(
        self, namespace: str, pod: str, container: str, *, follow: bool = True, previous: bool = False,
        since_time: str = "", tail_lines: int | None = None,
    ) -> AsyncIterator[tuple[LogLine, ...]]:  # fmt: skip
        """Lines of one container in batches; a slow reader delays the stream and loses nothing."""
        query = {"container": container, "timestamps": "true"}
        query |= {"follow": "true"} if follow else {}
        query |= {"previous": "true"} if previous else {}
        query |= {"sinceTime": since_time} if since_time else {}
        query |= {"tailLines": str(tail_lines)} if tail_lines is not None else {}
        channel: Channel[tuple[LogLine, ...]] = Channel(2)  # a batch may be 256 KB, and there may be 100 streams
        stream = Stream()

        def work() -> None:
            try:
                self._read_log(namespace, pod, query, channel, stream)
            except BaseException as error:  # noqa: BLE001 - it is raised to the reader of the lines
                channel.finish(error)
            else:
                channel.finish()

        async for batch in self._read(channel, stream, work, f"log-{pod}-{container}"):
            yield batch

    def _read_log(
        self, namespace: str, pod: str, query: dict[str, str], channel: Channel[tuple[LogLine, ...]], stream: Stream
    ) -> None:
        import urllib3

        path = kinds.path(kinds.KINDS["Pod"], namespace, pod, "log")
        right = kinds.permission("get", kinds.KINDS["Pod"], namespace, "log")
        read = _LOG_SILENCE if "follow" in query else READ
        try:
            answer = self._send("GET", path, query=query, read=read, stream=stream, permission=right)
        except ClusterError as error:
            if stream.closed or (error.kind == "slow" and "follow" in query):
                return
            raise
        try:
            follow = "follow" in query
            body = kube_body.followed(answer, stream.sock) if follow else kube_body.Gathered(bounded.Body(answer))
            for batch in logs.batches(body):
                if not channel.put((batch,)):
                    return
        except (urllib3.exceptions.ReadTimeoutError, TimeoutError):
            return
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if not stream.closed:
                raise errors.of_exception(error, self._connection().server) from None
        finally:
            answer.close()

    async def ask_pod(self, namespace: str, pod: str, port: int, path: str, seconds: float) -> int:
        """The status of one GET by a port-forward."""
        stream = Stream()
        self._streams.add(stream)
        try:
            return await asyncio.wait_for(self._run(lambda: self._forward(namespace, pod, port, path, stream)), seconds)
        except TimeoutError:
            raise ClusterError("slow", f"{pod} did not answer within {seconds:g} s.") from None
        finally:
            self._streams.discard(stream)
            stream.close()

    def _forward(self, namespace: str, pod: str, port: int, path: str, stream: Stream) -> int:
        resource = kinds.KINDS["Pod"]
        # Servers since 1.35 want "create" for it, those before "get".
        right = kinds.permission("get,create", resource, namespace, "portforward")
        where = kinds.path(resource, namespace, pod, "portforward")
        try:
            answer = self._send(
                "GET",
                where,
                query={"ports": str(port)},
                headers=port_forward.headers(),
                stream=stream,
                permission=right,
            )
        except ClusterError as error:
            if error.status == 404 and error.body is None:  # of the kubelet, not of the API server
                raise ClusterError("other", f"{pod}'s node offers none.", 404) from None
            raise
        try:
            wire = getattr(getattr(answer, "_original_response", None), "fp", None)  # has what came behind the head
            if answer.status != _SWITCHED or wire is None or stream.sock is None:
                raise ClusterError(
                    "other", f"{self._connection().server} offers no port-forward (HTTP {answer.status})."
                )
            forward = port_forward.Forward(stream.sock.sendall, wire.read1)
            forward.write(http_get.request("localhost", path))
            return http_get.head(forward.read).status
        except port_forward.ForwardError as error:
            raise ClusterError("other", f"{pod} was not reached at port {port}: {error.strerror}.") from None
        except (OSError, ValueError):
            raise ClusterError("other", f"{pod} gave no HTTP answer at port {port}.") from None
        finally:
            answer.close()

    async def _read(self, channel: Channel[T], stream: Stream, work: Callable[[], None], name: str) -> AsyncIterator[T]:
        self._streams.add(stream)
        threading.Thread(target=work, name=name, daemon=True).start()
        try:
            while items := await channel.take():
                for item in items:
                    yield item
        finally:
            self._streams.discard(stream)
            channel.close()
            stream.close()

    async def close(self) -> None:
        """End streams and threads."""
        for stream in tuple(self._streams):
            stream.close()
        self._workers.close()
        if self._made is not None:
            self._made.close()

    # In a worker thread

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await self._workers.call(work)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            # The answer was JSON, but not that of a Kubernetes API.
            words = sanitize.line(f"{type(error).__name__} {error}", 100)
            message = f"{self._target.context} answered in an unexpected shape ({words})."
            raise ClusterError("not-kubernetes", message) from error

    def _create(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> dict[str, Any]:
        resource = self._resource(str(manifest.get("kind")), str(manifest.get("apiVersion", "")))
        space = namespace or str((manifest.get("metadata") or {}).get("namespace", ""))
        query = {"fieldManager": AGENT, "fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
        right = kinds.permission("create", resource, space)
        path = kinds.path(resource, space)
        return self._object(self._call("POST", path, query=query, body=manifest, permission=right))

    def _connection(self) -> Connection:
        with self._lock:
            if self._made is None:
                self._made = Connection(self._target)
            return self._made

    def _send(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: bytes | None = None,
        headers: Mapping[str, str] | None = None, permission: str = "", read: float | None = None, stream: Stream | None = None,
    ) -> HTTPResponse:  # fmt: skip
        """Send until there is a good answer: again on a dead socket or handshake, after one new login on 401, as asked on 429."""
        connection, broken, renewed, busy = self._connection(), False, False, 0
        while True:
            try:
                answer = connection.send(
                    method, path, query=query, body=body, headers=headers, read=read or READ, stream=stream
                )
            except ClusterError as failed:
                harmless = method == "GET" or "dryRun" in (query or {})
                passes = failed.kind in ("unavailable", "tls")
                if not (passes and harmless) or broken or (stream and stream.closed):
                    raise
                broken = True
                continue
            if answer.status < 300:
                return answer
            content = kube_body.whole(answer, connection.server)
            error = errors.of_answer(
                answer.status, answer.headers.get("Content-Type", ""), content, connection.server, permission
            )
            if answer.status == 401 and connection.renewable and not renewed:
                renewed = True
                connection.refresh()
            elif answer.status == 429 and busy < _BUSY_TRIES:
                busy += 1
                time.sleep(min(watch.seconds(answer.headers.get("Retry-After", ""), 1.0), _BUSY_WAIT))
            else:
                raise _explained(error, connection)

    def _call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Object | None = None,
        content_type: str = _JSON, accept: str = _JSON, permission: str = "", stream: Stream | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        return self._decoded(
            self._content(
                method, path, query=query, body=body, content_type=content_type, accept=accept, permission=permission,
                stream=stream,
            )
        )  # fmt: skip

    def _content(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Object | None = None,
        content_type: str = _JSON, accept: str = _JSON, permission: str = "", stream: Stream | None = None,
    ) -> bytes:  # fmt: skip
        """The body of the answer; the API server packs a large one, to less than a tenth."""
        headers = {"Accept": accept, "Accept-Encoding": "gzip"}
        headers |= {"Content-Type": content_type} if body is not None else {}
        raw = json.dumps(body).encode() if body is not None else None
        answer = self._send(method, path, query=query, body=raw, headers=headers, permission=permission, stream=stream)
        return kube_body.whole(answer, self._connection().server)

    def _decoded(self, content: bytes) -> dict[str, Any]:
        server = self._connection().server
        try:
            data = objects.decode(content, exact=True)  # unsanitised: manifests are compared with it
        except limits.OverLimitError as error:
            raise errors.unread(server, str(error), "not-kubernetes") from None
        except ValueError:
            page = content.lstrip()[:1] == b"<"
            raise errors.not_kubernetes(server, "a web page" if page else "something else") from None
        if not isinstance(data, dict):
            raise errors.not_kubernetes(server, "something else")
        return data

    def _object(self, data: dict[str, Any], *, sealed: bool = False) -> dict[str, Any]:
        if "kind" not in data:
            raise errors.not_kubernetes(self._connection().server, "something else")
        return objects.without_secrets(data, sealed=sealed, managers=data["kind"] == "Secret" and not sealed)

    def _resource(self, kind: str, api_version: str = "") -> Resource:
        """The resource of a kind: from the table, else by discovery."""
        if resource := kinds.known(kind, api_version):
            return resource
        for fresh in (False, True):  # a chart may have just added the kind
            if fresh or not self._served:
                self._served = tuple(resource for path in _ROOTS for resource in self._discover(path))
            for resource in self._served:
                if resource.kind == kind and api_version in ("", resource.api_version):
                    return resource
        version = f" ({api_version})" if api_version else ""
        raise ClusterError("not-found", f"This cluster serves no kind {kind}{version}.", 404)

    def _discover(self, root: str) -> tuple[Resource, ...]:
        """Every kind below a root: in one answer of API servers since 1.26; group by group of older ones."""
        answer = self._discovery(root, f"{_AGGREGATED},{_JSON}")
        if answer.get("kind") == "APIGroupDiscoveryList":
            return tuple(kinds.aggregated(answer))
        resources: list[Resource] = []
        for version in kinds.versions(answer):
            with contextlib.suppress(ClusterError):  # an aggregated API that is down hides its own kinds only
                resources += kinds.listed(version, self._discovery(f"{root}/{version}"))
        return tuple(resources)

    def _discovery(self, path: str, accept: str = _JSON) -> dict[str, Any]:
        return self._call("GET", path, accept=accept, permission="discover the API (get /apis)")


def _explained(error: ClusterError, connection: Connection) -> ClusterError:
    ends = connection.token_end() if error.kind == "unauthorized" else None
    if ends is None or ends.timestamp() > time.time():
        return error
    message = f"Your token for {connection.context} expired at {ends:%Y-%m-%d %H:%M} UTC; log in again."
    return ClusterError("expired", message, error.status)
