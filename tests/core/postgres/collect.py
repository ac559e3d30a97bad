"""Collects the words of a real PostgreSQL for each way in which a client fails: `python -m tests.core.postgres.collect`.

It runs the probe's own script against servers on loopback with the programs of Debian's postgresql package, as user postgres, and
writes what was printed into `words/`. Run it again when the script changes; the tests read the files and start nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from wizard.core.postgres.script import SCRIPT

WORDS = Path(__file__).parent / "words"
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
PORT, STANDBY, COLD = 55432, 55433, 55434
RULES = """
local all all trust
hostssl all only_tls 127.0.0.1/32 scram-sha-256
host all nobody_else 10.0.0.0/8 scram-sha-256
host replication postgres 127.0.0.1/32 trust
host all app,reader,full,nologin,missing 127.0.0.1/32 scram-sha-256
"""
SETUP = """
CREATE ROLE app LOGIN PASSWORD 'right'; CREATE ROLE reader LOGIN PASSWORD 'right'; CREATE ROLE only_tls LOGIN PASSWORD 'right';
CREATE ROLE full LOGIN PASSWORD 'right' CONNECTION LIMIT 0; CREATE ROLE nologin NOLOGIN PASSWORD 'right';
CREATE ROLE nobody_else LOGIN PASSWORD 'right';
"""
DATABASES = (
    "CREATE DATABASE costs OWNER app",
    "CREATE DATABASE closed OWNER app",
    "CREATE DATABASE limited OWNER app CONNECTION LIMIT 0",
)
CLOSED = "REVOKE CONNECT ON DATABASE closed FROM PUBLIC; ALTER DATABASE closed OWNER TO postgres"


def main() -> None:
    """Start the servers, run the script against each, write the files."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-words-"))
    folder.chmod(0o755)
    data = folder / "data"
    try:
        make(folder, data)
        with running(data, PORT, "-c ssl=on -c max_connections=12 -c superuser_reserved_connections=3"):
            sql(PORT, SETUP)
            for one in (*DATABASES, CLOSED):
                sql(PORT, one)
            sql(PORT, "ALTER ROLE reader SET search_path = public")
            reachable()
            certificates(folder)
            crowded()
            sql(PORT, "ALTER ROLE app SET default_transaction_read_only = on")
            say("read-only", {})
            sql(PORT, "ALTER ROLE app SET search_path = nowhere; ALTER ROLE app RESET default_transaction_read_only")
            say("no-schema", {})
            sql(PORT, "ALTER ROLE app RESET search_path")
            copies(folder)
        with running(data, PORT, "-c ssl=off"):
            say("tls-unsupported", {"PGSSLMODE": "require"})
        unreachable()
    finally:
        shutil.rmtree(folder)


def reachable() -> None:
    say("good", {})
    say("good-tls", {"PGSSLMODE": "require"})
    say("no-create", {"PGUSER": "reader"})
    say("no-password", {"PGPASSWORD": None})
    say("wrong-password", {"PGPASSWORD": "wrong"})
    say("wrong-password-tls", {"PGPASSWORD": "wrong", "PGSSLMODE": "prefer"})
    say("no-such-role", {"PGUSER": "missing"})
    say("no-login", {"PGUSER": "nologin"})
    say("no-hba", {"PGUSER": "nobody_else"})
    say("no-hba-tls", {"PGUSER": "nobody_else", "PGSSLMODE": "prefer"})
    say("tls-required", {"PGUSER": "only_tls"})
    say("no-database", {"PGDATABASE": "gone"})
    say("no-connect", {"PGDATABASE": "closed"})
    say("role-limit", {"PGUSER": "full"})
    say("database-limit", {"PGDATABASE": "limited"})


def certificates(folder: Path) -> None:
    other = folder / "other.crt"
    certificate(folder, "other")
    own = str(folder / "server.crt")
    say("tls-good", {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": own, "PGHOST": "localhost"})
    say("tls-other-name", {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": own})
    say("tls-unknown-authority", {"PGSSLMODE": "verify-ca", "PGSSLROOTCERT": str(other)})
    say("tls-no-root", {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/etc/llm-cost-ops/database/ca.crt"})


def crowded() -> None:
    """All places but one that a superuser has are taken."""
    environment = {**os.environ, **variables({})}
    held = [
        subprocess.Popen(
            [PROGRAMS / "psql", "-Xq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )
        for _ in range(9)
    ]
    for one in held:
        assert one.stdin
        assert one.stdout
        one.stdin.write("SELECT 1;\n")
        one.stdin.flush()
        one.stdout.readline()
    say("reserved", {})
    admins = [
        subprocess.Popen(as_postgres(f"psql -Xqh /tmp -p {PORT} -c 'SELECT pg_sleep(3)'"), stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]
    threading.Event().wait(1)
    say("too-many", {})
    for client in held:
        client.communicate()
    for admin in admins:
        admin.wait()


def copies(folder: Path) -> None:
    """A standby that answers reads, and one that answers nothing."""
    for name, port, options in (("warm", STANDBY, "-c hot_standby=on"), ("cold", COLD, "-c hot_standby=off")):
        run(as_postgres(f"{PROGRAMS}/pg_basebackup -c fast -h 127.0.0.1 -p {PORT} -U postgres -D {folder / name} -R"))
        with running(folder / name, port, options, wait=name == "warm"):
            threading.Event().wait(2)
            say("standby" if name == "warm" else "standby-cold", {"PGPORT": str(port)})


def unreachable() -> None:
    say("no-name", {"PGHOST": "db.nowhere.invalid"})
    say("refused", {})
    with filtered() as port:
        say("timeout", {"PGPORT": str(port), "PGCONNECT_TIMEOUT": "3"})
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        say("not-postgres", {"PGPORT": str(port)})
        say("not-postgres-tls", {"PGPORT": str(port), "PGSSLMODE": "require"})
    with answering(b"") as port:
        say("closes", {"PGPORT": str(port)})


def variables(changed: Mapping[str, str | None]) -> dict[str, str]:
    given = {
        "PGHOST": "127.0.0.1", "PGPORT": str(PORT), "PGUSER": "app", "PGDATABASE": "costs", "PGPASSWORD": "right",
        "PGSSLMODE": "disable", "PGCONNECT_TIMEOUT": "8", "LC_ALL": "C", **changed,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def say(name: str, changed: Mapping[str, str | None]) -> None:
    environment = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": "/", **variables(changed)}
    done = subprocess.run(["sh", "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60, check=True)
    (WORDS / f"{name}.txt").write_text(done.stdout)
    sys.stdout.write(f"=== {name}\n{done.stdout}{done.stderr}")


def make(folder: Path, data: Path) -> None:
    shutil.chown(folder, "postgres")
    run(as_postgres(f"{PROGRAMS}/initdb -A trust -E UTF8 --locale=C -D {data} -N"))
    (data / "pg_hba.conf").write_text(RULES)
    certificate(folder, "server", "localhost")
    for ending in ("crt", "key"):
        shutil.copy(folder / f"server.{ending}", data / f"server.{ending}")
        shutil.chown(data / f"server.{ending}", "postgres")
    (data / "server.key").chmod(0o600)


def certificate(folder: Path, name: str, host: str = "other") -> None:
    run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt"), "-subj", f"/CN={host}",
         "-addext", f"subjectAltName=DNS:{host}"]
    )  # fmt: skip


@contextlib.contextmanager
def running(data: Path, port: int, options: str, *, wait: bool = True) -> Iterator[None]:
    log = data.parent / f"{port}.log"
    told = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=/tmp -c fsync=off {options}"
    run(as_postgres(f"{PROGRAMS}/pg_ctl -D {data} -l {log} -o '{told}' {'-w' if wait else '-W'} start"))
    try:
        yield
    finally:
        run(as_postgres(f"{PROGRAMS}/pg_ctl -D {data} -m immediate -w stop"))


@contextlib.contextmanager
def filtered() -> Iterator[int]:
    """A port that drops what comes: its queue of connections is full."""
    with socket.socket() as server, contextlib.ExitStack() as clients:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A server of something else, which says that to whatever it is sent and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client, contextlib.suppress(OSError):
                        client.recv(4096)
                        client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def as_postgres(command: str) -> list[str]:
    return ["runuser", "-u", "postgres", "--", "sh", "-c", f"cd / && PATH={PROGRAMS}:$PATH {command}"]


def sql(port: int, text: str) -> None:
    run(as_postgres(f'psql -Xqh /tmp -p {port} -v ON_ERROR_STOP=1 -c "{text}"'))


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)


if __name__ == "__main__":
    WORDS.mkdir(exist_ok=True)
    main()
