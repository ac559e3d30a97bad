"""A world of the labelled set as an API server on loopback shows it: what a look, or another program, reads of it over HTTP.

Times are moved so that the world's now is the moment at which it is served.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.diagnosis.worlds import World
from wizard.adapters.kube.kinds import KINDS
from wizard.core.kube.objects import KINDS as OF_RELEASE
from wizard.core.kube.objects import ObjectEvent, containers
from wizard.core.rules.snapshot import Revision
from wizard.engine.watch.diagnose import NEIGHBOURS

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_BY_PATH: Final = {(one.api_version, one.plural): one for one in KINDS.values()}
_ALWAYS: Final = frozenset({*OF_RELEASE, "Event", "ResourceQuota", "LimitRange", "Secret", "ConfigMap"})
"""Kinds of which an empty list means that there is none."""


_CONTAINER: Final = {"image": "", "imageID": "", "ready": False, "restartCount": 0}
"""What the API server always sends of a container; clients that are generated from its schema insist."""


class _Server(ThreadingHTTPServer):
    """Takes as many connections at a time as a real API server: of more than five, some would wait a second."""

    request_queue_size = 128


class Replay:
    """One world, and the answers to GET about it."""

    def __init__(self, world: World, now: datetime) -> None:
        self._world, self._moved = world, now - world.now
        self._listed = list(_unseen_secrets(world))
        known = [*world.objects, *world.around, *self._listed]
        self._objects = [*known, *map(self._event, world.events), *self._records()]

    def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, Any]:
        """Status and body; a text is a log."""
        words = path.strip("/").split("/")
        if words == ["version"]:
            return 200, {"major": "1", "minor": "36", "gitVersion": "v1.36.3"}
        api, rest = ("v1", words[2:]) if words[0] == "api" else ("/".join(words[1:3]), words[3:])
        space = ""
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            space, rest = rest[1], rest[2:]
        resource = _BY_PATH.get((api, rest[0] if rest else ""))
        if resource is None:
            return 404, _status(404, "NotFound")
        found = [one for one in self._objects if one["kind"] == resource.kind and space in ("", self._space(one))]
        if rest[2:] == ["log"]:
            return 200, self._log(rest[1], query)
        if len(rest) > 1:
            return self._one(resource.kind, rest[1], found)
        if resource.kind in self._world.late:
            return 504, _status(504, "Timeout")
        unseen = resource.kind in NEIGHBOURS or (resource.kind not in _ALWAYS and not found)
        if unseen and resource.kind not in self._world.seen:
            return 403, _status(403, "Forbidden")
        chosen = [self._shown(one, resource.api_version) for one in found if _chosen(one, query)]
        return 200, {
            "apiVersion": api,
            "kind": f"{resource.kind}List",
            "metadata": {"resourceVersion": "9"},
            "items": chosen,
        }

    def _one(self, kind: str, name: str, found: list[dict[str, Any]]) -> tuple[int, Any]:
        for one in found:
            if one["metadata"]["name"] == name and one not in self._listed:
                return 200, self._shown(one, KINDS[kind].api_version)
        gone = f"{kind}/{name}" in self._world.absent or kind not in ("Secret", "ConfigMap")
        return (404, _status(404, "NotFound")) if gone else (403, _status(403, "Forbidden"))

    def _space(self, one: Mapping[str, Any]) -> str:
        return str(one["metadata"].get("namespace") or self._world.namespace)

    def _shown(self, one: dict[str, Any], api_version: str) -> Any:
        whole = {**one, "apiVersion": api_version}
        if KINDS[one["kind"]].namespaced:
            whole["metadata"] = {**one["metadata"], "namespace": self._space(one)}
        shown = json.loads(_TIME.sub(lambda match: self._later(match[0]), json.dumps(whole)))
        for name in ("initContainerStatuses", "containerStatuses"):
            for container in (shown.get("status") or {}).get(name) or ():
                container |= {**_CONTAINER, **container}
        for owner in shown["metadata"].get("ownerReferences") or ():
            owner.setdefault("apiVersion", KINDS[owner["kind"]].api_version)
        return shown

    def _later(self, time: str) -> str:
        return (datetime.fromisoformat(time) + self._moved).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _log(self, pod: str, query: Mapping[str, str]) -> str:
        """The world's lines are those before the restart, where there was one."""
        container = query.get("container", "")
        status = next(one for one in self._world.objects if one["kind"] == "Pod" and one["metadata"]["name"] == pod)[
            "status"
        ]
        states = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
        restarted = any(one["name"] == container and one.get("restartCount") for one in states)
        lines = self._world.logs.get((pod, container), ())
        if restarted != (query.get("previous") == "true"):
            lines = ()
        at = (self._world.now + self._moved - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        stamp = f"{at} " if query.get("timestamps") == "true" else ""
        return "".join(f"{stamp}{line}\n" for line in lines)

    def _event(self, event: ObjectEvent) -> dict[str, Any]:
        field = {"fieldPath": f"spec.containers{{{event.container}}}"} if event.container else {}
        about = {"kind": event.kind, "name": event.name, "uid": event.uid, "namespace": self._world.namespace, **field}
        name = f"{event.name}.{len(event.message)}{event.time}"
        return {
            "kind": "Event", "metadata": {"name": name, "uid": name, "creationTimestamp": event.time}, "involvedObject": about,
            "type": event.type, "reason": event.reason, "message": event.message, "count": event.count,
            "firstTimestamp": event.time, "lastTimestamp": event.time,
        }  # fmt: skip

    def _records(self) -> Iterator[dict[str, Any]]:
        """Helm's records: those of the last revision tell its description, and which of its objects are missing."""
        for one in self._world.revisions:
            labels = {"owner": "helm", "name": self._world.release, "status": one.status, "version": str(one.number)}
            name = f"sh.helm.release.v1.{self._world.release}.v{one.number}"
            written = [{"manager": "helm", "operation": "Update", "time": one.written}] if one.written else []
            yield {
                "kind": "Secret", "type": "helm.sh/release.v1", "data": {"release": _packed(_record(one, self._world))},
                "metadata": {"name": name, "uid": name, "labels": labels, "creationTimestamp": one.updated, "managedFields": written},
            }  # fmt: skip


def _unseen_secrets(world: World) -> Iterator[dict[str, Any]]:
    """The Secrets that pods and Ingresses name and of which the world says nothing: there, and as old as the release."""
    known = {one["metadata"]["name"] for one in world.around if one["kind"] == "Secret"}
    known |= {entry.removeprefix("Secret/") for entry in world.absent}
    made = world.revisions[0].updated if world.revisions else "2026-01-01T00:00:00Z"
    for name in sorted({*_secrets(world.objects)} - known):
        meta = {"name": name, "uid": f"secret-{name}", "creationTimestamp": made}
        yield {"kind": "Secret", "metadata": meta}


def _secrets(objects: list[dict[str, Any]]) -> Iterator[str]:
    for pod in (one for one in objects if one["kind"] == "Pod"):
        for container in containers(pod["spec"]):
            for variable in container.get("env") or ():
                if reference := (variable.get("valueFrom") or {}).get("secretKeyRef"):
                    yield str(reference["name"])
    for ingress in (one for one in objects if one["kind"] == "Ingress"):
        if any(note.startswith("cert-manager.io/") for note in ingress["metadata"].get("annotations") or ()):
            continue  # what cert-manager has yet to make, a world says
        yield from (str(entry["secretName"]) for entry in ingress["spec"].get("tls") or () if entry.get("secretName"))


def _record(revision: Revision, world: World) -> dict[str, Any]:
    config: dict[str, Any] = {}
    defaults: dict[str, Any] = {"known": 1}
    for path in revision.unread:
        given, known = config, defaults
        *parents, last = path.split(".")
        for word in parents:
            given, known = given.setdefault(word, {}), known.setdefault(word, {"known": 1})
        given[last] = "x"
    wanted = [
        *revision.missing,
        *(
            f"{one['kind']}/{one['metadata']['name']}"
            for one in world.objects
            if one["kind"] in ("Service", "Deployment", "DaemonSet", "HTTPRoute")
        ),
    ]
    manifest = "".join(
        f"---\napiVersion: {KINDS[kind].api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n"
        for kind, name in (entry.split("/") for entry in wanted)
    )
    return {
        "name": world.release, "namespace": world.namespace, "version": revision.number, "config": config, "manifest": manifest,
        "info": {"status": revision.status, "description": revision.description, "last_deployed": revision.updated},
        "chart": {"metadata": {"name": "llm-cost-ops", "version": "1.1.0"}, "values": defaults},
    }  # fmt: skip


def _packed(record: Mapping[str, Any]) -> str:
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()


def _status(code: int, reason: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "code": code,
        "message": reason,
    }


def _chosen(one: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    labels = one["metadata"].get("labels") or {}
    wanted = [pair.partition("=") for pair in query.get("labelSelector", "").split(",") if pair]
    kind = query.get("fieldSelector", "").removeprefix("spec.type=")
    return all(labels.get(key) == value for key, _, value in wanted) and kind in (
        "",
        (one.get("spec") or {}).get("type"),
    )


@contextmanager
def served(world: World, folder: Path, now: datetime) -> Iterator[Path]:
    """Serve a world; gives the kubeconfig."""
    replay = Replay(world, now)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each body waits 40 ms for the acknowledgement of its headers

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            code, body = replay.answer(parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()})
            if code == 200 and "as=PartialObjectMetadataList" in self.headers.get("Accept", ""):
                body["items"] = [{"metadata": item["metadata"]} for item in body["items"]]
            raw = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        context = {"name": "c", "context": {"cluster": "c", "user": "u", "namespace": world.namespace}}
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [context], "users": [{"name": "u", "user": {}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        }  # fmt: skip
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        try:
            yield kubeconfig
        finally:
            server.shutdown()
            thread.join()
