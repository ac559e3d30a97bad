"""W16: what nobody should run in earnest: passwords out of a manual, production over plain HTTP."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from wizard.core.kube.objects import containers
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Rendered
from wizard.core.target import PRODUCTION
from wizard.core.text.redaction import telling

_KNOWN: Final = frozenset({
    "changeme", "change-me", "change_me", "changeit", "password", "passw0rd", "postgres", "postgresql", "redis", "root", "admin",
    "administrator", "secret", "default", "example", "test", "guest", "letmein", "welcome", "123456", "12345678", "prom-operator",
    "supersecret", "mysecretpassword", "your-secret-key", "your-jwt-secret",
})  # fmt: skip
"""Passwords of manuals and of images, in lower case."""


@check("W16", "insecure defaults", needs=("rendered", "preset"), severity="B", about=("tls",))
def defaults(facts: Facts) -> Outcome:
    """No Secret or variable holds a password that everybody knows; in production people reach it by HTTPS alone."""
    rendered: Rendered = facts["rendered"]
    if lines := list(_passwords(rendered)):
        return Outcome(
            "fail", capped(lines), "Have the wizard make it (step Secrets), or give one of your own by file or Secret."
        )
    plain = [
        manifests.label(ingress)
        for ingress in rendered.of("Ingress")
        if not (ingress.get("spec") or {}).get("tls")
        and any(rule.get("host") for rule in (ingress.get("spec") or {}).get("rules") or ())
    ]
    if plain and facts["preset"] == PRODUCTION:
        line = f"{', '.join(plain)} has no TLS: keys and usage data would cross the network as plain text, unless TLS ends before it"
        return Outcome(
            "warn", (line,), "Choose who provides the certificate, or know that a load balancer before it does.", "tls"
        )
    return Outcome("pass", ("no password of a manual is used",))


def _passwords(rendered: Rendered) -> Iterator[str]:
    """Where they are; never what they are."""
    for secret in rendered.of("Secret"):
        given = {**_decoded(secret.get("data") or {}), **(secret.get("stringData") or {})}
        for key, value in given.items():
            if telling(str(key)) and str(value).strip().lower() in _KNOWN:
                yield f"{manifests.label(secret)} has a well-known password under {key}"
    for owner, spec in manifests.pods(rendered.objects):
        for container in containers(spec):
            for variable in container.get("env") or ():
                name, value = str(variable.get("name")), variable.get("value")
                if value and telling(name) and str(value).strip().lower() in _KNOWN:
                    yield f"{owner} has a well-known password in {name}"


def _decoded(data: dict[str, Any]) -> dict[str, str]:
    found = {}
    for key, value in data.items():
        try:
            found[key] = base64.b64decode(str(value), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found
