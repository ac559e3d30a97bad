"""The public program, with its image as it is and with one that has no entry point: values-cost-ops.yaml."""

from __future__ import annotations

import pytest

from tests.realnode.conftest import RELEASE, Release, until
from tests.realnode.layout import CHART

pytestmark = pytest.mark.real

PUBLIC = (
    "-f",
    str(CHART / "values-cost-ops.yaml"),
    "--set",
    "image.repository=cost-ops",
    "--set",
    "resources.requests.cpu=50m",
)


def run(release: Release, verb: str, *options: str) -> None:
    """`helm install` or `upgrade` with the values of the public program, until its pod is ready."""
    done = release.helm(verb, RELEASE, str(CHART), *PUBLIC, *options, "--wait", "--timeout", "120s")
    assert done.code == 0, f"{done.err}\n{release.warnings()}\n{release.kubectl('logs', f'deployment/{RELEASE}').said}"


def test_it_serves_and_is_replaced_by_a_pod_that_finds_the_file_unlocked(release: Release) -> None:
    run(release, "install", "--set", "image.tag=v1.0.0")
    assert release.ask("/ready") == (200, {"status": "ok", "log": "info"})
    (before,) = release.pods("app")

    run(release, "upgrade", "--set", "image.tag=v1.0.0", "--set", "config.logLevel=warn")
    until(lambda: release.ask("/ready") == (200, {"status": "ok", "log": "warn"}), "the new pod answers")
    (after,) = release.pods("app")
    assert before["metadata"]["uid"] != after["metadata"]["uid"]
    assert release.restarts() == 0
    assert release.helm("test", RELEASE, "--timeout", "60s").code == 0


def test_an_image_without_an_entry_point_is_told_its_program(release: Release) -> None:
    run(release, "install", "--set", "image.tag=bare", "--set", "command={cost-ops}", "--set", "args={serve}")
    assert release.ask("/ready")[0] == 200


def test_the_arguments_of_the_other_program_are_what_it_refuses(release: Release) -> None:
    """Why the values file clears them: the image says serve already."""
    options = ("--set", "image.tag=v1.0.0", "--set", "args={serve}")
    release.helm("install", RELEASE, str(CHART), *PUBLIC, *options)

    def end() -> int:
        states = [s for pod in release.pods("app") for s in pod["status"].get("containerStatuses", ())]
        ended = [s[part]["terminated"] for s in states for part in ("state", "lastState") if "terminated" in s[part]]
        return int(ended[0]["exitCode"]) if ended else 0

    assert until(end, "the program has refused its arguments") == 2
