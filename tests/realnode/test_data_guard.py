"""The chart's data guard against a real PostgreSQL: what it refuses keeps data and login; what is accepted happens as said."""

from __future__ import annotations

import re
import shlex
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from tests.chart.test_data_guard import AUTH, CLAIM, OWN, POSTGRES, accept
from tests.realnode.conftest import RELEASE, Release, until
from wizard.sandbox.toolchain import tool_path

pytestmark = pytest.mark.real

OUTSIDE = ("postgresql.enabled=false", "externalDatabase.host=nowhere", f"externalDatabase.existingSecret={OWN}")


def password(release: Release, secret: str = OWN, key: str = "password") -> str:
    """The password that clients of the database read."""
    return b64decode(release.get("secret", secret)["data"][key]).decode()


def as_app(
    release: Release, text: str, *, given: str = "", user: str = "postgres", database: str = "llm_cost_ops_prod", name: str = POSTGRES
) -> str:  # fmt: skip
    """What psql answers over the network, with the password that the app has, or with a given one."""

    def answer() -> str:
        done = release.kubectl(
            "exec", f"{name}-0", "-c", "postgresql", "--", "env", f"PGPASSWORD={given or password(release)}",
            f"PGHOST={name}", "psql", "-w", "-U", user, "-d", database, "-Atc", text,
        )  # fmt: skip
        # A Service takes a moment to know a pod that is ready.
        return "" if "Connection refused" in done.said else done.said.strip()

    return until(answer, "the Service leads to the database", 60)


def replace_pod(release: Release) -> None:
    """Kubernetes does not replace a StatefulSet's pod that never got ready, whatever its template says now."""
    assert release.kubectl("delete", "pod", f"{POSTGRES}-0").code == 0


def write(release: Release) -> None:
    """A row that has to be there afterwards."""
    assert "CREATE TABLE" in as_app(release, "CREATE TABLE kept (answer int)")
    assert as_app(release, "INSERT INTO kept VALUES (42)") == "INSERT 0 1"


def refused(release: Release, *sets: str, verb: str = "upgrade") -> str:
    """The words of a refusal; nothing was sent to the cluster."""
    revisions = release.helm("history", RELEASE, "-o", "json").out
    done = release.apply(verb, sets=sets)
    assert done.code == 1
    assert "postgresql.acceptRisk" in done.err
    assert release.helm("history", RELEASE, "-o", "json").out == revisions
    return done.err


def run(release: Release, folder: Path, command: str) -> None:
    """A command of a refusal, as a person pastes it."""
    program = shlex.quote(str(tool_path("kubectl")))
    line = re.sub(r"\bkubectl ", f"{program} --kubeconfig {shlex.quote(release.kubeconfig)} ", command)
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, (line, done.stderr)


def recipe(said: str, pattern: str) -> str:
    """The command in a refusal."""
    found = re.search(pattern, said)
    assert found, said
    return found[1]


def messages(release: Release) -> str:
    """What the events of the database's pod say."""
    events = release.get("events")["items"]
    return "\n".join(e["message"] for e in events if e["involvedObject"]["name"].endswith("-postgresql-0"))


@pytest.mark.sample
def test_every_risk_is_refused_and_data_and_login_stay(release: Release) -> None:
    release.install()
    write(release)
    pods = release.pod_ids()
    release.kubectl("create", "secret", "generic", "yours", "--from-literal=password=another-one")
    for sets in (
        (f"{AUTH}.password=another-one",),
        (f"{AUTH}.existingSecret=yours",),
        (f"{AUTH}.existingSecret=absent",),
        (f"{AUTH}.secretKeys.userPasswordKey=pg",),
        (f"{AUTH}.username=costs",),
        (f"{AUTH}.database=costs",),
        ("postgresql.image.tag=17.2",),
        ("fullnameOverride=other",),
        OUTSIDE,
    ):
        refused(release, *sets)
        assert as_app(release, "SELECT answer FROM kept") == "42", sets
    assert release.pod_ids() == pods
    assert release.logs_in()


def test_a_password_that_is_accepted_locks_out_until_the_database_has_it(release: Release) -> None:
    release.install()
    write(release)
    old = password(release)
    said = refused(release, f"{AUTH}.password=another-one")
    psql = recipe(said, r"To change it: (kubectl exec .*?) -c '\\password'").replace(" -it ", " ")

    release.upgrade(sets=(f"{AUTH}.password=another-one", accept("password-change")))
    assert password(release) == "another-one"
    assert "password authentication failed" in as_app(release, "SELECT 1")
    assert as_app(release, "SELECT answer FROM kept", given=old) == "42"

    # What psql's \password does once it has asked.
    run(release, Path("/"), f"{psql} -c \"ALTER ROLE postgres PASSWORD 'another-one'\"")
    assert as_app(release, "SELECT answer FROM kept") == "42"
    release.upgrade()
    assert release.logs_in()


def test_a_named_secret_that_is_dropped_hands_its_password_over_by_the_printed_commands(
    release: Release, tmp_path: Path
) -> None:
    release.kubectl("create", "secret", "generic", "mine", "--from-literal=password=Given-0123456789")
    named = f"{AUTH}.existingSecret=mine"
    release.install(sets=(named,))
    assert as_app(release, "CREATE TABLE kept AS SELECT 42 AS answer", given=password(release, "mine"))

    said = refused(release)
    assert f"Keep {named}" in said
    run(release, tmp_path, recipe(said, r"(kubectl get secret mine .*? > FILE)"))
    release.upgrade(f"--set-file={AUTH}.password={tmp_path / 'FILE'}")
    assert as_app(release, "SELECT answer FROM kept") == "42"
    assert release.logs_in()
    release.upgrade()

    release.upgrade(sets=(f"{AUTH}.existingSecret=mine",))
    assert as_app(release, "SELECT answer FROM kept", given=password(release, "mine")) == "42"
    release.kubectl("delete", "secret", OWN)
    done = release.apply("upgrade", sets=(accept("password-change"),), timeout="25s")
    assert done.code == 1, "a new password does not open the old volume"
    assert "password authentication failed" in messages(release)
    assert password(release) != "Given-0123456789"
    assert release.apply("upgrade", sets=(named, accept("password-change")), timeout="5s").code == 1
    replace_pod(release)
    release.upgrade(sets=(named,))
    assert as_app(release, "SELECT answer FROM kept", given=password(release, "mine")) == "42"


def test_a_lost_secret_is_refused_and_a_new_one_is_let_in_by_the_printed_way(release: Release, tmp_path: Path) -> None:
    release.install()
    write(release)
    release.uninstall()
    assert release.kubectl("delete", "secret", OWN).code == 0
    said = refused(release, verb="install")
    assert f"claim {CLAIM} holds a database that has a password already" in said

    done = release.apply("install", sets=(accept("password-change"),), timeout="25s")
    assert done.code == 1
    assert "password authentication failed" in messages(release)
    psql = recipe(said, r"while the pod starts, (kubectl exec .*?) -c '\\password'").replace(" -it ", " ")
    run(release, tmp_path, f"{psql} -c \"ALTER ROLE postgres PASSWORD '{password(release)}'\"")
    release.upgrade()
    assert as_app(release, "SELECT answer FROM kept") == "42"
    assert release.logs_in()


def test_another_user_or_database_cannot_log_in_until_it_is_made_by_the_printed_commands(
    release: Release, tmp_path: Path
) -> None:
    release.install()
    write(release)
    user, database = f"{AUTH}.username=costs", f"{AUTH}.database=costs"
    said = refused(release, user)
    done = release.apply("upgrade", sets=(user, accept("user-change")), timeout="25s")
    assert done.code == 1
    until(lambda: 'role "costs"' in messages(release) or "authentication failed" in messages(release), "it says why")
    psql = recipe(said, r"holds: (kubectl exec .*? -c 'CREATE ROLE \"costs\" SUPERUSER LOGIN')").replace(" -it ", " ")
    run(release, tmp_path, f"{psql} -c \"ALTER ROLE costs PASSWORD '{password(release)}'\"")
    release.upgrade(sets=(user, accept("user-change")))
    assert as_app(release, "SELECT answer FROM kept", user="costs") == "42"
    assert release.logs_in()

    said = refused(release, user, database)
    run(release, tmp_path, recipe(said, r"To rename it: (kubectl exec .*?), then this again"))
    release.upgrade(sets=(user, database, accept("database-change")))
    assert as_app(release, "SELECT answer FROM kept", user="costs", database="costs") == "42"
    assert release.logs_in()


def test_another_version_or_name_begins_without_the_data_which_stays_and_comes_back(release: Release) -> None:
    release.install()
    write(release)
    newer = "postgresql.image.tag=17.2"
    assert release.apply("upgrade", sets=(newer, accept("version-change")), timeout="15s").code == 1
    assert release.apply("upgrade", sets=(accept("version-change"),), timeout="5s").code == 1
    replace_pod(release)
    release.upgrade()
    assert as_app(release, "SELECT answer FROM kept") == "42"

    renamed = ("fullnameOverride=other", "postgresql.primary.persistence.storageClass=standard")
    release.upgrade(sets=(*renamed, accept("new-volume")))
    assert 'relation "kept" does not exist' in as_app(release, "SELECT answer FROM kept", name="other-postgresql")
    assert release.get("pvc", CLAIM)["status"]["phase"] == "Bound"
    said = refused(release)
    assert "Keep the old name: --set fullnameOverride=other" in said
    release.upgrade(sets=(accept("new-volume"),))
    assert as_app(release, "SELECT answer FROM kept") == "42"


def test_a_database_that_is_switched_off_leaves_its_volume_and_comes_back_on_it(release: Release) -> None:
    release.install()
    write(release)
    done = release.apply("upgrade", sets=(*OUTSIDE, accept("switch-off")), timeout="60s")
    assert done.code == 0, done.err
    until(lambda: not release.pods("postgresql"), "its pod is gone")
    assert release.get("pvc", CLAIM)["status"]["phase"] == "Bound"
    release.upgrade()
    assert as_app(release, "SELECT answer FROM kept") == "42"
    assert release.logs_in()
