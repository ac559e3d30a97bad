"""The way in: a release is reached by its name, over HTTPS, and nothing of it is lost while pods come and go."""

from __future__ import annotations

import json
import re
import shlex
import ssl
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from tests.realnode import images, layout, node, way_in
from tests.realnode.conftest import FITTING, RELEASE, Release, new_release, until
from tests.realnode.person import Person
from tests.realnode.test_diagnose import proof
from tests.realnode.test_lifecycle import NEWER, Caller, not_being_replaced
from tests.realnode.visitor import Answer, Crowd, Visitor
from wizard.sandbox import pki

# One after the other: some take a controller away or need the machine's two cores for themselves.
pytestmark = [pytest.mark.real, pytest.mark.xdist_group("way-in")]
HELM3, HELM4 = (pytest.mark.parametrize("release", [helm], indirect=True) for helm in ("helm3", "helm4"))

INGRESS = f"Ingress/{RELEASE}"
TLS = f"{RELEASE}-tls"


@pytest.fixture(scope="session")
def cert_manager(node: node.Node) -> None:
    """cert-manager, with an issuer."""
    way_in.start(node, "cert-manager")


@pytest.fixture(scope="session")
def traefik(node: node.Node, cert_manager: None) -> None:
    """Traefik, with a Gateway."""
    way_in.start(node, "traefik")


@pytest.fixture(scope="session")
def metrics(node: node.Node) -> None:
    """The metrics API."""
    way_in.start(node, "metrics-server")


@pytest.fixture
def visitor(release: Release) -> Visitor:
    """Who calls the release by a name that no other has."""
    return Visitor(f"{release.namespace}.example.test")


@pytest.fixture
def person(release: Release, tmp_path: Path) -> Person:
    """Who installs it and looks at it."""
    return Person(release, tmp_path)


def by_name(visitor: Visitor, ingress_class: str = "traefik", issuer: str = way_in.ISSUER) -> tuple[str, ...]:
    """Values for an Ingress whose certificate is issued."""
    return (
        "ingress.enabled=true", f"ingress.className={ingress_class}", f"ingress.hosts={{{visitor.host}}}",
        f"ingress.annotations.cert-manager\\.io/cluster-issuer={issuer}",
    )  # fmt: skip


def answer(visitor: Visitor, path: str = "/ready") -> Answer | None:
    """The answer with 200 to a request over HTTPS; none while the way is not there."""
    try:
        said = visitor.get(path)
    except OSError:
        return None
    return said if said.status == 200 else None


def arrives(visitor: Visitor, names: set[str]) -> None:
    """HTTPS leads to an app that reads both stores, with a certificate of these names from the authority."""
    said = until(lambda: answer(visitor), f"https://{visitor.host} leads to the app")
    assert said
    assert all(store["ok"] for store in said.data["dependencies"].values())
    assert visitor.names() == names
    with pytest.raises(ssl.SSLCertVerificationError):
        Visitor("another.example.test").get()


def is_sent_to_https(visitor: Visitor) -> None:
    """HTTP leads nowhere but to HTTPS."""
    said = visitor.get("/ready", tls=False)
    assert said.status in (301, 308)
    assert said.headers["location"] == f"https://{visitor.host}/ready"


@HELM4
def test_the_staging_preset_with_a_host_and_an_issuer_is_reached_by_its_name(
    person: Person, visitor: Visitor, traefik: None
) -> None:
    events = person.install(
        "--answer", f"host={visitor.host}", "--answer", "tls=issuer", "--answer", f"tls.issuer={way_in.ISSUER}",
        preset="staging",
    )  # fmt: skip

    assert (events[-1]["type"], events[-1]["data"]["verdict"]) == ("run.finished", "ready")
    arrives(visitor, {visitor.host})
    is_sent_to_https(visitor)
    assert person.release.get("ingress", RELEASE)["spec"]["ingressClassName"] == "nginx"
    assert "TR06" not in str(person.diagnose())
    assert "TR07" not in str(person.diagnose())


@HELM4
@pytest.mark.parametrize("how", ["secret", "files"])
def test_a_certificate_of_ones_own_is_shown(
    how: str, release: Release, person: Person, visitor: Visitor, traefik: None, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    pair = pki.issue(way_in.authority(), visitor.host, server=True, names=(visitor.host,))
    pair.write(certificate, key)
    given = [f"tls={how}", f"tls.cert={certificate}", f"tls.key={key}"]
    if how == "secret":
        made = release.kubectl("create", "secret", "tls", "mine", f"--cert={certificate}", f"--key={key}")
        assert made.code == 0, made.err
        given = [f"tls={how}", "tls.secret=mine"]
    given += ["expose=ingress", "ingress.class=traefik", f"host={visitor.host}"]
    person.install(*(word for one in given for word in ("--answer", one)))

    shown = x509.load_pem_x509_certificate(pair.certificate)
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    arrives(visitor, set(names.get_values_for_type(x509.DNSName)))
    person.finds_nothing()


@HELM4
def test_a_route_of_the_gateway_leads_to_the_app(release: Release, traefik: None) -> None:
    visitor = Visitor(f"{release.namespace}.{way_in.GATEWAY_DOMAIN}")
    name, section = way_in.GATEWAY
    parent = "httpRoute.parentRefs[0]"
    release.install(
        sets=(
            "ingress.enabled=false", f"httpRoute.hostnames={{{visitor.host}}}", f"{parent}.name={name}",
            f"{parent}.namespace={way_in.NAMESPACE}", f"{parent}.sectionName={section}",
        )
    )  # fmt: skip

    arrives(visitor, {f"*.{way_in.GATEWAY_DOMAIN}"})
    is_sent_to_https(visitor)


@HELM4
def test_a_second_release_with_the_same_host_is_let_in_and_one_of_the_two_gets_the_requests(
    release: Release, visitor: Visitor, traefik: None, node: node.Node
) -> None:
    release.install(sets=by_name(visitor))
    arrives(visitor, {visitor.host})
    with new_release("helm4", node) as second:
        second.install(sets=by_name(visitor))
        arrives(visitor, {visitor.host})
        until(lambda: second.get("ingress", RELEASE)["status"]["loadBalancer"], "the second Ingress is served too")
        hosts = {visitor.get("/info").data["host"] for _ in range(20)}
        mine, others = ({pod["metadata"]["name"] for pod in one.pods("app")} for one in (release, second))
        assert hosts in (mine, others)


@HELM4
@pytest.mark.sample
def test_a_certificate_that_is_not_issued_is_told_with_what_cert_manager_says_and_issued_it_is_quiet(
    release: Release, person: Person, visitor: Visitor, cert_manager: None
) -> None:
    # Nobody serves it, which is told after minutes only: this is about the certificate.
    unserved = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "unserved"}}
    unserved["spec"] = {"controller": "example.test/nobody"}
    made = release.create_raw("/apis/networking.k8s.io/v1/ingressclasses", json.dumps(unserved))
    assert made.code == 0 or "AlreadyExists" in made.err
    release.install(sets=by_name(visitor, "unserved", "absent"))

    first = person.finds("TR07", INGRESS)
    assert "ClusterIssuer absent is not there" in first["title"]
    assert '"absent" not found' in proof(first)

    request = release.get("certificaterequests")["items"][0]["metadata"]["name"]
    denied = {"type": "Denied", "status": "True", "reason": "Policy", "message": "No names below example.test."}
    patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": {"conditions": [denied]}}))
    assert release.kubectl("patch", "certificaterequest", request, *patch).code == 0
    found = person.diagnose_until(lambda seen: "denied" in str(seen["findings"][:1]), "the denial is told")
    assert found["findings"][0]["id"] == "TR07"
    assert "No names below example.test." in proof(found["findings"][0])

    release.upgrade(sets=by_name(visitor, "unserved"))
    person.finds_nothing()
    issued = x509.load_pem_x509_certificate(b64decode(release.get("secret", TLS)["data"]["tls.crt"]))
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(way_in.authority().certificate))
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [visitor.host]


@HELM4
def test_a_class_that_is_not_there_and_a_controller_that_is_down_are_told_apart(
    release: Release, person: Person, visitor: Visitor, traefik: None
) -> None:
    release.install(sets=by_name(visitor))
    arrives(visitor, {visitor.host})
    person.finds_nothing()

    release.upgrade(sets=by_name(visitor, "absent"))
    assert "IngressClass absent does not exist" in person.finds("TR04", INGRESS)["title"]
    release.upgrade(sets=by_name(visitor))

    def scale(replicas: int) -> None:
        done = release.kubectl(
            "scale", "deployment", "traefik", f"--replicas={replicas}", f"--namespace={way_in.NAMESPACE}"
        )
        assert done.code == 0, done.err

    scale(0)
    try:
        first = person.finds("TR06", INGRESS)
    finally:
        scale(1)
    assert way_in.ADDRESS in first["title"]
    assert "Service/traefik" in proof(first)
    arrives(visitor, {visitor.host})
    person.finds_nothing()


@HELM4
def test_the_autoscaler_adds_pods_under_load_and_takes_them_away_within_the_budget(
    release: Release, metrics: None
) -> None:
    release = replace(release, preset="staging")
    at_once = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 5}]}
    behavior = json.dumps({"scaleUp": at_once, "scaleDown": at_once})
    sets = ("ingress.enabled=false", "autoscaling.maxReplicas=3", "resources.requests.cpu=100m")
    release.install("--set-json", f"autoscaling.behavior={behavior}", sets=sets)

    def healthy() -> int:
        status = release.get("pdb", RELEASE)["status"]
        assert status["currentHealthy"] >= status["desiredHealthy"]
        return int(status["currentHealthy"])

    until(lambda: release.get("hpa", RELEASE)["status"].get("currentMetrics"), "the autoscaler has metrics", 120)
    until(lambda: healthy() == 2, "its minimum is ready")
    with Caller(release.address(), "/burn?ms=300") as caller:
        until(lambda: healthy() == 3, "there is one more under load", 180)
    until(lambda: healthy() == 2, "it is gone again without load", 180)
    assert {code for _, code, _ in caller.answers} == {200}


def replaced(release: Release, before: set[str]) -> bool:
    """Whether two pods are ready, none of them from before, and the older ones are gone."""
    pods = release.get("pods", "-l", "app.kubernetes.io/component=app")["items"]
    return len(pods) == 2 and not before & {pod["metadata"]["uid"] for pod in pods} and not_being_replaced(release)


def drain(release: Release) -> int:
    """Evict the app's pods as a drain of the node does, each until the budget lets it go; how often it did not.

    The node is not cordoned: it is the only one, and the pods of other tests need a place.
    """
    refusals = 0
    for pod in release.pods("app"):

        def gone(name: str = pod["metadata"]["name"]) -> bool:
            nonlocal refusals
            said = release.evict(name)
            assert "Success" in said or "disruption budget" in said, said
            refusals += "Success" not in said
            return "Success" in said

        until(gone, "the budget lets it go")
    return refusals


@HELM4
def test_update_roll_back_and_drain_lose_none_of_200_requests_a_second(
    release: Release, visitor: Visitor, traefik: None
) -> None:
    release = replace(release, preset="staging")
    release.install(sets=by_name(visitor))
    arrives(visitor, {visitor.host})
    until(lambda: replaced(release, set()), "both pods are ready")

    with Crowd(visitor) as crowd:
        before = release.pod_ids()["app"]
        release.upgrade(sets=(*by_name(visitor), NEWER))
        until(lambda: replaced(release, before), "the older pods are gone")
        before = release.pod_ids()["app"]
        assert release.helm("rollback", RELEASE, "1", "--wait", "--timeout", "120s").code == 0
        until(lambda: replaced(release, before), "the newer pods are gone")
        before = release.pod_ids()["app"]
        assert drain(release) > 0
        until(lambda: replaced(release, before), "the drained pods are gone")

    assert crowd.lost == []
    assert crowd.asked > 20 * Crowd.RATE


def documented(heading: str) -> list[list[str]]:
    """The commands of a section of the chart's README, in words."""
    readme = (layout.CHART / "README.md").read_text()
    found = re.search(rf"^## {heading}\n.*?```bash\n(.*?)```", readme, re.MULTILINE | re.DOTALL)
    assert found
    return [words for line in found[1].replace("\\\n", "").splitlines() if (words := shlex.split(line, comments=True))]


@HELM3
def test_blue_and_green_by_the_documented_path_lose_no_request(
    release: Release, visitor: Visitor, traefik: None
) -> None:
    release = replace(release, preset="staging")
    release.install(sets=by_name(visitor))
    arrives(visitor, {visitor.host})
    install, test, there, back, upgrade, uninstall = documented("Blue/green")
    # As the section says, both releases have the values file.
    values = ["-f", str(layout.CHART / "values-staging.yaml"), *(word for one in FITTING for word in ("--set", one))]

    def run(words: list[str], *more: str) -> None:
        at = words.index("--namespace")
        words = [word.replace("v2.0.0", images.APP_TAGS[1]) for word in (*words[1:at], *more, *words[at + 2 :])]
        done = release.helm(*(str(layout.CHART) if word == "./helm/llm-cost-ops" else word for word in words))
        assert done.code == 0, (words, done.said)

    def pods(name: str) -> set[str]:
        listed = release.get("pods", "-l", f"app.kubernetes.io/instance={name},app.kubernetes.io/component=app")
        return {pod["metadata"]["name"] for pod in listed["items"]}

    def served_by(name: str) -> None:
        until(lambda: {visitor.get("/info").data["host"] for _ in range(6)} <= pods(name), f"{name} serves")

    with Crowd(visitor) as crowd:
        run(install, *values)
        run(test)
        for switch, name in ((there, f"{RELEASE}-v2"), (back, RELEASE), (there, f"{RELEASE}-v2")):
            run(switch)
            served_by(name)
        run(upgrade)
        served_by(RELEASE)
        run(uninstall)
        until(lambda: not pods(f"{RELEASE}-v2"), "the second release is gone")

    assert crowd.lost == []
    assert visitor.get("/ready").status == 200
