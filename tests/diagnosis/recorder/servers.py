"""PostgreSQL and Redis in their troubles, each on an address of its own, and listeners that are neither."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from tests.diagnosis.recorder.network import ADDRESSES

USER: Final = 1000
"""Servers and programs run as this user, who is not root."""
(PLAIN, SECURE, STARTING, FULL, SILENT, RESET, NOBODY, CROWDED, MAIN_CACHE, SECURE_CACHE, REPLICA, LOADING, FIRST_SHARD, SECOND_SHARD, CROWDED_CACHE) = ADDRESSES[:15]  # fmt: skip
OWNER, PASSWORD = "postgres", "Xk29-unlikely-Tr7"
_POSTGRES: Final = Path("/usr/lib/postgresql/15/bin")

_ROLES: Final = f"""
CREATE ROLE app LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE sleeper NOLOGIN PASSWORD '{PASSWORD}';
CREATE ROLE single LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 0;
CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}';
ALTER ROLE reader SET default_transaction_read_only = on;
CREATE ROLE hasty LOGIN PASSWORD '{PASSWORD}';
ALTER ROLE hasty SET statement_timeout = '300ms';
CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE waiter LOGIN PASSWORD '{PASSWORD}';
ALTER ROLE waiter SET lock_timeout = '300ms';
CREATE DATABASE costs OWNER app;
"""
_TABLES: Final = """
CREATE TABLE usage_records (id bigint PRIMARY KEY, model text, tokens bigint);
CREATE TABLE pricing_rules (id bigint PRIMARY KEY);
CREATE TABLE budgets (id bigint PRIMARY KEY);
INSERT INTO usage_records VALUES (1, 'a', 1);
ALTER TABLE usage_records OWNER TO app;
ALTER TABLE pricing_rules OWNER TO app;
GRANT ALL ON usage_records TO waiter, hasty, reader;
GRANT CREATE ON SCHEMA public TO app, waiter, hasty;
"""
_SETTINGS: Final = """
listen_addresses = '{address}'
unix_socket_directories = '{folder}'
fsync = off
password_encryption = 'scram-sha-256'
max_connections = 40
log_min_messages = fatal
"""


class Servers:
    """What was started; all of it ends with the block."""

    def __init__(self, folder: Path, debian: Path) -> None:
        self.folder, self._debian = folder, debian
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def mount(self, folder: Path, options: str) -> None:
        """A file system in memory."""
        folder.mkdir()
        _check(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)])
        self._ends.callback(_check, ["umount", "--lazy", str(folder)])

    def keep(self, listener: socket.socket) -> None:
        """Close it at the end."""
        self._ends.enter_context(listener)

    # PostgreSQL

    def postgres(self) -> None:
        """All servers of it; `costs` is the database of all."""
        first = self.folder / "data"
        first.mkdir()
        shutil.chown(first, USER, USER)
        self._certificates()
        words = ["-D", str(first), "-U", OWNER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
        _check(_as_user(str(_POSTGRES / "initdb"), *words))
        (first / "pg_hba.conf").write_text(
            "local all all trust\nhost all ghost all trust\nhost all all all scram-sha-256\n"
        )
        process = self._start(first, PLAIN)
        self.sql(first, "postgres", _ROLES)
        self.sql(first, "costs", _TABLES)
        self._stop(process)
        for name, address, lines in (
            ("plain", PLAIN, ""),
            ("secure", SECURE, self._tls()),
            ("starting", STARTING, f"restore_command = 'sleep 600 && false {self.folder}'\n"),
            ("crowded", CROWDED, "superuser_reserved_connections = 0\n"),
        ):
            copy = self.folder / name
            _check(["cp", "-a", str(first), str(copy)])
            if name == "secure":
                (copy / "pg_hba.conf").write_text("local all all trust\nhostssl all all all scram-sha-256\n")
            if name == "starting":
                (copy / "recovery.signal").touch()
                shutil.chown(copy / "recovery.signal", USER, USER)
                self._start(copy, address, lines, wait=False)
            else:
                self._start(copy, address, lines)
        self._full(first)

    def sql(self, folder: Path, database: str, text: str, user: str = OWNER) -> None:
        """Run statements by the socket of a server."""
        words = [
            "psql",
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            str(folder),
            "-U",
            user,
            "-d",
            database,
            "-c",
        ]
        for statement in filter(None, map(str.strip, text.split(";"))):
            _check([*words, statement])

    @contextlib.contextmanager
    def sessions(self, name: str, count: int, user: str = OWNER) -> Iterator[None]:
        """So many connections stay open."""
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                one = stack.enter_context(socket.socket(socket.AF_UNIX))
                one.connect(str(self.folder / name / ".s.PGSQL.5432"))
                said = f"user\0{user}\0database\0costs\0\0".encode()
                one.sendall(struct.pack("!II", 8 + len(said), 196608) + said)
                one.settimeout(5)
                one.recv(4000)
            yield

    @contextlib.contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Another session holds a lock on a table of the plain server."""
        words = [
            "psql",
            "-X",
            "-q",
            "-h",
            str(self.folder / "plain"),
            "-U",
            OWNER,
            "-d",
            "costs",
        ]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n")
            process.stdin.flush()
            while "held" not in process.stdout.readline():
                pass
            yield
            process.stdin.close()

    def _full(self, first: Path) -> None:
        copy = self.folder / "full"
        self.mount(copy, "size=120m")
        _check(["cp", "-a", f"{first}/.", str(copy)])
        shutil.chown(copy, USER, USER)
        copy.chmod(0o700)
        self._start(copy, FULL, "autovacuum = off\n")
        self.sql(copy, "costs", "SELECT count(*) FROM usage_records", user="app")  # caches that a session needs
        with contextlib.suppress(OSError), (copy / "fill").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))

    def _start(self, folder: Path, address: str, lines: str = "", *, wait: bool = True) -> subprocess.Popen[bytes]:
        with (folder / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS.format(address=address, folder=folder) + lines)
        process = self._server(_as_user(str(_POSTGRES / "postgres"), "-D", str(folder)), f"{folder.name}.log")
        until(lambda: (folder / ".s.PGSQL.5432").exists())
        if wait:
            until(
                lambda: subprocess.run(["psql", "-h", str(folder), "-U", OWNER, "-c", ""], capture_output=True, timeout=10, check=False).returncode == 0
            )  # fmt: skip
        return process

    def _tls(self) -> str:
        return f"ssl = on\nssl_cert_file = '{self.folder}/server.crt'\nssl_key_file = '{self.folder}/server.key'\n"

    def _certificates(self) -> None:
        """A certificate that signs itself with the Service's name, one of an authority for another name, and the authority."""
        at = self.folder

        def make(name: str, *more: str) -> None:
            _check(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", f"{at}/{name}.key", "-out", f"{at}/{name}.crt", *more])  # fmt: skip
            shutil.chown(at / f"{name}.key", USER, USER)

        make(
            "server",
            "-subj",
            "/CN=llm-cost-ops-postgresql",
            "-addext",
            "subjectAltName=DNS:llm-cost-ops-postgresql,DNS:llm-cost-ops-redis",
        )
        make("authority", "-subj", "/CN=Acme Internal CA")
        make("other", "-subj", "/CN=db-primary.acme.internal", "-addext", "subjectAltName=DNS:db-primary.acme.internal",
             "-CA", f"{at}/authority.crt", "-CAkey", f"{at}/authority.key")  # fmt: skip

    def use_certificate(self, name: str) -> None:
        """The secure PostgreSQL shows another certificate from now on."""
        self.sql(self.folder / "secure", "postgres", f"ALTER SYSTEM SET ssl_cert_file = '{self.folder}/{name}.crt'; ALTER SYSTEM SET ssl_key_file = '{self.folder}/{name}.key'; SELECT pg_reload_conf()")  # fmt: skip
        time.sleep(0.5)

    # Redis

    def redis(self) -> None:
        """All servers of it."""
        if not (self.folder / "server.crt").exists():
            self._certificates()
        self._redis("cache", MAIN_CACHE, "--requirepass", PASSWORD)
        self.ask(
            MAIN_CACHE,
            "ACL",
            "SETUSER",
            "narrow",
            "on",
            f">{PASSWORD}",
            "~*",
            "+get",
            "+ping",
            "+client",
            "+info",
            "+hello",
            "+select",
        )
        tls = ["--tls-port", "6379", "--port", "0", "--tls-cert-file", f"{self.folder}/server.crt", "--tls-key-file",
               f"{self.folder}/server.key", "--tls-ca-cert-file", f"{self.folder}/authority.crt", "--tls-auth-clients", "no"]  # fmt: skip
        self._redis("secure-cache", SECURE_CACHE, "--requirepass", PASSWORD, *tls)
        self._redis("replica", REPLICA, "--replicaof", f"{NOBODY} 6379")
        shards = (FIRST_SHARD, SECOND_SHARD)
        for name, address in zip(("first-shard", "second-shard"), shards, strict=True):
            self._redis(name, address, "--cluster-enabled", "yes", "--cluster-announce-ip", address)
        for address, slots in zip(shards, ("0 1", "2 16383"), strict=True):
            self.ask(address, "CLUSTER", "ADDSLOTSRANGE", *slots.split())
        self.ask(FIRST_SHARD, "CLUSTER", "MEET", SECOND_SHARD, "6379")
        self._redis("crowded-cache", CROWDED_CACHE, "--maxclients", "40")
        self._redis("loading", LOADING)
        self.ask(LOADING, "DEBUG", "POPULATE", "20000")
        self.ask(LOADING, "SAVE")
        self.ask(LOADING, "SHUTDOWN", "NOSAVE")
        self._redis("loading", LOADING, "--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024")

    def ask(self, address: str, *words: str) -> str:
        """Send a Redis one command in the inline form, and read its answer."""
        with socket.create_connection((address, 6379), timeout=10) as one:
            login = f"AUTH {PASSWORD}\r\n" if address == MAIN_CACHE else ""
            one.sendall(f"{login}{' '.join(words)}\r\n".encode())
            answer = one.recv(4000)
            if login:
                answer = answer.removeprefix(b"+OK\r\n") or one.recv(4000)
        if answer.startswith(b"-"):
            raise RuntimeError(f"{words}: {answer.decode()}")
        return answer.decode()

    @contextlib.contextmanager
    def crowd(self, address: str, count: int) -> Iterator[None]:
        """So many clients of a Redis stay connected."""
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                stack.enter_context(socket.create_connection((address, 6379), timeout=5))
            yield

    def _redis(self, name: str, address: str, *words: str) -> None:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        shutil.chown(folder, USER, USER)
        program = [str(self._debian / "usr/bin/redis-server"), "--bind", address, "--dir", str(folder), "--save", "3600 1", "--protected-mode", "no",
                   "--enable-debug-command", "yes", *words]  # fmt: skip
        self._server(_as_user(*program), f"{name}.log", {"LD_LIBRARY_PATH": f"{self._debian}/usr/lib/x86_64-linux-gnu"})
        until(lambda: _listens(address, 6379))

    # Listeners

    def listeners(self) -> None:
        """On both ports: one that never answers, and one that closes each connection at once."""
        for port in (5432, 6379):
            for address, closes in ((SILENT, False), (RESET, True)):
                listener = socket.create_server((address, port), backlog=200)
                threading.Thread(target=_hold, args=(listener, closes), daemon=True).start()

    def _server(
        self, words: Sequence[str], log: str, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        file: IO[bytes] = self._ends.enter_context((self.folder / log).open("ab"))
        process = subprocess.Popen(
            words, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})}
        )
        self._ends.callback(self._stop, process)
        return process

    @staticmethod
    def _stop(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.send_signal(2)  # PostgreSQL: end its sessions
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _hold(listener: socket.socket, closes: bool) -> None:
    kept = []
    while True:
        one, _ = listener.accept()
        if closes:
            one.recv(1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        else:
            kept.append(one)


def _as_user(*words: str) -> list[str]:
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words]


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def until(holds: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    assert callable(holds)
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("a server does not come up")
        time.sleep(0.1)


def _check(words: Sequence[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words[:6])}: {done.stderr}")
