"""A role without superuser for the app: who logs in as whom, and what PostgreSQL then lets it do."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.chart.conftest import Chart, Manifest, Rendered
from tests.chart.test_pod_security import violations

ON = ("postgresql.auth.appUser.enabled=true", "migrations.enabled=true")
OWN = "llm-cost-ops-app-database-credentials"
SUPERUSER = "llm-cost-ops-postgresql-credentials"


def app(rendered: Rendered) -> Manifest:
    """Specification of the app's pod."""
    spec: Manifest = rendered.one("Deployment", "llm-cost-ops")["spec"]["template"]["spec"]
    return spec


def migration(rendered: Rendered) -> Manifest:
    """Specification of the migration Job's pod."""
    (job,) = (o for o in rendered.kinds("Job") if "-migrate-" in o["metadata"]["name"])
    spec: Manifest = job["spec"]["template"]["spec"]
    return spec


def step(pod: Manifest) -> Manifest:
    """The container that makes the role."""
    return next(c for c in pod["initContainers"] if c["name"] == "app-role")


def reference(container: Manifest, variable: str) -> dict[str, str]:
    """Which key of which Secret a variable comes from."""
    found: dict[str, str] = next(e["valueFrom"]["secretKeyRef"] for e in container["env"] if e["name"] == variable)
    return found


def url(container: Manifest) -> str:
    """The database's address as the program is told it."""
    return str(next(e["value"] for e in container["env"] if e["name"] == "DATABASE_URL"))


def test_the_app_is_the_superuser_unless_asked_otherwise(chart: Chart, preset: str | None) -> None:
    rendered = chart.render("migrations.enabled=true", preset=preset)
    assert "initContainers" not in app(rendered)
    assert [c["name"] for c in migration(rendered)["initContainers"]] == ["wait-for-database"]
    assert not rendered.has("Secret", OWN)


def test_the_app_logs_in_as_the_role_and_the_migration_as_the_superuser(chart_on_both: Chart) -> None:
    rendered = chart_on_both.render(*ON, "postgresql.auth.appUser.username=costs-app")
    program, migrate = app(rendered)["containers"][0], migration(rendered)["containers"][0]
    assert url(program).startswith("postgres://costs-app:$(DATABASE_URL_PASSWORD)@llm-cost-ops-postgresql:5432/")
    assert reference(program, "DATABASE_URL_PASSWORD") == {"name": OWN, "key": "password-urlencoded"}
    assert url(migrate).startswith("postgres://postgres:")
    assert reference(migrate, "DATABASE_URL_PASSWORD") == {"name": SUPERUSER, "key": "password-urlencoded"}
    (test,) = (p for p in rendered.kinds("Pod") if p["metadata"]["name"].endswith("-test-database"))
    assert reference(test["spec"]["containers"][0], "PGPASSWORD") == {"name": OWN, "key": "password"}


def test_a_secret_of_the_person_holds_its_password(chart: Chart) -> None:
    rendered = chart.render(
        *ON, "postgresql.auth.appUser.existingSecret=mine", "postgresql.auth.appUser.existingSecretPasswordKey=pw",
        "postgresql.auth.appUser.existingSecretUrlPasswordKey=encoded",
    )  # fmt: skip
    assert not rendered.has("Secret", OWN)
    assert reference(app(rendered)["containers"][0], "DATABASE_URL_PASSWORD") == {"name": "mine", "key": "encoded"}
    assert reference(step(app(rendered)), "APP_PASSWORD") == {"name": "mine", "key": "pw"}


@pytest.mark.parametrize("mode", ["job", "initContainer"])
def test_every_app_pod_and_the_job_make_it_before_the_tables(chart: Chart, mode: str) -> None:
    rendered = chart.render(*ON, f"migrations.mode={mode}", "initContainers[0].name=mine", "initContainers[0].image=x")
    pods = [app(rendered), *([migration(rendered)] if mode == "job" else [])]
    for pod in pods:
        names = [c["name"] for c in pod["initContainers"] if c["name"] != "mine"]
        assert names == ["wait-for-database", "app-role", "migrate"][: 2 if mode == "job" else 3]
        assert violations(pod | {"initContainers": [c for c in pod["initContainers"] if c["name"] != "mine"]}) == []
        assert reference(step(pod), "PGPASSWORD") == {"name": SUPERUSER, "key": "password"}
    assert app(rendered)["initContainers"][-1]["name"] == "mine"


@pytest.mark.full
def test_it_verifies_the_server_as_the_migration_does(chart: Chart) -> None:
    tls = ("postgresql.tls.enabled=true", "postgresql.tls.existingSecret=pg", "postgresql.tls.caKey=ca.crt")
    for pod in (app(found := chart.render(*ON, *tls)), migration(found)):
        told = {e["name"]: e.get("value") for e in step(pod)["env"]}
        assert (told["PGSSLMODE"], told["PGSSLROOTCERT"]) == ("verify-full", "/etc/llm-cost-ops/database/ca.crt")
        assert "/etc/llm-cost-ops/database" in {m["mountPath"] for m in step(pod)["volumeMounts"]}
        assert "database-certificates" in {v["name"] for v in pod["volumes"]}
    assert "sslmode=verify-full&sslrootcert=" in url(app(found)["containers"][0])


@pytest.mark.full
def test_pods_restart_with_a_new_password_of_the_role(chart: Chart) -> None:
    def annotations(*sets: str) -> Manifest:
        given = ("postgresql.auth.password=one", "jwt.secret=two", "redis.auth.password=three")
        found: Manifest = chart.render(*ON, *given, *sets).one("Deployment", "llm-cost-ops")["spec"]["template"][
            "metadata"
        ]
        return found

    password = "postgresql.auth.appUser.password"
    assert annotations(f"{password}=a") == annotations(f"{password}=a")
    assert annotations(f"{password}=a") != annotations(f"{password}=b")


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (ON[:1], "set migrations.enabled=true, or postgresql.auth.appUser.enabled=false"),
        (
            (*ON, "postgresql.enabled=false", "externalDatabase.host=db", "externalDatabase.existingSecret=s"),
            "name the role of the external database in externalDatabase.user",
        ),
        ((*ON, "postgresql.auth.appUser.username=postgres"), "give the app's role another name"),
        ((*ON, "postgresql.auth.appUser.username=pg_app"), "give the app's role another name"),
        ((*ON, "postgresql.auth.appUser.username=a b"), "at '/postgresql/auth/appUser/username'"),
        (
            (*ON, "postgresql.auth.appUser.password=a", "postgresql.auth.appUser.existingSecret=b"),
            "postgresql.auth.appUser.existingSecret and postgresql.auth.appUser.password are both set",
        ),
        ((*ON, "postgresql.auth.appUser.password=password"), "postgresql.auth.appUser.password is a password that everybody knows"),
        ((*ON, "initContainers[0].name=app-role", "initContainers[0].image=x"), "in initContainers is called app-role"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused(chart_on_both: Chart, sets: tuple[str, ...], said: str) -> None:
    assert said in chart_on_both.refusal(*sets)


# With a real server

PROGRAMS = next((Path(p).parent for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
NOBODY = pwd.getpwnam("nobody").pw_uid
SECRET = 'it\'s "a" $HOME `pass` \\word 100%'


class Server:
    """A PostgreSQL on this machine, and the script of the chart against it."""

    def __init__(self, chart: Chart, folder: Path, port: int) -> None:
        self.folder, self.port, self.log = folder, port, folder / "log"
        self.script = step(app(chart.render(*ON)))["command"]

    def psql(
        self, text: str, user: str = "postgres", password: str = "boss", database: str = "costs"
    ) -> subprocess.CompletedProcess[str]:
        """Run statements as somebody."""
        return subprocess.run(
            ["psql", "-wXqtA", "-v", "ON_ERROR_STOP=1", "-c", text], env=self.env(user, password, database),
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def env(self, user: str, password: str, database: str = "costs") -> dict[str, str]:
        """How PostgreSQL's programs find it."""
        return {
            "PATH": f"{PROGRAMS}:/usr/bin:/bin", "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": user,
            "PGPASSWORD": password, "PGDATABASE": database,
        }  # fmt: skip

    def make_role(self, password: str = SECRET, role: str = "llm_cost_ops") -> subprocess.CompletedProcess[str]:
        """The step of the chart."""
        return subprocess.run(
            self.script, env=self.env("postgres", "boss") | {"APP_ROLE": role, "APP_PASSWORD": password},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def app(self, text: str, password: str = SECRET) -> subprocess.CompletedProcess[str]:
        """Statements as the app."""
        return self.psql(text, "llm_cost_ops", password)


def as_nobody(program: str, *arguments: str | Path) -> None:
    """Run a program of the server, which refuses to be root."""
    assert PROGRAMS
    subprocess.run([PROGRAMS / program, *arguments], user=NOBODY, check=True, timeout=120, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def server(chart: Chart) -> Iterator[Server]:
    """An empty server that asks for passwords and logs every statement."""
    if PROGRAMS is None or not shutil.which("psql") or os.getuid() != 0:
        pytest.skip("needs a PostgreSQL server below /usr/lib/postgresql, and root to run it as another user")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory() as name:
        found = Server(chart, Path(name), port)
        os.chown(name, NOBODY, -1)
        (found.folder / "password").write_text("boss")
        data, password = found.folder / "data", f"--pwfile={found.folder / 'password'}"
        as_nobody("initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--no-sync", password)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c log_statement=all -k {name}"
        as_nobody("pg_ctl", "-D", data, "-l", found.log, "-o", options, "-w", "start")
        try:
            assert found.psql("CREATE DATABASE costs", database="postgres").returncode == 0
            yield found
        finally:
            as_nobody("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@pytest.mark.full
def test_the_role_reads_and_writes_rows_old_and_new_and_changes_no_table(server: Server) -> None:
    old = "CREATE SCHEMA IF NOT EXISTS more; CREATE TABLE IF NOT EXISTS old (id serial, v text); CREATE TABLE IF NOT EXISTS more.t (v text)"
    assert server.psql(old).returncode == 0
    done = server.make_role()
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        server.psql(
            "CREATE TABLE new (id serial, v text); CREATE SCHEMA newer; CREATE TABLE newer.t (id serial)"
        ).returncode
        == 0
    )
    for table in ("old", "new"):
        rows = server.app(
            f"INSERT INTO {table} (v) VALUES ('a'); UPDATE {table} SET v = 'b'; SELECT v FROM {table}; DELETE FROM {table}"
        )
        assert (rows.returncode, rows.stdout) == (0, "b\n"), rows.stderr
    assert server.app("INSERT INTO more.t VALUES ('a'); INSERT INTO newer.t DEFAULT VALUES").returncode == 0
    for forbidden in ("CREATE TABLE mine ()", "DROP TABLE old", "ALTER TABLE old ADD x int", "CREATE ROLE x", "CREATE DATABASE x",
                      "SELECT pg_read_file('/etc/passwd')", "ALTER SYSTEM SET jit = off", "SET ROLE postgres"):  # fmt: skip
        assert server.app(forbidden).returncode != 0, forbidden


@pytest.mark.full
def test_it_can_be_made_again_by_several_at_once_and_follows_its_password(server: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        codes = [done.returncode for done in pool.map(lambda _: server.make_role("first"), range(4))]
    assert codes == [0, 0, 0, 0]
    assert server.app("SELECT 1", "first").returncode == 0
    assert server.make_role(SECRET + "\n").returncode == 0  # as a Secret made of a file ends
    assert server.app("SELECT 1", "first").returncode != 0
    assert server.app("SELECT 1").returncode == 0
    assert server.psql("ALTER ROLE llm_cost_ops CREATEDB CREATEROLE").returncode == 0
    assert server.make_role().returncode == 0
    assert server.app("CREATE DATABASE x").returncode != 0


@pytest.mark.full
def test_the_log_of_the_server_has_no_password(server: Server) -> None:
    assert server.make_role("a-password-to-look-for").returncode == 0
    log = server.log.read_text()
    assert "CREATE DATABASE costs" in log, "statements are logged"
    assert "a-password-to-look-for" not in log
    assert "ALTER ROLE" not in log.split("CREATEDB CREATEROLE")[-1]


@pytest.mark.full
def test_a_superuser_is_not_demoted(server: Server) -> None:
    server.psql("CREATE ROLE chief SUPERUSER")
    done = server.make_role(role="chief")
    assert done.returncode != 0
    assert "role chief is a superuser; give the app another in postgresql.auth.appUser.username" in done.stderr
    assert server.psql("SELECT rolsuper FROM pg_roles WHERE rolname = 'chief'").stdout == "t\n"


def test_kubernetes_leaves_the_script_as_it_is(chart: Chart) -> None:
    """It expands $(NAME) and makes one dollar of two."""
    script = step(app(chart.render(*ON)))["command"][-1]
    assert "$$" not in script
    assert "$(" not in script
