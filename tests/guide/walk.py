"""Every command of the guide: the state its paragraph assumes, what must be true after it, what a reader should know."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import yaml

from tests.guide.place import NAMESPACE, RELEASE, SECRETS, Done, Place

DEV, PROD = f"{NAMESPACE}-dev", f"{NAMESPACE}-prod"
REPOSITORY = f"helm repo add {RELEASE} https://charts.llm-cost-ops.com --force-update"
INSTALL = f"helm install {RELEASE} ./helm/llm-cost-ops -n {NAMESPACE} --create-namespace"

Prepare = Callable[[Place], None]
Check = Callable[[Place, Done], None]


@dataclass(frozen=True)
class Step:
    """One printed command. `result` is what each helm makes of it: "works", or "works, warns" with a note that says of what."""

    state: str
    prepare: Prepare
    check: Check
    then: str
    result: dict[str, str] = field(default_factory=dict)
    run: bool = True

    def expected(self, helm: str) -> str:
        """The word for this helm in the table."""
        return self.result.get(helm, "works") if self.run else "not run"


# --- states -----------------------------------------------------------------------------------------------------------


def as_left(place: Place) -> None:
    """The state that the command before it left."""


def nothing(place: Place) -> None:
    """No namespace."""
    place.must(f"kubectl delete namespace {NAMESPACE} --ignore-not-found")


def free(place: Place) -> None:
    """The namespace, and no release of that name; credentials and volumes of an earlier one may be there."""
    if NAMESPACE not in place.names("namespaces"):
        place.must(f"kubectl create namespace {NAMESPACE}")
    for release in json.loads(place.must(f"helm list -n {NAMESPACE} -o json")):
        place.must(f"helm uninstall {release['name']} -n {NAMESPACE}")
    if place.status() != "absent":
        place.must(f"helm uninstall {RELEASE} -n {NAMESPACE}")


def with_repository(prepare: Prepare) -> Prepare:
    """The state, with the chart's repository known."""

    def both(place: Place) -> None:
        place.must(REPOSITORY)
        prepare(place)

    return both


def deployed(place: Place) -> None:
    """A release, whatever its values."""
    if place.status() != "deployed":
        free(place)
        place.must(INSTALL)


def with_defaults(place: Place) -> None:
    """A release to which no value was given."""
    deployed(place)
    if place.must(f"helm get values {RELEASE} -n {NAMESPACE} -o json").strip() != "null":
        free(place)
        place.must(INSTALL)


def production(place: Place) -> None:
    """A release with values-prod, at revision 1: storage classes are as they will be asked for again."""
    free(place)
    place.must(f"{INSTALL} --values values-prod.yaml --set image.tag=v0.9.0")


def four_revisions(place: Place) -> None:
    """A release with the image v1.0.0 to v1.3.0 in revisions 1 to 4."""
    if [one["status"] for one in place.history()] == ["superseded"] * 3 + ["deployed"]:
        return
    free(place)
    place.must(f"{INSTALL} --set image.tag=v1.0.0")
    for tag in ("v1.1.0", "v1.2.0", "v1.3.0"):
        place.must(f"helm upgrade {RELEASE} ./helm/llm-cost-ops -n {NAMESPACE} --set image.tag={tag}")


def uninstalled(place: Place) -> None:
    """A release that was there and is gone: its volumes and credentials are left."""
    deployed(place)
    place.must(f"helm uninstall {RELEASE} -n {NAMESPACE} --wait")


def failed(place: Place) -> None:
    """An install that helm gave up: the application runs but never gets ready."""
    free(place)
    place.bed.scenario("never-ready", namespace=NAMESPACE)
    try:
        assert place.shell(f"{INSTALL} --wait --timeout 6s").code != 0
        running = "--for=jsonpath={.status.phase}=Running pod -l app.kubernetes.io/name=llm-cost-ops"
        place.must(f"kubectl wait -n {NAMESPACE} {running} --timeout 30s")
    finally:
        place.bed.scenario("none")


# --- checks -----------------------------------------------------------------------------------------------------------


def says(*words: str) -> Check:
    """Standard output has these words."""

    def check(_: Place, done: Done) -> None:
        for word in words:
            assert word in done.out, done.out

    return check


def release_is(status: str, tag: str = "", revision: int = 0, namespace: str = NAMESPACE) -> Check:
    """Helm's newest record has this status, and the Deployment this image tag."""

    def check(place: Place, _: Done) -> None:
        newest = place.history(namespace=namespace)[-1]
        assert newest["status"] == status
        assert not revision or newest["revision"] == revision
        assert place.app_image(namespace=namespace).endswith(f":{tag}" if tag else ":v1.0.0")

    return check


def came_from(revision: int) -> Check:
    """The newest revision is a copy of that one."""

    def check(place: Place, _: Done) -> None:
        assert place.history()[-1]["description"] == f"Rollback to {revision}"

    return check


def all_of(*checks: Check) -> Check:
    """Each of them holds."""

    def check(place: Place, done: Done) -> None:
        for one in checks:
            one(place, done)

    return check


def absent(place: Place, _: Done) -> None:
    """No release of the name, and what data needs is kept."""
    assert place.status() == "absent"
    assert place.names("deployments") == set()
    assert f"data-{RELEASE}-postgresql-0" in place.names("pvc")
    assert {f"{RELEASE}-{part}-credentials" for part in ("app", "postgresql", "redis", "grafana")} <= set(
        place.credentials()
    )


def not_there(place: Place, done: Done) -> None:
    """Only a rehearsal: the notes or the manifests are printed, and nothing is in the cluster."""
    assert "kind: Deployment" in done.out
    assert place.status() == "absent"
    assert place.names("deployments") == set()


def _late(place: Place, namespace: str) -> Iterator[str]:
    for kind in ("deployments", "statefulsets"):
        for item in place.get(kind, namespace=namespace)["items"]:
            if item["status"].get("readyReplicas") != item["spec"].get("replicas", 1):
                yield item["metadata"]["name"]


def ready(namespace: str) -> Check:
    """All came up before helm returned: every pod is ready and every volume bound."""

    def check(place: Place, _: Done) -> None:
        deadline = time.monotonic() + 5  # helm 3 reads the ReplicaSet, whose status is ahead of its Deployment's
        while (late := list(_late(place, namespace))) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not late
        phases = {claim["status"]["phase"] for claim in place.get("pvc", namespace=namespace)["items"]}
        assert phases == {"Bound"}

    return check


def host_is(host: str) -> Check:
    """The Ingress is for this host, with a certificate for it and a path."""

    def check(place: Place, _: Done) -> None:
        (rule,) = place.get("ingress", RELEASE)["spec"]["rules"]
        assert rule["host"] == host
        assert rule["http"]["paths"]
        (tls,) = place.get("ingress", RELEASE)["spec"]["tls"]
        assert tls["hosts"] == [host]

    return check


def rendered(file: str = "") -> Check:
    """Objects came out, as YAML that can be read, and the namespace has none of them."""

    def check(place: Place, done: Done) -> None:
        text = (place.folder / file).read_text() if file else done.out
        kinds = {one["kind"] for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one}
        assert {"Deployment", "StatefulSet", "Service", "Secret"} <= kinds

    return check


def development(place: Place, _: Done) -> None:
    """One replica, no Ingress, labelled as development."""
    deployment = place.get("deployment", RELEASE, namespace=DEV)
    assert deployment["spec"]["replicas"] == 1
    assert deployment["metadata"]["labels"]["environment"] == "development"
    assert place.names("ingress", DEV) == set()


def given_secrets(place: Place, _: Done) -> None:
    """The files' contents are in the Secrets, without the newline that ends them."""
    stored = {value for data in place.credentials(PROD).values() for value in _decoded(data).values()}
    assert set(SECRETS.values()) <= stored


def _decoded(data: dict[str, str]) -> dict[str, str]:
    from base64 import b64decode

    return {key: b64decode(value).decode() for key, value in data.items()}


def custom_values(place: Place, _: Done) -> None:
    """Of three files the last one wins, and the others are in."""
    deployment = place.get("deployment", RELEASE, namespace="default")
    assert deployment["spec"]["template"]["metadata"]["annotations"]["example.com/team"] == "costs"
    claim = place.get("pvc", "data-llm-cost-ops-postgresql-0", namespace="default")
    assert claim["spec"]["storageClassName"] == "fast-ssd"


def same_release(place: Place, done: Done) -> None:
    """A rehearsal of an upgrade leaves the revision alone."""
    assert "kind: Deployment" in done.out
    assert place.history()[-1]["revision"] == 3


def two_colours(place: Place, _: Done) -> None:
    """Both releases are there, each with its own Service."""
    assert place.status() == place.status("llm-cost-ops-v2") == "deployed"
    assert {"llm-cost-ops", "llm-cost-ops-v2"} <= place.names("services")
    assert place.app_image("llm-cost-ops-v2").endswith(":v2.0.0")


def backend(ingress: str, service: str) -> Check:
    """The Ingress sends its host to that Service."""

    def check(place: Place, _: Done) -> None:
        (rule,) = place.get("ingress", ingress)["spec"]["rules"]
        assert rule["host"] == "api.llm-cost-ops.com"
        assert rule["http"]["paths"][0]["backend"]["service"]["name"] == service

    return check


def only_green(place: Place, _: Done) -> None:
    """The old release is gone with its Ingress; the new one's own Ingress still serves the host."""
    assert place.status() == "absent"
    assert place.status("llm-cost-ops-v2") == "deployed"
    assert place.names("ingress") == {"llm-cost-ops-v2"}


def revisions(place: Place, done: Done) -> None:
    """All four are listed, and the newest is the one in force."""
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == ["1", "2", "3", "4"]
    assert "deployed" in done.out.splitlines()[-1]


def kept_history(place: Place, _: Done) -> None:
    """The objects are gone, the record is not."""
    assert place.status() == "uninstalled"
    assert place.names("deployments") == set()


def still_there(place: Place, done: Done) -> None:
    """A rehearsal of an uninstall."""
    assert RELEASE in done.out + done.err
    assert place.status() == "deployed"


def no_namespace(place: Place, _: Done) -> None:
    """It is gone when kubectl returns, and the two commands that are printed next find nothing to do."""
    assert NAMESPACE not in place.names("namespaces")
    for kind in ("pvc", "secret"):
        assert "No resources found" in place.must(f"kubectl delete {kind} -n {NAMESPACE} --all")


def none_left(kind: str) -> Check:
    """No object of the kind is left in the namespace."""

    def check(place: Place, _: Done) -> None:
        assert place.names(kind) == set()

    return check


def logs_of_the_app_only(place: Place, done: Done) -> None:
    """Lines of the application's pods, none of PostgreSQL's or Redis'."""
    assert done.out.strip()
    pods = place.get("pods", "-l", "app.kubernetes.io/name=llm-cost-ops")["items"]
    assert {pod["spec"]["containers"][0]["image"].split("/")[-1].split(":")[0] for pod in pods} == {RELEASE}


# --- the guide --------------------------------------------------------------------------------------------------------

ATOMIC = {"helm4": "works, warns"}
DRY_RUN = {"helm4": "works, warns"}

WALK: dict[str, tuple[Step, ...]] = {
    "Install Helm": (
        Step("", as_left, says(), "It downloads and runs helm's own installer; here both helms are built at a pin (`make tools`).", run=False),
        Step("", as_left, says("v"), "The version is printed."),
        Step("", as_left, says("has been added"), "The chart takes nothing from this repository."),
        Step("", as_left, says("has been added"), "The chart takes nothing from this repository."),
        Step("", as_left, says("Update Complete"), "All indexes are read."),
    ),
    "Kubernetes Cluster": (
        Step("", as_left, says("Kubernetes control plane"), "The control plane's address is printed."),
        Step("no namespace", nothing, says("namespace/llm-cost-ops created"), "The namespace is there."),
    ),
    "Quick Start": (
        Step("", as_left, says("has been added"), "The alias of every later command."),
        Step("", as_left, says("Update Complete"), "All indexes are read."),
        Step("no namespace", nothing, release_is("deployed"), "Revision 1 is deployed in a new namespace."),
        Step("namespace, name free", free, all_of(release_is("deployed"), host_is("api.example.com")), "As values-prod says. The credentials kept from the release before are used again."),
        Step("namespace, name free", free, release_is("deployed"), "The same from a checkout: nothing is fetched."),
    ),
    "Installation with Options": (
        Step("namespace, name free", with_repository(free), all_of(release_is("deployed"), host_is("api.example.com")), "One host with its path and certificate. `replicaCount` has no effect while autoscaling is on; the notes say so. In zsh quote the arguments with brackets."),
        Step("namespace, name free", free, not_there, "Manifests are printed, Secrets in clear, with credentials that no install will use. `--dry-run=server --hide-secret` shows the real ones' absence.", DRY_RUN),
        Step("", as_left, rendered("manifests.yaml"), "manifests.yaml holds every object. Credentials in it are new each time: name existing Secrets before applying it."),
    ),
    "Development Installation": (
        Step("no namespace", as_left, all_of(release_is("deployed", tag="latest", namespace=DEV), development), "One replica, no Ingress."),
    ),
    "Production Installation": (
        Step("no namespace, secrets/ filled", with_repository(as_left), all_of(release_is("deployed", namespace=PROD), ready(PROD), given_secrets), "Every pod is ready and every volume bound when helm returns. The newline at a file's end is not part of the password."),
    ),
    "Using Multiple Values Files": (
        Step("current namespace, name free", as_left, all_of(release_is("deployed", namespace="default"), custom_values), "Later files win. Without `--namespace` it lands in the context's namespace. Passing values.yaml freezes today's defaults into the release."),
    ),
    "Upgrade Release": (
        Step("release with values-prod", with_repository(production), release_is("deployed", tag="v1.1.0", revision=2), "A password that was given at the install is kept, though it is not given again. A release whose volumes are of another class cannot take values-prod: name its class with `--set postgresql.primary.persistence.storageClass=`."),
        Step("", as_left, all_of(release_is("deployed", revision=3), ready(NAMESPACE)), "Every pod is ready when helm returns."),
        Step("", as_left, same_release, "Manifests are printed, with Secrets in clear; the revision stays.", DRY_RUN),
    ),
    "Upgrade Strategy: Blue-Green deployment": (
        Step("release with defaults", with_repository(with_defaults), two_colours, "A whole second release: its own database, and an Ingress for the same host. See the chart's README for the safe way."),
        Step("", as_left, backend(RELEASE, "llm-cost-ops-v2"), "The old release's Ingress sends to the new Service. With helm 4 the next upgrade of the old release needs `--force-conflicts`."),
        Step("", as_left, all_of(only_green, backend("llm-cost-ops-v2", "llm-cost-ops-v2")), "The patched Ingress goes with the old release; the host is served by the one that the new release brought."),
    ),
    "Viewing History": (
        Step("four revisions", four_revisions, says(RELEASE, "deployed"), "The release with its status. helm 4 lists every status, helm 3 needs `--all` for that."),
        Step("", as_left, revisions, "Four lines."),
        Step("", as_left, says("tag: v1.3.0"), "What was given at the last upgrade."),
        Step("", as_left, rendered(), "Every object, Secrets in clear."),
    ),
    "Rollback to Previous Version": (
        Step("four revisions", four_revisions, all_of(release_is("deployed", tag="v1.2.0", revision=5), came_from(3)), "Revision 5 is as revision 3 was."),
        Step("", as_left, all_of(release_is("deployed", tag="v1.2.0", revision=6), came_from(3)), "Revision 6 is as revision 3 was."),
        Step("", as_left, all_of(release_is("deployed", tag="v1.2.0", revision=7), came_from(5), ready(NAMESPACE)), "Every pod is ready when helm returns. The previous revision is the one before in the history, here again the same."),
        Step("", as_left, release_is("deployed", tag="v1.2.0", revision=7), "The revision stays.", DRY_RUN),
    ),
    "Automatic Rollback": (
        Step("release with values-prod", with_repository(production), all_of(release_is("deployed", revision=2), ready(NAMESPACE)), "Upgraded and ready. helm 4 calls the flag `--rollback-on-failure`.", ATOMIC),
    ),
    "Uninstall Release": (
        Step("release", deployed, absent, "Volumes and credentials are kept."),
        Step("release", deployed, kept_history, "The name stays taken: come back with `helm rollback` or `helm upgrade --install`."),
        Step("release", deployed, still_there, "Nothing is removed."),
    ),
    "Clean Up": (
        Step("release uninstalled", uninstalled, no_namespace, "Everything is gone, volumes and credentials too. What the paragraph prints next then finds nothing."),
        Step("release uninstalled", uninstalled, none_left("pvc"), "The data is gone, also that of other releases there. `llm-cost-ops-wizard uninstall --leftovers` lists and deletes what was one release's, by name."),
        Step("", as_left, none_left("secrets"), "The kept credentials are gone, and so are helm's records: with a release still installed, helm forgets it. `uninstall --leftovers` touches no other release."),
    ),
    "Common Issues: Chart not found": (
        Step("", with_repository(as_left), says("Update Complete"), "All indexes are read."),
        Step("", as_left, says("llm-cost-ops/llm-cost-ops"), "The chart is listed."),
    ),
    "Common Issues: Values not applying": (
        Step("release with defaults", with_defaults, says("COMPUTED VALUES", "replicaCount: 3"), "All values. A password that was given is among them."),
        Step("", as_left, rendered(), "Objects on standard output, helm's log on standard error."),
    ),
    "Common Issues: Failed installation": (
        Step("failed install", failed, says("STATUS: failed"), "The status is printed."),
        Step("", as_left, logs_of_the_app_only, "The application's lines, ten for each pod."),
        Step("", as_left, absent, "Volumes and credentials are kept."),
        Step("", with_repository(as_left), release_is("deployed"), "Revision 1 again, on the same volumes with the same credentials."),
    ),
    "Debugging": (
        Step("", as_left, says("1 chart(s) linted, 0 chart(s) failed"), "Nothing to say."),
        Step("", as_left, rendered(), "Objects on standard output, helm's log on standard error."),
        Step("namespace, name free", free, not_there, "Manifests are printed, Secrets in clear.", DRY_RUN),
    ),
}  # fmt: skip
