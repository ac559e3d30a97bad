"""An upgrade that would part the running database from its data or its password is refused, unless the risk is named."""

from __future__ import annotations

import base64
import itertools
import json
import random
import re
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.conftest import CHART, HELMS, ROOT, Chart, Manifest, Rendered
from tests.chart.fake_api import FakeApi, serve
from tests.chart.shapes import SCHEMA
from tests.chart.upgrading import Live
from tests.conftest import Bed
from wizard.sandbox.toolchain import tool_path

POSTGRES, OWN = "llm-cost-ops-postgresql", "llm-cost-ops-postgresql-credentials"
CLAIM = f"data-{POSTGRES}-0"
AUTH, VOLUME = "postgresql.auth", "postgresql.primary.persistence"
DEV = ("-f", str(CHART / "values-dev.yaml"))
RISKS = SCHEMA["properties"]["postgresql"]["properties"]["acceptRisk"]["items"]["enum"]


def accept(*risks: str, of: str = "postgresql") -> str:
    """The value that accepts risks."""
    return f"{of}.acceptRisk={{{','.join(risks)}}}"


def options(sets: tuple[str, ...]) -> list[str]:
    """--set for each."""
    return [part for one in sets for part in ("--set", one)]


# --- a real API server ------------------------------------------------------------------------------------------------


class Guarded(Live):
    """Two releases in a namespace: one on the chart's own Secrets, one on a Secret of the person's own."""

    def upgrade(self, release: str, *sets: str, dry: bool = True) -> tuple[int, str]:
        """Exit code and error of an upgrade with these values beside those of the install.

        The guard is asked, not the API server: whether the objects fit its schema is test_install.py's question, and takes helm
        longer than everything else.
        """
        dry_run = ("--dry-run=server", "--disable-openapi-validation") if dry else ()
        given = options((*BASE[release], *sets))
        done = self.call("upgrade", release, str(CHART), *DEV, *given, *dry_run)
        return done.returncode, done.stderr


BASE = {"llm-cost-ops": (), "named": (f"{AUTH}.existingSecret=mine", "fullnameOverride=named")}


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest, _bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The releases, installed by the helm under test; every test leaves them as they were."""
    folder = tmp_path_factory.mktemp("guarded")
    one = Guarded(_bed, str(tool_path(request.param)), f"t-{uuid.uuid4().hex[:8]}", folder)
    _bed.kubectl("create", "namespace", one.namespace)
    one.kubectl("create", "secret", "generic", "mine", "--from-literal=password=p-1", "--from-literal=other=p-2")
    one.kubectl("create", "secret", "generic", "yours", "--from-literal=password=p-2")
    for release, sets in BASE.items():
        done = one.call("install", release, str(CHART), *DEV, *options(sets))
        assert done.returncode == 0, done.stderr
    for claim in (CLAIM, "data-named-postgresql-0"):
        one.kubectl("wait", "--for=create", f"pvc/{claim}", "--timeout=60s")
    yield one
    _bed.kubectl("delete", "namespace", one.namespace, "--wait=false")


both_helms = pytest.mark.parametrize("live", HELMS, indirect=True, scope="module")
on_a_cluster = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox"), both_helms]

# Release, what its upgrade asks for, the risk, words of the refusal.
REFUSED = [
    ("named", (f"{AUTH}.existingSecret=",), "password-change", ["Keep postgresql.auth.existingSecret=mine", "--set-file postgresql.auth.password=FILE"]),
    ("named", (f"{AUTH}.existingSecret=yours",), "password-change", ["Key password of Secret yours holds another password"]),
    ("named", (f"{AUTH}.existingSecret=absent",), "password-change", ["Secret absent, which postgresql.auth.existingSecret names, is not in namespace"]),
    ("named", (f"{AUTH}.secretKeys.userPasswordKey=other",), "password-change", ["Keep postgresql.auth.secretKeys.userPasswordKey=password."]),
    ("llm-cost-ops", (f"{AUTH}.secretKeys.userPasswordKey=pg",), "password-change", ["has no key pg", "Keep postgresql.auth.secretKeys.userPasswordKey=password"]),
    ("llm-cost-ops", (f"{AUTH}.password=another-one",), "password-change", ["Leave postgresql.auth.password empty", "-c '\\password'"]),
    ("llm-cost-ops", (f"{AUTH}.username=costs",), "user-change", ["Keep postgresql.auth.username=postgres", 'CREATE ROLE "costs"']),
    ("llm-cost-ops", (f"{AUTH}.database=costs",), "database-change", ['RENAME TO "costs"']),
    ("llm-cost-ops", ("postgresql.image.tag=17.2",), "version-change", ["of PostgreSQL 17", f"delete statefulset/{POSTGRES} pvc/{CLAIM}"]),
    ("llm-cost-ops", ("postgresql.image.tag=15.8",), "version-change", ["of PostgreSQL 15"]),
    ("llm-cost-ops", ("fullnameOverride=other",), "new-volume", ["Keep the old name: --set fullnameOverride=llm-cost-ops.", f"existingClaim={CLAIM}"]),
    ("llm-cost-ops", ("nameOverride=other",), "new-volume", ["Keep the old name"]),
    (
        "llm-cost-ops",
        ("postgresql.enabled=false", "externalDatabase.host=db", "externalDatabase.existingSecret=yours"),
        "switch-off", ["the claim would stay behind", "the app would go to db"],
    ),
]  # fmt: skip


@pytest.mark.e2e
@pytest.mark.xdist_group("sandbox")
@both_helms
@pytest.mark.parametrize(("release", "sets", "risk", "said"), REFUSED)
def test_a_risk_is_refused_with_the_safe_way_and_taken_when_it_is_named(
    live: Guarded, release: str, sets: tuple[str, ...], risk: str, said: list[str]
) -> None:
    code, err = live.upgrade(release, *sets)
    assert code == 1
    for words in (*said, accept(risk)):
        assert words in err
    code, err = live.upgrade(release, *sets, accept(risk))
    assert code == 0, err


@pytest.mark.e2e
@pytest.mark.xdist_group("sandbox")
@both_helms
def test_a_lost_secret_is_not_made_anew_and_comes_back_with_the_password_that_is_known(live: Guarded) -> None:
    known = base64.b64decode(json.loads(live.kubectl("get", "secret", OWN, "-o", "json"))["data"]["password"]).decode()
    live.kubectl("delete", "secret", OWN)
    code, err = live.upgrade("llm-cost-ops")
    assert code == 1
    assert f"Secret {OWN} has no key password or is gone" in err
    assert live.upgrade("llm-cost-ops", accept("password-change"))[0] == 0

    code, err = live.upgrade("llm-cost-ops", f"{AUTH}.password={known}", dry=False)
    assert code == 0, err
    assert live.upgrade("llm-cost-ops")[0] == 0


@pytest.mark.e2e
@pytest.mark.xdist_group("sandbox")
@both_helms
def test_what_agrees_passes(live: Guarded) -> None:
    live.kubectl("create", "secret", "generic", "same", "--from-literal=pg=p-1")
    for sets in (
        ("image.tag=v1.2.0", "postgresql.image.tag=16.99"),
        (f"{AUTH}.existingSecret=same", f"{AUTH}.secretKeys.userPasswordKey=pg"),
        (f"{AUTH}.existingSecret=", f"{AUTH}.password=p-1"),
    ):
        code, err = live.upgrade("named", *sets)
        assert code == 0, err
    live.kubectl("delete", "secret", "same")


@pytest.mark.e2e
@pytest.mark.xdist_group("sandbox")
@both_helms
def test_a_reinstall_takes_up_what_an_uninstall_kept_and_nothing_else(live: Guarded) -> None:
    """Beside the two others, so that their claims are seen not to count."""
    third = ("install", "third", str(CHART), *DEV, "--set", "fullnameOverride=third")
    assert live.call(*third).returncode == 0
    live.kubectl("wait", "--for=create", "pvc/data-third-postgresql-0", "--timeout=60s")
    assert live.call("uninstall", "third", "--wait").returncode == 0

    assert live.call(*third, "--dry-run=server").returncode == 0
    renamed = live.call(*third, "--set", "fullnameOverride=fourth", "--dry-run=server")
    assert "Keep the old name: --set fullnameOverride=third." in renamed.stderr
    live.kubectl("delete", "secret", "third-postgresql-credentials")
    lost = live.call(*third, "--dry-run=server")
    assert "claim data-third-postgresql-0 holds a database that has a password already" in lost.stderr
    assert live.call(*third, "--dry-run=server", "--set", accept("password-change")).returncode == 0
    assert live.call(*third, "--dry-run=server", "--set", f"{AUTH}.existingSecret=later").returncode == 0
    live.kubectl("delete", "pvc", "data-third-postgresql-0", "data-third-redis-0", "--wait=true")
    assert live.call(*third, "--dry-run=server").returncode == 0


@pytest.mark.e2e
@pytest.mark.xdist_group("sandbox")
@both_helms
def test_the_wizard_tells_the_refusal_as_one_sentence(live: Guarded, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("global: {environment: development}\npostgresql: {auth: {username: costs}}\n")
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "plan", "--kubeconfig", live.bed.kubeconfig, "-n", live.namespace, "--release",
         "llm-cost-ops", "--helm", live.helm, "-f", str(values), "--chart", str(CHART), "--plain"],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    said = " ".join((done.stdout + done.stderr).split())
    assert "postgresql.auth.username is costs, and the database in claim" in said
    assert accept("user-change") in said
    assert "execution error" not in said
    assert "validate.yaml" not in said


# --- an API server whose objects the test chooses ---------------------------------------------------------------------


def render(api: FakeApi, *sets: str, helm: str = "helm3", upgrade: bool = True) -> tuple[int, str]:
    """Exit code and error of a render that may look things up; helm 3 answers in a third of helm 4's time."""
    command = [
        str(tool_path(helm)), "template", "llm-cost-ops", str(CHART), "-n", "costs", "--dry-run=server",
        "--disable-openapi-validation", "--kubeconfig", str(api.kubeconfig), *(["--is-upgrade"] if upgrade else []),
    ]  # fmt: skip
    done = subprocess.run(
        [*command, *options(sets)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


def deploy(api: FakeApi, rendered: Rendered) -> None:
    """Put the stateful parts and Secrets of a release there, as its install would."""
    for secret in rendered.kinds("Secret"):
        data = {key: base64.b64decode(content).decode() for key, content in secret["data"].items()}
        api.store(secret["metadata"]["name"], data)
    for one in rendered.kinds("StatefulSet"):
        api.run(one)


def test_a_first_install_asks_for_claims_once_and_for_no_secret_that_it_did_not_read_before(api: FakeApi) -> None:
    assert render(api, f"{AUTH}.existingSecret=mine", upgrade=False)[0] == 0
    asked = [path for path in api.asked if "namespaces/costs/" in path]
    assert [path for path in asked if "persistentvolumeclaims" in path] == [
        "api/v1/namespaces/costs/persistentvolumeclaims"
    ]
    assert not [path for path in asked if path.endswith(("/mine", OWN))]


@pytest.mark.parametrize(
    ("forbidden", "risks", "named"),
    [
        ("persistentvolumeclaims", ("new-volume", "password-change"), False),
        ("persistentvolumeclaims", ("new-volume",), True),
        ("secrets", ("password-change",), True),
    ],
)
def test_who_may_not_read_what_judges_a_risk_can_accept_it_instead(
    api: FakeApi, chart: Chart, forbidden: str, risks: tuple[str, ...], named: bool
) -> None:
    """With every credential in a Secret of one's own the chart read no Secret before there was a guard."""
    sets = tuple(f"{path}.existingSecret=mine" for path in ("secrets", "grafana", "redis.auth", AUTH)) if named else ()
    if forbidden == "secrets":
        deploy(api, chart.render(*sets))
    api.forbidden = (forbidden,)
    code, err = render(api, *sets, upgrade=forbidden == "secrets")
    assert (code, "is forbidden" in err) == (1, True)
    code, err = render(api, *sets, accept(*risks), upgrade=forbidden == "secrets")
    assert code == 0, err


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ("16.15", "16.16-bookworm", False),
        ("16.15", "v17", True),
        ("16-alpine", "0.8.0-pg17", True),
        ("pg16", "16.4", False),
        ("latest", "17.2", False),
        ("16.15", "stable", False),
    ],
)
def test_the_major_version_is_read_from_the_tag_and_a_tag_without_one_is_left_to_postgresql(
    api: FakeApi, chart: Chart, before: str, after: str, refused: bool
) -> None:
    deploy(api, chart.render(f"postgresql.image.tag={before}"))
    code, err = render(api, f"postgresql.image.tag={after}")
    assert (code == 1, "another major version" in err) == (refused, refused)


DIGEST = "postgresql.image.digest=sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [((), (DIGEST,), False), ((), (DIGEST, "postgresql.image.tag=17.2"), True), ((DIGEST,), ("postgresql.image.tag=17.2",), False)],
)  # fmt: skip
def test_an_image_with_a_digest_has_the_version_that_the_tag_beside_it_says(
    api: FakeApi, chart: Chart, before: tuple[str, ...], after: tuple[str, ...], refused: bool
) -> None:
    deploy(api, chart.render(*before))
    assert (render(api, *after)[0] == 1) == refused


@pytest.mark.parametrize(
    ("policy", "sets", "risk"),
    [
        ("noeviction", ("fullnameOverride=other",), "new-volume"),
        ("noeviction", ("redis.enabled=false",), "switch-off"),
        ("allkeys-lru", ("fullnameOverride=other",), None),
        ("allkeys-lru", ("redis.enabled=false",), None),
    ],
)
def test_redis_is_guarded_where_it_is_a_store_and_not_where_it_is_a_cache(
    api: FakeApi, chart: Chart, policy: str, sets: tuple[str, ...], risk: str | None
) -> None:
    given = (f"redis.maxmemoryPolicy={policy}", accept("new-volume"), *sets)
    deploy(api, chart.render(f"redis.maxmemoryPolicy={policy}"))
    code, err = render(api, *given)
    assert code == (0 if risk is None else 1)
    if risk:
        assert accept(risk, of="redis") in err
        assert render(api, *given, accept(risk, of="redis"))[0] == 0


def test_a_renamed_release_takes_its_volume_along_once_nobody_else_writes_to_it(api: FakeApi, chart: Chart) -> None:
    deploy(api, chart.render())
    along = ("fullnameOverride=other", f"{VOLUME}.existingClaim={CLAIM}")
    code, err = render(api, *along)
    assert code == 1
    assert f"kubectl delete statefulset {POSTGRES} -n costs --cascade=foreground" in err
    del api.statefulsets[POSTGRES]
    code, err = render(api, *along)
    assert code == 0, err


def test_the_way_back_to_a_claim_that_was_left_behind_leaves_another_one_behind(api: FakeApi, chart: Chart) -> None:
    deploy(api, chart.render())
    del api.statefulsets[POSTGRES]
    deploy(api, chart.render("fullnameOverride=other"))
    code, err = render(api)
    assert code == 1
    assert "Keep the old name: --set fullnameOverride=other." in err
    assert render(api, accept("new-volume"))[0] == 0


def test_a_chart_that_would_look_for_the_files_elsewhere_on_the_volume_is_refused(api: FakeApi, chart: Chart) -> None:
    rendered = chart.render()
    deploy(api, rendered)
    text = json.dumps(rendered.one("StatefulSet", POSTGRES)).replace("data/pgdata", "data/of-another-chart")
    api.run(json.loads(text))
    code, err = render(api)
    assert code == 1
    assert "/var/lib/postgresql/data/of-another-chart, and this would start it" in err
    assert render(api, accept("new-volume"))[0] == 0


def test_a_risk_is_not_accepted_with_the_others(api: FakeApi, chart: Chart) -> None:
    deploy(api, chart.render())
    cases = {risk: sets for release, sets, risk, _ in REFUSED if release == "llm-cost-ops"}
    assert sorted(cases) == sorted(RISKS), "a case for each risk"
    for risk, sets in cases.items():
        code, err = render(api, *sets, accept(*(one for one in RISKS if one != risk)))
        assert (code, risk in err) == (1, True)


def test_several_risks_are_told_at_once_and_accepted_together(api: FakeApi, chart: Chart) -> None:
    deploy(api, chart.render())
    changes = (f"{AUTH}.username=costs", f"{AUTH}.database=costs")
    code, err = render(api, *changes)
    assert code == 1
    assert "postgresql.auth.username is costs" in err
    assert "postgresql.auth.database is costs" in err
    assert accept("user-change", "database-change") in render(api, *changes, accept("user-change"))[1]
    assert render(api, *changes, accept("user-change", "database-change"))[0] == 0


def test_a_database_that_would_go_with_its_claim_is_said_to(api: FakeApi, chart: Chart) -> None:
    deploy(api, chart.render("postgresql.primary.persistentVolumeClaimRetentionPolicy.whenDeleted=Delete"))
    off = ("postgresql.enabled=false", "externalDatabase.host=db", "externalDatabase.existingSecret=mine")
    assert "the claim would be deleted with it (whenDeleted is Delete)" in render(api, *off)[1]


def test_an_operator_that_fills_the_named_secret_later_is_waited_for(api: FakeApi, chart: Chart) -> None:
    sets = (f"{AUTH}.existingSecret=mine",)
    deploy(api, chart.render(*sets))
    operator = (
        "externalSecret.enabled=true",
        "externalSecret.secretStoreRef.name=vault",
        "externalSecret.remoteRefs.postgresql.key=k",
    )
    assert render(api, *sets)[0] == 1
    assert render(api, *sets, *operator)[0] == 0


def test_no_refusal_tells_a_password(api: FakeApi, chart: Chart) -> None:
    api.store("mine", {"password": "canary-1"}, release=None)
    api.store("yours", {"password": "canary-2"}, release=None)
    deploy(api, chart.render(f"{AUTH}.existingSecret=mine"))
    for sets in ((f"{AUTH}.existingSecret=yours",), (f"{AUTH}.password=canary-3",), ()):
        code, err = render(api, *sets)
        assert (code, "canary" in err) == (1, False)


def test_values_of_a_release_from_before_the_guard_pass(api: FakeApi, chart: Chart) -> None:
    """`--reuse-values` keeps the chart's old defaults, which lack the new setting."""
    deploy(api, chart.render())
    code, err = render(api, "postgresql.acceptRisk=null", "redis.acceptRisk=null")
    assert code == 0, err


def test_the_notes_say_that_an_accepted_risk_would_be_accepted_again(chart: Chart) -> None:
    assert "acceptRisk" not in chart.notes()
    assert "postgresql.acceptRisk (user-change, new-volume) was for this upgrade" in chart.notes(
        accept("user-change", "new-volume")
    )


def test_every_command_of_a_refusal_can_be_pasted(api: FakeApi, chart: Chart) -> None:
    deploy(api, chart.render())
    _, err = render(api, f"{AUTH}.username=costs", f"{AUTH}.database=costs", "postgresql.image.tag=17.2")
    commands = re.findall(r"kubectl .*?(?=, (?:then )?this again)", err)
    assert len(commands) == 3
    for command in commands:
        assert shlex.split(command)[0] == "kubectl"


# --- pairs of values, judged by what would be there -------------------------------------------------------------------

DIMENSIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "secret": {
        "own": (), "given": (f"{AUTH}.password=p-0",), "given other": (f"{AUTH}.password=p-9",),
        "mine": (f"{AUTH}.existingSecret=mine",), "yours": (f"{AUTH}.existingSecret=yours",),
        "absent": (f"{AUTH}.existingSecret=absent",),
    },
    "key": {
        "password": (), "other": (f"{AUTH}.secretKeys.userPasswordKey=other",),
        "admin": (f"{AUTH}.secretKeys.userPasswordKey=postgres-password",),
    },
    "user": {"postgres": (), "costs": (f"{AUTH}.username=costs",)},
    "database": {"prod": (), "dev": (f"{AUTH}.database=dev",)},
    "image": {"16.15": (), "16.16": ("postgresql.image.tag=16.16",), "17": ("postgresql.image.tag=17.2",)},
    "name": {"": (), "other": ("fullnameOverride=other",)},
    "volume": {
        "own": (), "a": (f"{VOLUME}.existingClaim=a",), "b": (f"{VOLUME}.existingClaim=b",),
        "none": (f"{VOLUME}.enabled=false",),
    },
    "where": {
        "bundled": (),
        "external": ("postgresql.enabled=false", "externalDatabase.host=db", "externalDatabase.existingSecret=mine"),
    },
}  # fmt: skip
OUTSIDE = {
    "mine": {"password": "p-1", "other": "p-2"},
    "yours": {"password": "p-2", "other": "p-1", "postgres-password": "p-1"},
}
"""Secrets of the person's own."""
BEFORE = [
    {},
    {"secret": "mine"},
    {"secret": "mine", "key": "other"},
    {"volume": "a", "user": "costs"},
    {"volume": "none"},
    {"secret": "yours", "volume": "none", "key": "admin"},
]
FULL = 200


def sets_of(choice: dict[str, str]) -> tuple[str, ...]:
    """The --set expressions of a choice; what is not chosen is the default."""
    chosen = [DIMENSIONS[dimension][choice[dimension]] for dimension in DIMENSIONS if dimension in choice]
    external = choice.get("where") == "external"
    kept = [one for sets in chosen for one in sets if not (external and one.startswith(f"{AUTH}.password"))]
    return tuple(kept)


def pairs() -> list[tuple[dict[str, str], dict[str, str]]]:
    """Each start, with every change of one or of two dimensions, in an order that is fixed and mixed."""
    found = []
    for before in BEFORE:
        for count in (0, 1, 2):
            for names in itertools.combinations(DIMENSIONS, count):
                changed = itertools.product(*(DIMENSIONS[name] for name in names))
                found += [(before, before | dict(zip(names, values, strict=True))) for values in changed]
    random.Random(7).shuffle(found)
    return found


def database(rendered: Rendered) -> Manifest | None:
    """The StatefulSet of PostgreSQL."""
    return next((o for o in rendered.kinds("StatefulSet") if o["metadata"]["name"].endswith("-postgresql")), None)


def volume_of(stateful: Manifest) -> str:
    """The claim that the pod mounts for its data; "" is a directory of the pod."""
    if stateful["spec"].get("volumeClaimTemplates"):
        return f"data-{stateful['metadata']['name']}-0"
    data = next(v for v in stateful["spec"]["template"]["spec"]["volumes"] if v["name"] == "data")
    claim: str = data.get("persistentVolumeClaim", {}).get("claimName", "")
    return claim


def made_with(stateful: Manifest) -> tuple[str, str, str, str]:
    """User, database, directory and major version that the pod starts with."""
    container = stateful["spec"]["template"]["spec"]["containers"][0]
    env = {e["name"]: e.get("value", "") for e in container["env"]}
    return env["POSTGRES_USER"], env["POSTGRES_DB"], env["PGDATA"], container["image"].rpartition(":")[2].split(".")[0]


def password_of(stateful: Manifest, secrets: dict[str, dict[str, str]]) -> str | None:
    """The password that the pod reads; None: it waits for one."""
    secret = next(v for v in stateful["spec"]["template"]["spec"]["volumes"] if v["name"] == "password")["secret"]
    return secrets.get(secret["secretName"], {}).get(secret["items"][0]["key"])


def contents(rendered: Rendered) -> dict[str, dict[str, str]]:
    """The Secrets that a render makes."""
    return {
        one["metadata"]["name"]: {key: base64.b64decode(text).decode() for key, text in one["data"].items()}
        for one in rendered.kinds("Secret")
    }


def disagrees(before: Rendered, after: Rendered, stored: dict[str, dict[str, str]], *, given: bool) -> bool:
    """Whether the upgrade would lock out, leave behind or be refused by Kubernetes; knows nothing of the guard.

    `stored` are the Secrets that are there; `after` was rendered without a cluster, so a password that nobody gave is
    another one than the stored one, which the chart would keep.
    """
    old, new = database(before), database(after)
    assert old is not None
    if new is None:
        return volume_of(old) != ""
    same_name = old["metadata"]["name"] == new["metadata"]["name"]
    if same_name and bool(old["spec"].get("volumeClaimTemplates")) != bool(new["spec"].get("volumeClaimTemplates")):
        return True  # immutable
    if volume_of(old) and volume_of(old) != volume_of(new):
        return True  # left behind
    if volume_of(old) and not same_name:
        return True  # two servers on one claim
    if not volume_of(old) and (not same_name or old["spec"]["template"]["spec"] != new["spec"]["template"]["spec"]):
        return False  # begins anew, as every other restart of that pod would
    secrets = stored | {name: data if given else data | stored.get(name, {}) for name, data in contents(after).items()}
    passwords = password_of(old, stored), password_of(new, secrets)
    return passwords[0] != passwords[1] or made_with(old) != made_with(new)


def judged(chart: Chart, folder: Path, before: dict[str, str], after: dict[str, str]) -> tuple[bool, bool, str]:
    """Whether the pair disagrees, whether the guard refused it, and what it said."""
    first = chart.render(*sets_of(before), *(() if "secret" in before else (f"{AUTH}.password=p-0",)))
    second = chart.render(*sets_of(after))
    with serve(folder) as api:
        for name, data in OUTSIDE.items():
            api.store(name, data, release=None)
        deploy(api, first)
        code, err = render(api, *sets_of(after))
    stored = OUTSIDE | contents(first)
    given = after.get("secret") in ("given", "given other")
    return disagrees(first, second, stored, given=given), code == 1, err


@pytest.mark.parametrize("number", [0, *(pytest.param(one, marks=pytest.mark.full) for one in (1, 2))])
def test_a_pair_is_refused_exactly_when_the_judge_says_so(chart: Chart, tmp_path: Path, number: int) -> None:
    before, after = pairs()[number]
    expected, refused, err = judged(chart, tmp_path, before, after)
    assert refused == expected, (before, after, err)


@pytest.mark.full
def test_hundreds_of_pairs_are_refused_exactly_when_the_judge_says_so(chart: Chart, tmp_path: Path) -> None:
    wrong, counts = [], {True: 0, False: 0}
    for before, after in pairs()[:FULL]:
        expected, refused, err = judged(chart, tmp_path, before, after)
        counts[expected] += 1
        if refused != expected:
            wrong.append((before, after, expected, err))
    assert wrong == []
    assert min(counts.values()) > FULL // 10, "both verdicts were tried"
