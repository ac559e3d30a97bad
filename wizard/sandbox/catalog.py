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
    "never-ready": "the application runs, but its readiness probe fails with HTTP 503",
    "unschedulable": "the nodes have almost no CPU left for new pods",
    "crash-loop": "the application ends with exit code 1 shortly after each start",
}

USERS: dict[str, str] = {
    "namespace-only": "stock role admin in one namespace, which is created; nothing outside it",
    "view": "stock role view, everywhere or in one namespace",
    "nobody": "known to the API server, without any right",
    "expired": "an administrator whose client certificate expired an hour ago",
}
