"""Webhooks that the API server cannot call: which one, its Service, and why, from the API server's message."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from wizard.core.rules.snapshot import Snapshot

# Words: apiserver pkg/util/webhook/error.go, pkg/admission/plugin/webhook/*/dispatcher.go, apiextensions conversion.
_CALL: Final = re.compile(
    r"failed calling webhook \\?\"(?P<name>[^\"\\]+)\\?\"[:;]?(?P<rest>.*)"
    r"|conversion webhook for (?P<kind>[^\n]+?) failed: (?P<more>.*)",
    re.DOTALL,
)
_URL: Final = re.compile(r"https?://(?P<host>[^/\s\":\\]+)(?::\d+)?[^\s\"]*\"?:?\s*(?P<why>.*)", re.DOTALL)
_SERVICE: Final = re.compile(r"(?P<service>[^.]+)\.(?P<namespace>[^.]+)\.svc(?:\.|$)")

_CAUSES: Final = (
    # words, why, whether it may come back by itself
    (r"service \\?\"[^\"]+\" not found", "its Service is not there", False),
    (r"no endpoints available for service", "its Service has no endpoints: none of its pods is ready", True),
    (r"no such host", "its host name does not resolve", False),
    (r"x509: certificate has expired or is not yet valid", "its certificate has expired or is not valid yet", False),
    (r"x509:|failed to verify certificate", "its certificate is not trusted by its configuration (caBundle)", False),
    (r"connection refused", "it refuses the connection", True),
    (r"context deadline exceeded|timeout|timed out", "it does not answer in time", True),
    (r"no route to host|network is unreachable", "the API server has no route to it", True),
    (r"\bEOF\b|connection reset|broken pipe", "it closes the connection", True),
    (r"could not find the requested resource", "its path is not served: it answers 404", False),
)


@dataclass(frozen=True)
class FailedCall:
    """A webhook that could not be called. `service` and `namespace` are "" when it is not behind a Service."""

    name: str
    host: str
    service: str
    namespace: str
    why: str
    transient: bool

    @property
    def title(self) -> str:
        """What failed and why, in one clause."""
        return f"failed calling webhook {self.name}: {self.why}"

    @property
    def remedy(self) -> tuple[str, ...]:
        """Whom to ask, and for what."""
        if not self.service:
            return (f"Ask whoever runs webhook {self.name}{f' at {self.host}' if self.host else ''} to bring it back.",)
        return (
            f"Ask whoever runs namespace {self.namespace} to bring back Service {self.service} and its pods: the API "
            "server asks it before every such object is made.",
            "Nothing has to be done here then: it is tried again by itself.",
        )

    def commands(self, snapshot: Snapshot) -> tuple[str, ...]:
        """What shows the webhook's Service; which webhooks there are when it has none."""
        if not self.service:
            kinds = "validatingwebhookconfigurations,mutatingwebhookconfigurations"
            return (replace(snapshot, namespace="").command("kubectl", "get", kinds),)
        there = replace(snapshot, namespace=self.namespace)
        endpoints = ("endpointslices", "-l", f"kubernetes.io/service-name={self.service}")
        return (
            there.command("kubectl", "get", "service", self.service),
            there.command("kubectl", "get", *endpoints),
        )


def failed_call(message: str) -> FailedCall | None:
    """The webhook that a message of the API server says could not be called."""
    call = _CALL.search(message)
    if call is None:
        return None
    words = call["rest"] or call["more"] or ""
    url = _URL.search(words)
    service = _SERVICE.match(url["host"]) if url else None
    said = (url["why"] if url else words).strip()
    why, transient = next(
        ((why, transient) for pattern, why, transient in _CAUSES if re.search(pattern, said, re.IGNORECASE)),
        (" ".join(said.split()) or "no further details are given", True),
    )
    if service:
        why = why.replace("its Service", f"Service {service['service']} in namespace {service['namespace']}")
    return FailedCall(
        name=call["name"] or f"for conversion of {call['kind']}",
        host=url["host"] if url else "",
        service=service["service"] if service else "",
        namespace=service["namespace"] if service else "",
        why=why,
        transient=transient,
    )


_UNTRUSTED: Final = re.compile(r"x509: |failed to verify certificate")


def is_untrusted(message: str) -> bool:
    """Whether a message says that the API server does not trust the certificate of a webhook or of an API behind it."""
    call = failed_call(message)
    return (call is not None or _BEHIND in message) and _UNTRUSTED.search(message) is not None


_BEHIND: Final = "error trying to reach service"
"""Words of the API server's proxy to the APIs that others serve (kube-aggregator, apimachinery pkg/util/proxy)."""

AVOID: Final = "Don't remove the webhook's configuration: it guards everybody, and its owner has to decide."
