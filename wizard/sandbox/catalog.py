"""Names that the command line and the sandbox share; importing it costs nothing."""

from __future__ import annotations

DEFAULT_NAME = "default"
APP_IMAGE = "llm-cost-ops"
"""Last part of the image name that scenarios act on unless told otherwise."""
APP_NAMESPACE = "llm-cost-ops"
NO_SCENARIO = "none"

# The agent has the other half of this table: what each scenario does to a pod or a node (agent/scenarios.go).
SCENARIOS: dict[str, str] = {
    NO_SCENARIO: "heal: no fault any more",
    "image-pull": "the application's image cannot be pulled",
    "image-missing": "the application's image has a tag that does not exist",
    "private-image": "the application's registry wants a login; a pull secret that is there is one",
    "registry-down": "the name of the application's registry does not resolve",
    "never-ready": "the application runs, but its readiness probe fails with HTTP 503",
    "wrong-path": "the application runs, but its readiness probe asks a path that is not there (HTTP 404)",
    "unschedulable": "the nodes have almost no CPU left for new pods",
    "missing-key": "the application's Secret lacks a key that its pod names",
    "runs-as-root": "the application's image runs as root, which its pod forbids",
    "crash-loop": "the application ends with exit code 1 shortly after each start",
    "oom-kill": "the application is killed for needing more memory than its limit",
    "exits": "the application does one thing and ends without an error",
    "usage": "the application does not know its command, and ends with its usage text",
    "liveness": "the application hangs, and its liveness probe has it killed",
    "wrong-password": "the database refuses the application's password",
    "bad-address": "the application's database address has a variable in it that was not filled in",
    "no-such-host": "the host of the application's database does not resolve",
    "refused": "nothing answers at the application's database",
    "no-tls": "the application wants TLS of a database that has none",
    "node-lost": "the first node's kubelet is heard of no more",
}

USERS: dict[str, str] = {
    "namespace-only": "stock role admin in one namespace, which is created; nothing outside it",
    "view": "stock role view, everywhere or in one namespace",
    "nobody": "known to the API server, without any right",
    "expired": "an administrator whose client certificate expired an hour ago",
}
