"""Every shell block of the guide runs as printed, command by command, in bash, with real helms against a real API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Bed
from tests.guide.place import NAMESPACE, RELEASE, Done, Place, opened
from tests.guide.printed import blocks
from tests.guide.walk import INSTALL, WALK, deployed, production, with_defaults

SHELL_BLOCKS = {block.section: block.commands for block in blocks() if block.language == "bash"}

# With helm 4 these run every time; everything on both helms is the full tier.
EVERY_TIME = (
    "Install Helm",
    "Kubernetes Cluster",
    "Quick Start",
    "Uninstall Release",
    "Common Issues: Chart not found",
    "Debugging",
)

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("guide")]
on_both = pytest.mark.parametrize("place", [pytest.param("helm3", marks=pytest.mark.full), "helm4"], indirect=True)


@pytest.fixture(scope="module")
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _bed: Bed, tool: Callable[[str], str]
) -> Iterator[Place]:
    """Where the commands run, with each helm in turn."""
    with opened(tmp_path_factory.mktemp("place"), request.param, _bed, tool) as made:
        yield made


def result(done: Done) -> str:
    """The table's word for what a command did."""
    if done.code != 0:
        return f"exit code {done.code}"
    return "works, warns" if "deprecated" in done.err.lower() else "works"


@pytest.mark.parametrize(
    "section", [pytest.param(one, marks=() if one in EVERY_TIME else pytest.mark.full) for one in SHELL_BLOCKS]
)
@on_both
def test_the_commands_of_a_section_work_as_printed(place: Place, section: str) -> None:
    for command, step in zip(SHELL_BLOCKS[section], WALK[section], strict=True):
        if not step.run:
            continue
        step.prepare(place)
        done = place.shell(command)
        assert result(done) == step.expected(place.helm), f"{command}\n{done.err}"
        step.check(place, done)


@pytest.mark.full
@on_both
def test_a_release_that_comes_back_finds_its_credentials_and_its_name(place: Place) -> None:
    deployed(place)
    credentials = place.credentials()

    place.must(f"helm uninstall {RELEASE} -n {NAMESPACE}")
    assert place.must(INSTALL)
    assert place.credentials() == credentials

    place.must(f"helm uninstall {RELEASE} -n {NAMESPACE} --keep-history")
    refused = place.shell(INSTALL)
    assert refused.code == 1
    assert "cannot reuse a name that is still in use" in refused.err.replace("re-use", "reuse")
    place.must(f"helm upgrade --install {RELEASE} ./helm/llm-cost-ops -n {NAMESPACE}")
    assert place.status() == "deployed"

    place.must(f"helm uninstall {RELEASE} -n {NAMESPACE} --keep-history")
    place.must(f"helm rollback {RELEASE} 1 -n {NAMESPACE}")
    assert place.status() == "deployed"
    assert place.credentials() == credentials


@pytest.mark.full
@on_both
def test_an_atomic_upgrade_to_a_version_that_does_not_come_up_goes_back(place: Place) -> None:
    production(place)
    # Before the autoscaler has made its three of it, a Deployment has one replica, and the next two would hit the fault too.
    place.must(
        f"kubectl wait -n {NAMESPACE} deployment/{RELEASE} --for=jsonpath='{{.status.readyReplicas}}'=3 --timeout 90s"
    )
    place.bed.scenario("image-pull", namespace=NAMESPACE)
    try:
        (printed,) = SHELL_BLOCKS["Automatic Rollback"]
        done = place.shell(f"{printed.replace('5m', '15s')} --set image.tag=v1.1.0")
    finally:
        place.bed.scenario("none")
    assert done.code == 1
    assert place.status() == "deployed"
    assert place.app_image().endswith(":v0.9.0")


@pytest.mark.full
@on_both
def test_what_kubectl_patched_is_put_back_by_helm_3_and_defended_against_helm_4(place: Place) -> None:
    with_defaults(place)
    place.must(SHELL_BLOCKS["Upgrade Strategy: Blue-Green deployment"][1])
    upgrade = f"helm upgrade {RELEASE} ./helm/llm-cost-ops -n {NAMESPACE}"
    if place.helm == "helm4":
        refused = place.shell(upgrade)
        assert refused.code == 1
        assert "conflict" in refused.err
        upgrade += " --force-conflicts"
    place.must(upgrade)
    (rule,) = place.get("ingress", RELEASE)["spec"]["rules"]
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == RELEASE
