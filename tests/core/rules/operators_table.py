"""Rows of the table of checks: controllers and annotations of Ingresses, ACME, load balancers, operators and what they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.core.kube.api import Resource
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import Balancer, CertManager, IssuerSeen, NamedClass, Namespace, Rendered, SyncedSecret

NGINX, TRAEFIK = "k8s.io/ingress-nginx", "traefik.io/ingress-controller"


def ingress(*hosts: str, **notes: str) -> dict[str, Any]:
    named = {key.replace("__", "/").replace("_", "."): value for key, value in notes.items()}
    spec = {"ingressClassName": "web", "tls": [{"hosts": [*hosts], "secretName": "s"}]}
    return {"kind": "Ingress", "metadata": {"name": "rel", "annotations": named}, "spec": spec}


def of_class(controller: str, preset: str = "", **notes: str) -> dict[str, Any]:
    classes = (NamedClass("web", False, controller),)
    return {"rendered": Rendered((ingress(**notes),)), "ingress_classes": classes, "preset": preset}


def acme(
    *hosts: str, preset: str = "", server: str = "https://acme-v02.api.letsencrypt.org/directory", http: bool = False
) -> dict[str, Any]:
    issuer = IssuerSeen("Ingress/rel", "ClusterIssuer", "le", True, True, acme=server, only_http=http)
    return {
        "rendered": Rendered((ingress(*hosts),)),
        "cert_manager": CertManager(True, True, (issuer,)),
        "preset": preset,
    }


def kinds(
    *objects: tuple[str, str], crd: tuple[str, str] | None = None, brings: frozenset[tuple[str, str]] = frozenset()
) -> dict[str, Any]:
    made = [{"kind": kind, "apiVersion": version, "metadata": {"name": "x"}} for kind, version in objects]
    if crd:
        spec = {"group": crd[1], "names": {"kind": crd[0]}}
        made.append(
            {
                "kind": "CustomResourceDefinition",
                "apiVersion": "apiextensions.k8s.io/v1",
                "metadata": {"name": "c"},
                "spec": spec,
            }
        )
    served = (Resource("apps/v1", "Deployment", "d", True), Resource("policy/v1", "PodDisruptionBudget", "p", True),
              Resource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "c", False))  # fmt: skip
    return {"brought": brings, "rendered": Rendered(tuple(made)), "served": served}


def monitor(*readers: dict[str, Any], kind: str = "ServiceMonitor", **labels: str) -> dict[str, Any]:
    one = {"kind": kind, "metadata": {"name": "api", "labels": labels}}
    return {
        "rendered": Rendered((one,)),
        "prometheuses": readers,
        "namespace": Namespace("ns", "active", labels={"team": "a"}),
    }


def reader(space: str = "monitoring", **spec: Any) -> dict[str, Any]:
    return {"kind": "Prometheus", "metadata": {"name": "k8s", "namespace": space}, "spec": spec}


RELEASE = {"matchLabels": {"release": "stack"}}
ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # I03 controllers that are retired
    ("I03", of_class(NGINX, "prod"), "warn", "class web is of the community's ingress-nginx, which gets no security fixes since March 2026", "ingress.class"),
    ("I03", of_class(NGINX, "dev"), "pass", "unless a vendor maintains yours", ""),
    ("I03", of_class(TRAEFIK, "prod"), "pass", "no Ingress is for a controller that is retired", ""),
    ("I03", {**of_class(NGINX), "ingress_classes": Absent("no Ingress is installed")}, "skipped", "no Ingress", ""),
    # I04 annotations of Ingresses
    ("I04", of_class(NGINX, nginx_ingress_kubernetes_io__rewrite="x"), "pass", "no Ingress has annotations of another", ""),
    ("I04", of_class(TRAEFIK, nginx_ingress_kubernetes_io__rewrite="x"), "warn", "traefik.io/ingress-controller serves its class, and ignores nginx.ingress.kubernetes.io/rewrite", "ingress.class"),
    ("I04", of_class(TRAEFIK, nginx_ingress_kubernetes_io__rewrite="x", traefik_ingress_kubernetes_io__router="x"), "pass", "no Ingress", ""),
    ("I04", of_class("k8s.io/gce", nginx_ingress_kubernetes_io__rewrite="x"), "pass", "no Ingress", ""),
    ("I04", of_class(TRAEFIK, example_com__x="y"), "pass", "no Ingress", ""),
    ("I04", {**of_class(NGINX), "rendered": Rendered((ingress() | {"metadata": {"name": "rel", "annotations": {"nginx.ingress.kubernetes.io/server-snippet": "x"}}},))}, "warn", "refuses nginx.ingress.kubernetes.io/server-snippet", ""),
    # I10 certificates that can be issued
    ("I10", acme("api.example.com"), "pass", "nothing is asked that", ""),
    ("I10", acme("api.corp.local"), "warn", "ClusterIssuer le asks acme-v02.api.letsencrypt.org, which issues nothing for api.corp.local", "tls.issuer"),
    ("I10", acme("intranet"), "warn", "nothing for intranet: the name is not public", "tls.issuer"),
    ("I10", acme("10.0.0.1"), "warn", "nothing for 10.0.0.1", "tls.issuer"),
    ("I10", acme("api.corp.local", server="https://ca.corp.local/acme"), "pass", "nothing is asked that", ""),
    ("I10", acme("api.corp.local", server=""), "pass", "nothing is asked that", ""),
    ("I10", acme("*.example.com", http=True), "warn", "by HTTP-01, and *.example.com needs DNS-01", "tls.issuer"),
    ("I10", acme("*.example.com"), "pass", "nothing is asked that", ""),
    ("I10", acme("api.example.com", server="https://acme-staging-v02.api.letsencrypt.org/directory", preset="prod"), "warn", "browsers do not trust certificates of its staging", "tls.issuer"),
    ("I10", acme("api.example.com", server="https://acme-staging-v02.api.letsencrypt.org/directory", preset="staging"), "pass", "nothing", ""),
    # I11 load balancers
    ("I11", {"balancers": (Balancer("a/web", ""), Balancer("b/web", "203.0.113.1"))}, "pass", "b/web has 203.0.113.1", ""),
    ("I11", {"balancers": (Balancer("a/web", ""),)}, "warn", "1 other Service of type LoadBalancer has no address (a/web)", "expose"),
    ("I11", {"balancers": ()}, "unknown", "nothing shows whether they are made here", ""),
    ("I11", {"balancers": Absent("no load balancer is asked for")}, "skipped", "no load balancer", ""),
    # A02 kinds that are served
    ("A02", kinds(("Deployment", "apps/v1")), "pass", "1 kind, all served", ""),
    ("A02", kinds(("ServiceMonitor", "monitoring.coreos.com/v1")), "fail", "ServiceMonitor of monitoring.coreos.com/v1 is not served here: the Prometheus Operator is not installed", ""),
    ("A02", kinds(("PodDisruptionBudget", "policy/v1beta1")), "fail", "is not served here, policy/v1 is", ""),
    ("A02", kinds(("Widget", "example.com/v1"), brings=frozenset({("example.com", "Widget")})), "pass", "1 kind, all served", ""),
    ("A02", kinds(("Widget", "example.com/v1")), "fail", "Widget of example.com/v1 is not served here", ""),
    ("A02", kinds(("Widget", "example.com/v1"), crd=("Widget", "example.com")), "pass", "2 kinds", ""),
    ("A02", {**kinds(), "served": Unknown("it does not tell")}, "unknown", "does not tell", ""),
    # A03 Prometheus reads it
    ("A03", monitor(), "pass", "no Prometheus of the Operator is here", ""),
    ("A03", monitor(reader(serviceMonitorSelector={}, serviceMonitorNamespaceSelector={})), "pass", "a Prometheus selects it", ""),
    ("A03", monitor(reader(serviceMonitorSelector=RELEASE, serviceMonitorNamespaceSelector={}), release="stack"), "pass", "selects it", ""),
    ("A03", monitor(reader(serviceMonitorSelector=RELEASE, serviceMonitorNamespaceSelector={}), release="rel"), "warn", "ServiceMonitor/api is selected by no Prometheus; they want labels release=stack", ""),
    ("A03", monitor(reader(serviceMonitorSelector={})), "warn", "they want namespace monitoring", ""),
    ("A03", monitor(reader("ns", serviceMonitorSelector={})), "pass", "selects it", ""),
    ("A03", monitor(reader(serviceMonitorNamespaceSelector={})), "warn", "they want nothing", ""),
    ("A03", monitor(reader(serviceMonitorSelector={}, serviceMonitorNamespaceSelector={"matchLabels": {"team": "b"}})), "warn", "namespaces with team=b", ""),
    ("A03", monitor(reader(serviceMonitorSelector={}, serviceMonitorNamespaceSelector={"matchLabels": {"team": "a"}})), "pass", "selects", ""),
    ("A03", monitor(reader(ruleSelector=RELEASE, ruleNamespaceSelector={}), kind="PrometheusRule"), "warn", "PrometheusRule/api is selected by no", ""),
    ("A03", {**monitor(), "prometheuses": Unknown("eve may not list prometheuses", "list prometheuses")}, "unknown", "may not", ""),
    # K04 Secrets that are synced
    ("K04", {"synced_secrets": ()}, "pass", "no Secret of the release is synced", ""),
    ("K04", {"synced_secrets": (SyncedSecret("ExternalSecret/db", "db", True),)}, "pass", "1 of the Secrets are synced", ""),
    ("K04", {"synced_secrets": (SyncedSecret("ExternalSecret/db", "db", False, "could not get secret"),)}, "warn", "ExternalSecret/db has not made Secret db: could not get secret", ""),
    ("K04", {"synced_secrets": Absent("no Secret that is needed can be synced here")}, "skipped", "no Secret", ""),
]  # fmt: skip
