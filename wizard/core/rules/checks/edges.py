"""I03, I04, I10, I11: controllers and annotations of Ingresses, certificates that no authority can issue, load balancers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from wizard.core.kube.ingress import Classes
from wizard.core.limits import map_of, maps_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Balancer, CertManager, IssuerSeen, NamedClass, Rendered
from wizard.core.text.words import counted

_RETIRED: Final = "k8s.io/ingress-nginx"
"""Kubernetes blog, 11 November 2025, Ingress NGINX Retirement: no releases and no security fixes after March 2026."""
_PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "k8s.io/ingress-nginx": ("nginx.ingress.kubernetes.io/",), "traefik.io/ingress-controller": ("traefik.ingress.kubernetes.io/",),
    "nginx.org/ingress-controller": ("nginx.org/", "nginx.com/"), "haproxy.org/ingress-controller/haproxy": ("haproxy.org/",),
    "haproxy-ingress.github.io/controller": ("haproxy-ingress.github.io/",), "projectcontour.io/ingress-controller": ("projectcontour.io/",),
    "ingress.k8s.aws/alb": ("alb.ingress.kubernetes.io/",), "ingress-controllers.konghq.com/kong": ("konghq.com/",),
}  # fmt: skip
"""Controller of an IngressClass -> how the names of its annotations begin."""
_SNIPPET: Final = re.compile(r"nginx\.ingress\.kubernetes\.io/[a-z-]*snippet")
_PUBLIC: Final = re.compile(r"(?:.*\.)?(?:letsencrypt\.org|zerossl\.com|pki\.goog|buypass\.com|ssl\.com)")
"""Hosts of the ACME servers that everybody may use."""
_PRIVATE: Final = re.compile(
    r"(?:.*\.)?(?:local|localhost|internal|intranet|lan|home|corp|test|example|invalid|home\.arpa|private)|[^.]+|[\d.]+"
)
"""Names below which no public authority issues: RFC 6761, RFC 6762, RFC 8375, ICANN's .internal; single labels and addresses."""


def _classes(known: tuple[NamedClass, ...]) -> Classes:
    return Classes(next((one.name for one in known if one.default), ""), {one.name: one.controller for one in known})


@check("I03", "controllers that are retired", needs=("rendered", "ingress_classes", "preset"))
def retired(facts: Facts) -> Outcome:
    """In production, the ingress controller still gets security fixes."""
    classes = _classes(facts["ingress_classes"])
    names = dict.fromkeys(classes.name(one) for one in facts["rendered"].of("Ingress"))
    lines = [
        f"class {name} is of the community's ingress-nginx, which gets no security fixes since March 2026, unless a vendor maintains yours"
        for name in names
        if classes.controllers.get(name) == _RETIRED
    ]
    if not lines:
        return Outcome("pass", ("no Ingress is for a controller that is retired",))
    if facts["preset"] != "prod":
        return Outcome("pass", tuple(lines))
    return Outcome(
        "warn", tuple(lines), "Plan a move: another controller, or an HTTPRoute at a Gateway.", "ingress.class"
    )


@check("I04", "annotations of Ingresses", needs=("rendered", "ingress_classes"))
def foreign_annotations(facts: Facts) -> Outcome:
    """The annotations of an Ingress are for the controller that serves its class, and not of those that it refuses by default."""
    classes = _classes(facts["ingress_classes"])
    ignored, refused = [], []
    for ingress in facts["rendered"].of("Ingress"):
        controller = classes.controllers.get(classes.name(ingress), "")
        own, notes = _PREFIXES.get(controller, ()), map_of(ingress["metadata"], "annotations")
        others = [note for note in notes if any(note.startswith(every) for every in _PREFIXES.values())]
        label = manifests.label(ingress)
        if own and others and not any(note.startswith(own) for note in notes):
            ignored.append(f"{label}: {controller} serves its class, and ignores {', '.join(sorted(others)[:3])}")
        snippets = sorted(note for note in notes if _SNIPPET.fullmatch(note)) if controller == _RETIRED else []
        if snippets:
            refused.append(
                f"{label}: ingress-nginx refuses {', '.join(snippets[:3])}, unless its administrators allow snippets"
            )
    if refused:
        return Outcome(
            "warn", capped([*refused, *ignored]), "Do without it, or ask whether allow-snippet-annotations is on."
        )
    if ignored:
        return Outcome(
            "warn", capped(ignored), "Give the annotations of that controller, or take these out.", "ingress.class"
        )
    return Outcome("pass", ("no Ingress has annotations of another controller",))


@check("I10", "certificates that can be issued", needs=("rendered", "cert_manager", "preset"))
def issuable(facts: Facts) -> Outcome:
    """A public authority can issue what an Ingress asks for: a name that is public, in a way that it allows, that browsers trust."""
    rendered: Rendered = facts["rendered"]
    found: CertManager = facts["cert_manager"]
    hosts = {manifests.label(one): list(_tls_hosts(one)) for one in rendered.of("Ingress")}
    lines = [
        line for issuer in found.issuers for line in _troubles(issuer, hosts.get(issuer.ingress, []), facts["preset"])
    ]
    if lines:
        return Outcome(
            "warn",
            capped(dict.fromkeys(lines)),
            "Choose another issuer or host, or give a certificate of your own.",
            "tls.issuer",
        )
    return Outcome("pass", ("nothing is asked that a public authority cannot issue",))


def _tls_hosts(ingress: Mapping[str, object]) -> Iterator[str]:
    for entry in maps_of(map_of(ingress, "spec"), "tls"):
        listed = entry.get("hosts")
        yield from map(str, listed if isinstance(listed, list | tuple) else ())


def _troubles(issuer: IssuerSeen, hosts: list[str], preset: str) -> Iterator[str]:
    server = urlsplit(issuer.acme).hostname or "" if len(issuer.acme) < 2000 else ""
    if not _PUBLIC.fullmatch(server):
        return
    named = f"{issuer.kind} {issuer.name} asks {server}"
    for host in hosts:
        if _PRIVATE.fullmatch(host.removeprefix("*.").lower()):
            yield f"{named}, which issues nothing for {host}: the name is not public"
        elif host.startswith("*.") and issuer.only_http:
            yield f"{named} by HTTP-01, and {host} needs DNS-01"
    if "staging" in server and preset == "prod":
        yield f"{named}: browsers do not trust certificates of its staging"


@check("I11", "load balancers", needs=("balancers",), decides=False)
def balancers(facts: Facts) -> Outcome:
    """Services of type LoadBalancer get an address here, as others have."""
    others: tuple[Balancer, ...] = facts["balancers"]
    served = [one for one in others if one.address]
    if served:
        return Outcome("pass", (f"{served[0].name} has {served[0].address}: load balancers are made here",))
    if others:
        names = ", ".join(one.name for one in others[:3])
        count = counted(len(others), "other Service")
        line = f"{count} of type LoadBalancer {'have' if len(others) > 1 else 'has'} no address ({names}): nobody seems to make load balancers here"
        return Outcome("warn", (line,), "Choose another way in, or have something like MetalLB installed.", "expose")
    return Outcome(
        "unknown", ("no other Service has a load balancer, so that nothing shows whether they are made here",)
    )
