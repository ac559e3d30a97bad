"""Admission webhooks: which requests they are asked about (k8s.io/apiserver, pkg/admission/plugin/webhook)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.kube.objects import Object
from wizard.core.limits import map_of, maps_of, text_of
from wizard.core.scheduling.selectors import labels_match

KINDS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_EVERY: Final = "*"


@dataclass(frozen=True)
class Request:
    """A write of an object: its group and plural, its namespace's labels (None: it has no namespace), its own."""

    label: str
    """Kind/name."""
    group: str
    plural: str
    labels: Mapping[str, Any]
    namespace_labels: Mapping[str, Any] | None
    operations: Collection[str]


def service(webhook: Mapping[str, Any]) -> tuple[str, str]:
    """(namespace, name) of the Service behind a webhook; ("", "") for one that has an address."""
    found = map_of(map_of(webhook, "clientConfig"), "service")
    return text_of(found, "namespace"), text_of(found, "name")


def rejects(webhook: Mapping[str, Any]) -> bool:
    """Whether requests are refused while it does not answer; that is the default."""
    return webhook.get("failurePolicy") != "Ignore"


def asks(webhook: Mapping[str, Any], request: Request) -> bool:
    """Whether the webhook is asked about a request. Its matchConditions are not read: they may leave the request out."""
    spaces, objects = webhook.get("namespaceSelector"), webhook.get("objectSelector")
    here = request.namespace_labels
    if here is not None and isinstance(spaces, Mapping) and not labels_match(spaces, here):
        return False
    if isinstance(objects, Mapping) and not labels_match(objects, request.labels):
        return False
    return any(_covers(rule, request) for rule in maps_of(webhook, "rules"))


def _covers(rule: Mapping[str, Any], request: Request) -> bool:
    scope = {"Namespaced": request.namespace_labels is not None, "Cluster": request.namespace_labels is None}
    # Versions are left out: by matchPolicy Equivalent, the default, every version of the kind is meant.
    return (
        scope.get(str(rule.get("scope")), True)
        and _names(rule, "operations", request.operations)
        and _names(rule, "apiGroups", (request.group,))
        and _names(rule, "resources", (request.plural, "*/*"))
    )


def _names(rule: Mapping[str, Any], key: str, meant: Collection[str]) -> bool:
    listed = rule.get(key)
    return isinstance(listed, list | tuple) and (_EVERY in listed or any(one in listed for one in meant))


def has_ready(slices: Collection[Object]) -> bool:
    """Whether one of some EndpointSlices has an endpoint that is ready; one that does not say is."""
    return any(
        map_of(endpoint, "conditions").get("ready") is not False
        for one in slices
        for endpoint in maps_of(one, "endpoints")
    )
