"""Names that the command line and the sandbox share; cheap to import."""

from __future__ import annotations

DEFAULT_NAME = "default"
APP_IMAGE = "llm-cost-ops"
"""Last part of the image name that scenarios act on by default."""
APP_NAMESPACE = "llm-cost-ops"
NO_SCENARIO = "none"

# agent/scenarios.go defines what each scenario does to a pod or a node.
SCENARIOS: dict[str, str] = {
    NO_SCENARIO: "switch the fault off",
    "image-pull": "the application's image cannot be pulled",
    "image-missing": "the application's image has a tag that does not exist",
    "private-image": "the application's registry requires a login; any existing pull secret is accepted",
    "registry-down": "the name of the application's registry does not resolve",
    "never-ready": "the application runs, but its readiness probe fails with HTTP 503",
    "wrong-path": "the application runs, but its readiness probe requests a path that does not exist (HTTP 404)",
    "unschedulable": "the nodes have almost no CPU left for new pods",
    "missing-key": "the application's Secret lacks a key that its pod names",
    "runs-as-root": "the application's image runs as root, which its pod forbids",
    "crash-loop": "the application ends with exit code 1 shortly after each start",
    "oom-kill": "the application is killed for needing more memory than its limit",
    "exits": "the application does its work and exits without an error",
    "usage": "the application does not know its command, and ends with its usage text",
    "liveness": "the application hangs, and the kubelet kills it after its liveness probe fails",
    "wrong-password": "the database refuses the application's password",
    "bad-address": "the application's database address contains a variable that was not substituted",
    "no-such-host": "the host of the application's database does not resolve",
    "refused": "the application's database refuses connections",
    "no-tls": "the application requires TLS, which the database does not support",
    "node-lost": "the first node's kubelet stops reporting",
}

EXTRAS: dict[str, str] = {
    "cert-manager": "makes certificates of the ClusterIssuer sandbox; building it takes some minutes once",
}
"""What a sandbox can have beside its nodes, for those who ask for it."""

USERS: dict[str, str] = {
    "namespace-only": "stock role admin in one namespace, which is created; nothing outside it",
    "view": "stock role view, everywhere or in one namespace",
    "nobody": "known to the API server, without any right",
    "expired": "an administrator whose client certificate expired an hour ago",
}
