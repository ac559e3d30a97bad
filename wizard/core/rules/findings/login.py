"""A database that does not let its own release in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wizard.core import status
from wizard.core.rules.findings.readiness import probe_failures
from wizard.core.rules.findings_registry import Finding, Object, Snapshot, finding, name_of

REFUSED: Final = re.compile(r"password authentication failed(?: for user \"[^\"]*\")?")
_DATABASE: Final = re.compile(r"database|postgres|pg_?pass|\bdb\b|^db_", re.IGNORECASE)


@finding("LG01")
def password_refused(snapshot: Snapshot) -> Iterator[Finding]:
    """A container that is not ready says, by its probe, its last words or its log, that its password is refused."""
    for pod in snapshot.starting_pods():
        for one in status.container_statuses(pod):
            words = refused(pod, one, snapshot)
            if not words:
                continue
            secret = _secret(pod, str(one.get("name")))
            yield Finding(
                "LG01",
                f"the database refuses the password in {secret}",
                snapshot.root_name(pod),
                (f"{name_of(pod)} container {one.get('name')}: {words}",),
                (
                    f"Put the old password back into {secret}, or change it inside the database: ALTER ROLE ... PASSWORD.",
                    "Don't delete the volume: the data is on it, with the password it was made with.",
                ),
                terminal=True,
                heals="no",
                since=status.unready_since(pod, one) or status.created(pod),
            )


def refused(pod: Object, one: Mapping[str, Any], snapshot: Snapshot) -> str:
    """The words by which a container (its status) that is not ready tells of a refused password; "" when it does not."""
    ended = status.last_end(one)
    if one.get("ready") or (ended and ended.get("exitCode") == 0):
        return ""
    name = str(one.get("name"))
    told = [event.message for event in probe_failures(pod, one, snapshot)[:1]]
    told.append(str((ended or {}).get("message") or ""))
    told += reversed(snapshot.logs.get((str(pod["metadata"]["name"]), name), ()))
    for text in told:
        if match := REFUSED.search(text):
            return match[0]
    return ""


def _secret(pod: Object, container: str) -> str:
    """The Secret that a container has its database password from, as "Secret name"; "its Secret" when none is named so."""
    spec = pod.get("spec", {})
    named = status.container_specs(pod).get(container, {})
    found = []
    for variable in named.get("env") or ():
        source = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
        found.append((str(source.get("name") or ""), f"{variable.get('name')} {source.get('name')}"))
    mounted = {str(mount.get("name")): str(mount.get("mountPath")) for mount in named.get("volumeMounts") or ()}
    for volume in spec.get("volumes") or ():
        name = str((volume.get("secret") or {}).get("secretName") or "")
        if volume.get("name") in mounted:
            found.append((name, f"{mounted[volume['name']]} {name}"))
    return next((f"Secret {name}" for name, text in found if name and _DATABASE.search(text)), "its Secret")
