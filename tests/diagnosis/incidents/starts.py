"""Containers that start wrongly: twice the same variable, an old password, a probe at the wrong path, a slow pull."""

from __future__ import annotations

from tests.diagnosis.breaking import APP, REGISTRY, Bed, Break, pull
from tests.diagnosis.cases import API, Case

_503 = "HTTP probe failed with statuscode: 503"
_NO_LOGIN = 'FATAL: password authentication failed for user "postgres"'
_NO_IMAGE = f'{REGISTRY} "{{0}}": failed to resolve reference "{{0}}": {{0}}: not found'
_SECRET = "llm-cost-ops-postgresql-credentials"


def _twice(bed: Bed) -> None:
    for pod in bed.pods(APP):
        pod["spec"]["containers"][0]["env"] = [
            {"name": "REDIS_URL", "value": "redis://llm-cost-ops-redis:6379"},
            {"name": "REDIS_URL", "value": "redis://localhost:6379"},
        ]


def _twice_and_away(bed: Bed) -> None:
    _twice(bed)
    bed.runs_unready(APP, _503, "Error: Connection refused (os error 111): redis://localhost:6379")


def _password_changed(minutes: float) -> Break:
    """The Secret was written so many minutes ago; the containers started 20 minutes ago."""

    def act(bed: Bed) -> None:
        bed.runs_unready(APP, _503, _NO_LOGIN)
        edited = {"manager": "kubectl-edit", "operation": "Update", "time": bed.ago(minutes)}
        meta = {"name": _SECRET, "uid": "uid-secret", "creationTimestamp": bed.ago(9000), "managedFields": [edited]}
        bed.world.around.append({"kind": "Secret", "apiVersion": "v1", "metadata": meta, "data": {"password": ""}})

    return act


def _killed_with(code: int, probe: str = "Liveness") -> Break:
    def act(bed: Bed) -> None:
        bed.crashes(APP, 143)
        for pod in bed.pods(APP):
            bed.event(pod, "Killing", f"Container app failed {probe.lower()} probe, will be restarted", container="app")
            bed.event(
                pod,
                "Unhealthy",
                f"{probe} probe failed: HTTP probe failed with statuscode: {code}",
                container="app",
                count=30,
            )

    return act


def _pulls(minutes: float, *, pulled: bool = False) -> Break:
    def act(bed: Bed) -> None:
        bed.waits(APP, "ContainerCreating", "")
        for pod in bed.pods(APP):
            bed.event(
                pod,
                "Pulling",
                'Pulling image "ghcr.io/acme/llm-cost-ops:v9"',
                container="app",
                count=1,
                minutes=minutes,
            )
            if pulled:
                bed.event(
                    pod,
                    "Pulled",
                    'Successfully pulled image "ghcr.io/acme/llm-cost-ops:v9" in 2.1s',
                    container="app",
                    minutes=minutes - 1,
                )

    return act


CASES: tuple[Case, ...] = (
    Case("REDIS_URL given twice, the second wins (N07)", "CO18", API, _twice_and_away),
    Case("Secret changed after the pods started (N08)", "LG01", API, _password_changed(5)),
    Case("Secret changed before the pods started", "LG01", API, _password_changed(25)),
    Case("liveness probe asks a path that is not there (N21)", "CO10", API, _killed_with(404)),
    Case("image whose tag looks like a status is not there", "CO01", API, pull(_NO_IMAGE.format("ghcr.io/acme/orders:2026.11.401"))),
    Case("image whose name has words of another cause is not there", "CO01", API, pull(_NO_IMAGE.format("ghcr.io/acme/certificate-service:v1"))),
    Case("image still on its way after 11 minutes (N14)", "CO19", API, _pulls(11)),
)  # fmt: skip

HEALTHY: dict[str, Break] = {
    "a variable given twice, and it works": _twice,
}  # fmt: skip
