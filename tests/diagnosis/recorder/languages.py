"""The programs of each language, and how their libraries are installed into the workplace by the language's own client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.diagnosis.recorder.running import LIMIT, Program

PROGRAMS: Final = Path(__file__).resolve().parent / "programs"
_INSTALL: Final = 1500
_DEBIAN: Final = (
    "redis-server,ruby,ruby-pg,ruby-redis,ruby-activerecord,ruby-sequel,ruby-sidekiq,puma,php-cli,php-pgsql,php-redis,"
    "php-doctrine-dbal,libdbd-pg-perl,libredis-perl,postgresql-client-15"
)


def _call(*words: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        check=True,
        timeout=_INSTALL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    return done.stdout  # fmt: skip


def _sources(language: str, workplace: Path) -> Path:
    folder = workplace / language
    shutil.copytree(PROGRAMS / language, folder, dirs_exist_ok=True)
    return folder


# Python


def install_python(workplace: Path) -> None:
    folder = _sources("python", workplace)
    if not (folder / "bin").exists():
        _call("/usr/bin/python3", "-m", "venv", str(folder), folder=folder)
        _call(str(folder / "bin/pip"), "install", "-q", "--require-hashes", "-r", "clients.lock", folder=folder)


def python(workplace: Path) -> Iterator[Program]:
    folder = workplace / "python"
    lines = _call(str(folder / "bin/pip"), "freeze", "--disable-pip-version-check", folder=folder).lower().split()
    have = dict(line.split("==", 1) for line in lines) | {
        "python": _call(str(folder / "bin/python"), "-V", folder=folder).split()[1]
    }

    def one(
        client: str,
        uses: str,
        file: str,
        *names: str,
        words: Sequence[str] = (),
        only: Sequence[str] = (),
        limit: float = LIMIT,
        **environment: str,
    ) -> Program:
        start = (str(folder / "bin/python"), str(folder / f"{file}.py"), *words)
        return Program(client, {name: have[name] for name in ("python", *names)}, uses, start, {"PYTHONUNBUFFERED": "1", **environment}, only, limit)  # fmt: skip

    yield one("psycopg2", "postgres", "psycopg2_service", "psycopg2-binary")
    yield one("psycopg", "postgres", "psycopg3_service", "psycopg")
    yield one("psycopg-pool", "postgres", "psycopg_pool_service", "psycopg", "psycopg-pool")
    yield one("asyncpg", "postgres", "asyncpg_service", "asyncpg")
    yield one("sqlalchemy", "postgres", "sqlalchemy_service", "sqlalchemy", "psycopg")
    yield one("django", "postgres", "django_service", "django", "psycopg")
    yield one("django-migrate", "postgres", "django_service", "django", "psycopg", only=("no right on a schema", "read-only", "wrong password", "connection refused"), MIGRATE="1")  # fmt: skip
    yield one("alembic", "postgres", "alembic_service", "alembic", "sqlalchemy", "psycopg2-binary")
    yield one("structlog", "postgres", "structlog_service", "structlog", "psycopg")
    yield one("redis-py", "redis", "redis_service", "redis")
    yield one("redis-py-json", "redis", "redis_logged_service", "redis")
    yield one("pg8000", "postgres", "pg8000_service", "pg8000")
    yield one("peewee", "postgres", "peewee_service", "peewee", "psycopg2-binary")
    yield one("tortoise", "postgres", "tortoise_service", "tortoise-orm", "asyncpg")
    yield one("rq", "redis", "rq_service", "rq", "redis")
    for client, uses, command, have_of in (
        ("fastapi", "postgres", "uvicorn --port 0 fastapi_service:app", ("uvicorn", "fastapi", "sqlalchemy")),
        ("uwsgi", "postgres", "uwsgi --http-socket 127.0.0.1:0 --master --need-app --module uwsgi_service:app", ("uwsgi", "psycopg")),
        ("dramatiq", "redis", "dramatiq --processes 1 --threads 1 dramatiq_service", ("dramatiq", "redis")),
        ("arq", "redis", "arq arq_service.WorkerSettings", ("arq", "redis")),
    ):  # fmt: skip
        program, *arguments = command.split()
        start = (str(folder / "bin" / program), *arguments)
        versions = {name: have[name] for name in ("python", *have_of)}
        yield Program(client, versions, uses, start, {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(folder)}, limit=12)
    worker = (str(folder / "bin/celery"), "-A", "celery_service", "worker", "--loglevel=INFO", "--pool=solo")
    names = ("python", "celery", "kombu", "redis")
    for client, retry in (("celery", "no"), ("celery-retry", "yes")):
        settings = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(folder), "RETRY": retry}
        yield Program(client, {name: have[name] for name in names}, "redis", worker, settings, limit=12)
    for name, trouble in (
        ("port", "port in use"), ("port", "port below 1024"), ("file", "missing file"), ("file", "file may not be read"),
        ("config_json", "syntax of a JSON file"), ("config_yaml", "syntax of a YAML file"), ("write", "folder may not be written"),
        ("write", "read-only file system"), ("module", "module missing"), ("library", "shared library missing"),
        ("environment", "variable missing"), ("pydantic", "variable missing"), ("types", "error in the code"),
    ):  # fmt: skip
        yield one("python", "local", "local_service", words=(name,), only=(trouble,))
    gunicorn = (str(folder / "bin/gunicorn"), "--chdir", str(folder), "--bind")
    for address, application, trouble in (
        ("0.0.0.0:8000", "wsgi_sample:app", "variable missing"), ("0.0.0.0:8000", "wsgi_simple:app", "module missing"),
        ("$LISTEN", "wsgi_sample:app", "port in use"),
    ):  # fmt: skip
        words = ("sh", "-c", f'exec "$@" --bind {address} {application}', "gunicorn", *gunicorn[:-1])
        yield Program(
            "gunicorn", {"python": have["python"], "gunicorn": have["gunicorn"]}, "local", words, {}, (trouble,)
        )


# Node


def install_node(workplace: Path) -> None:
    folder = _sources("node", workplace)
    if not (folder / "node_modules").exists():
        _call("npm", "ci", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", folder=folder)
        # Its command would fetch a program that makes migrations, which nothing here does.
        without = {"PRISMA_SCHEMA_ENGINE_BINARY": "/bin/true", "CHECKPOINT_DISABLE": "1"}
        prisma = str(folder / "node_modules/.bin/prisma")
        _call(prisma, "generate", "--schema", "prisma/schema.prisma", folder=folder, **without)


def node(workplace: Path) -> Iterator[Program]:
    folder = workplace / "node"
    version = _call("node", "--version", folder=folder).strip()

    def one(
        client: str,
        uses: str,
        file: str,
        *names: str,
        words: Sequence[str] = (),
        only: Sequence[str] = (),
        options: Sequence[str] = (),
        limit: float = LIMIT,
    ) -> Program:
        versions = {
            name: json.loads((folder / "node_modules" / name / "package.json").read_text())["version"] for name in names
        }
        start = ("node", *options, str(folder / f"{file}.js"), *words)
        return Program(client, {"node": version, **versions}, uses, start, {"NODE_ENV": "production"}, only, limit)

    yield one("node-pg", "postgres", "pg_service", "pg")
    yield one("node-pg-message", "postgres", "pg_logged_service", "pg")
    yield one("pino", "postgres", "pg_pino_service", "pg", "pino")
    yield one("winston", "postgres", "pg_winston_service", "pg", "winston")
    yield one("postgres.js", "postgres", "postgres_js_service", "postgres")
    yield one("knex", "postgres", "knex_service", "knex", "pg")
    yield one("sequelize", "postgres", "sequelize_service", "sequelize", "pg")
    yield one("typeorm", "postgres", "typeorm_service", "typeorm", "pg")
    yield one("drizzle", "postgres", "drizzle_service", "drizzle-orm", "pg")
    yield one("prisma", "postgres", "prisma_service", "prisma", "pg")
    yield one("pg-promise", "postgres", "pg_promise_service", "pg-promise", "pg")
    yield one("ioredis", "redis", "ioredis_service", "ioredis")
    yield one("ioredis-pino", "redis", "ioredis_logged_service", "ioredis", "pino")
    yield one("node-redis", "redis", "node_redis_service", "redis")
    yield one("bullmq", "redis", "bullmq_service", "bullmq", "ioredis", limit=10)
    for name, trouble in (
        ("port", "port in use"), ("port", "port below 1024"), ("express", "port in use"), ("file", "missing file"),
        ("file", "file may not be read"), ("json", "syntax of a JSON file"), ("yaml", "syntax of a YAML file"),
        ("write", "folder may not be written"), ("write", "read-only file system"), ("module", "module missing"),
        ("environment", "variable missing"), ("zod", "variable missing"), ("envalid", "variable missing"), ("type", "error in the code"),
    ):  # fmt: skip
        yield one("node", "local", "local_service", words=(name,), only=(trouble,))
    yield one(
        "node", "local", "local_service", words=("heap",), only=("heap used up",), options=("--max-old-space-size=32",)
    )


# Java


def install_java(workplace: Path) -> None:
    jars = []
    for name in ("java", "spring"):
        folder = _sources(name, workplace)
        if not (folder / "lib").exists():
            goal = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies"
            _call("mvn", "-q", "-B", goal, "-DoutputDirectory=lib", "-DincludeScope=runtime", folder=folder)
        jars.append(f"{folder}/lib/*")
    sources = [str(path) for name in ("java", "spring") for path in sorted((workplace / name).glob("*.java"))]
    _call(
        "javac", "-parameters", "-d", str(workplace / "java/classes"), "-cp", ":".join(jars), *sources, folder=workplace
    )


def java(workplace: Path) -> Iterator[Program]:
    folder = workplace / "java"
    version = _call("java", "--version", folder=folder).split("\n")[0].split()[1]

    def one(client: str, uses: str, kind: str, *names: str, logger: str = "slf4j-simple", words: Sequence[str] = (),
            only: Sequence[str] = (), options: Sequence[str] = (), library: str = "java") -> Program:  # fmt: skip
        jars = sorted((workplace / library / "lib").glob("*.jar"))
        unused = "logback" if logger == "slf4j-simple" and library == "java" else "slf4j-simple"
        path = ":".join([str(folder / "classes"), *(str(jar) for jar in jars if unused not in jar.name)])
        versions = {
            name: jar.stem.removeprefix(f"{name}-")
            for name in names
            for jar in jars
            if jar.stem.removeprefix(f"{name}-")[:1].isdigit()
        }
        settings = ("-Xmx128m", "-XX:TieredStopAtLevel=1", "-Xshare:auto", *options)
        return Program(
            client, {"java": version, **versions}, uses, ("java", *settings, "-cp", path, kind, *words), {}, only
        )

    yield one("pgjdbc", "postgres", "PgService", "postgresql")
    yield one("hikaricp", "postgres", "HikariService", "HikariCP", "postgresql", "slf4j-simple")
    yield one("hikaricp-lazy", "postgres", "HikariService", "HikariCP", "postgresql", words=("lazy",),
              only=("connection refused", "never answers", "wrong password", "host name unknown", "too many connections of the role", "starting up"))  # fmt: skip
    yield one("logback-json", "postgres", "HikariService", "HikariCP", "postgresql", "logback-classic", logger="logback",
              options=(f"-Dlogback.configurationFile={folder}/logback.xml",))  # fmt: skip
    yield one("vertx", "postgres", "VertxService", "vertx-pg-client")
    yield one("liquibase", "postgres", "LiquibaseService", "liquibase-core", "postgresql")
    yield one("redisson", "redis", "RedissonService", "redisson")
    yield one("jedis", "redis", "JedisService", "jedis")
    yield one("lettuce", "redis", "LettuceService", "lettuce-core")
    spring = "com.acme.reports.SpringService"
    url = "jdbc:postgresql://llm-cost-ops-postgresql:5432/"
    off = (
        "--spring.main.web-application-type=none",
        "--spring.flyway.enabled=false",
        "--spring.datasource.hikari.connection-timeout=4000",
    )
    store = ("--spring.datasource.url=" + url.replace("llm-cost-ops-postgresql", "${DB_HOST}") + "${DB_NAME}?sslmode=${DB_SSLMODE}&sslrootcert=${DB_SSLROOTCERT:}&connectTimeout=3&socketTimeout=3",
             "--spring.datasource.username=${DB_USER}", "--spring.datasource.password=${DB_PASSWORD:}")  # fmt: skip
    cache = ("--spring.data.redis.host=${REDIS_HOST}", "--spring.data.redis.password=${REDIS_PASSWORD:}", "--spring.data.redis.username=${REDIS_USERNAME:}",
             "--spring.data.redis.database=${REDIS_DB}", "--spring.data.redis.timeout=3s", "--spring.data.redis.ssl.enabled=${REDIS_TLS}", "--spring.data.redis.connect-timeout=3s")  # fmt: skip
    yield one(
        "spring-jdbc",
        "postgres",
        spring,
        "spring-boot",
        "HikariCP",
        "postgresql",
        words=(*off, *store, "--USES=database"),
        library="spring",
    )
    yield one("flyway", "postgres", spring, "spring-boot", "flyway-core", "postgresql", words=(off[0], off[2], *store), library="spring",
              only=("wrong password", "connection refused", "host name unknown", "unknown database", "schema is not empty", "starting up", "TLS wanted and not offered", "never answers"))  # fmt: skip
    yield one(
        "spring-redis",
        "redis",
        spring,
        "spring-boot",
        "lettuce-core",
        words=(*off, "--spring.datasource.url=" + url + "x", *cache, "--USES=cache"),
        library="spring",
    )
    unused = (*off, "--spring.datasource.url=" + url + "x")
    yield one(
        "spring",
        "local",
        spring,
        "spring-boot",
        words=(*unused, "--USES=placeholder"),
        only=("variable missing",),
        library="spring",
    )
    yield one(
        "spring",
        "local",
        spring,
        "spring-boot",
        words=("--spring.datasource.url=${COSTS_URL}",),
        only=("variable not filled in",),
        library="spring",
    )
    yield one(
        "spring",
        "local",
        spring,
        "spring-boot",
        words=(*unused[1:], "--server.port=${PORT}"),
        only=("port in use", "port below 1024"),
        library="spring",
    )
    for name, trouble in (
        ("port", "port in use"), ("port", "port below 1024"), ("file", "missing file"), ("file", "file may not be read"),
        ("json", "syntax of a JSON file"), ("write", "folder may not be written"), ("write", "read-only file system"),
        ("module", "module missing"), ("environment", "variable missing"), ("null", "error in the code"),
    ):  # fmt: skip
        yield one("java", "local", "LocalService", words=(name,), only=(trouble,), library="spring")
    for options in (("-Xmx16m",), ("-Xmx16m", "-XX:+ExitOnOutOfMemoryError")):
        yield one(
            "java", "local", "LocalService", words=("heap",), only=("heap used up",), options=options, library="spring"
        )
    missing = Program("java", {"java": version}, "local", ("java", "-jar", "/app/app.jar"), {}, ("program missing",))
    yield missing
    yield one("java", "local", "com.acme.pricing.Main", only=("program missing",), library="spring")


# Go


def install_go(workplace: Path) -> None:
    folder = _sources("go", workplace)
    if not (folder / "service").exists():
        off = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
        _call("go", "build", "-trimpath", "-o", "service", ".", folder=folder, **off)


def go(workplace: Path) -> Iterator[Program]:
    folder = workplace / "go"
    have = {"go": _call("go", "env", "GOVERSION", folder=folder).strip()}
    for line in _call("go", "version", "-m", "service", folder=folder).split("\n"):
        if line.startswith("\tdep\t"):
            path, number = line.split("\t")[2:4]
            have[path] = number

    def one(client: str, uses: str, *names: str, words: str = "", only: Sequence[str] = ()) -> Program:
        versions = {name: have[name] for name in ("go", *names)}
        return Program(client, versions, uses, (str(folder / "service"), words or client), {}, only)

    pgx = "github.com/jackc/pgx/v5"
    yield one("pgx", "postgres", pgx)
    yield one("pgxpool", "postgres", pgx)
    yield one("lib-pq", "postgres", "github.com/lib/pq")
    yield one("gorm", "postgres", "gorm.io/gorm", "gorm.io/driver/postgres", pgx)
    yield one("golang-migrate", "postgres", "github.com/golang-migrate/migrate/v4", "github.com/lib/pq")
    yield one("zap", "postgres", "go.uber.org/zap", pgx)
    yield one("zerolog", "postgres", "github.com/rs/zerolog", pgx)
    yield one("slog", "postgres", pgx)
    yield one("bun", "postgres", "github.com/uptrace/bun")
    yield one("go-pg", "postgres", "github.com/go-pg/pg/v10")
    yield one("goose", "postgres", "github.com/pressly/goose/v3", pgx)
    yield one("redigo", "redis", "github.com/gomodule/redigo")
    yield one("rueidis", "redis", "github.com/redis/rueidis")
    yield one("asynq", "redis", "github.com/hibiken/asynq")
    yield one("go-redis", "redis", "github.com/redis/go-redis/v9")
    yield one("go-redis-slog", "redis", "github.com/redis/go-redis/v9")
    for name, trouble in (
        ("port", "port in use"), ("port", "port below 1024"), ("file", "missing file"), ("file", "file may not be read"),
        ("json", "syntax of a JSON file"), ("write", "folder may not be written"), ("write", "read-only file system"),
        ("env", "variable missing"), ("nil", "error in the code"),
    ):  # fmt: skip
        yield one("go", "local", words=name, only=(trouble,))


# Ruby, PHP and Perl of Debian, in a system tree of their own; Redis itself comes from there


def install_debian(workplace: Path) -> None:
    tree = workplace / "debian"
    if not tree.exists():
        _call(
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=apt",
            f"--include={_DEBIAN}",
            "bookworm",
            str(tree),
            folder=workplace,
        )
    shutil.copytree(PROGRAMS / "debian", tree / "srv", dirs_exist_ok=True)


def debian(workplace: Path) -> Iterator[Program]:
    tree = workplace / "debian"
    text = _call("chroot", str(tree), "dpkg-query", "-W", "-f", "${Package} ${Version}\n", folder=workplace)
    have = dict(line.split(" ", 1) for line in text.split("\n") if line)

    def one(client: str, uses: str, command: str, *names: str) -> Program:
        words = ("/usr/sbin/chroot", "--userspec=1000:1000", str(tree), *command.split())
        return Program(client, {name: have[name] for name in names}, uses, words, {})

    yield one("ruby-pg", "postgres", "ruby /srv/pg_service.rb", "ruby", "ruby-pg")
    yield one("activerecord", "postgres", "ruby /srv/activerecord_service.rb", "ruby", "ruby-activerecord", "ruby-pg")
    yield one("sequel", "postgres", "ruby /srv/sequel_service.rb", "ruby", "ruby-sequel", "ruby-pg")
    yield one("puma", "postgres", "puma --bind tcp://127.0.0.1:0 /srv/puma_service.ru", "ruby", "puma", "ruby-activerecord", "ruby-pg")  # fmt: skip
    yield one("redis-rb", "redis", "ruby /srv/redis_service.rb", "ruby", "ruby-redis")
    yield one("sidekiq", "redis", "sidekiq --environment production --require /srv/sidekiq_service.rb", "ruby", "ruby-sidekiq", "ruby-redis")  # fmt: skip
    yield one("php-pdo", "postgres", "php /srv/pdo_service.php", "php8.2-cli", "php8.2-pgsql")
    yield one("doctrine", "postgres", "php /srv/doctrine_service.php", "php8.2-cli", "php-doctrine-dbal", "php8.2-pgsql")  # fmt: skip
    yield one("phpredis", "redis", "php /srv/phpredis_service.php", "php8.2-cli", "php-redis")
    yield one("perl-dbd-pg", "postgres", "perl /srv/dbd_pg_service.pl", "perl", "libdbd-pg-perl")
    yield one("perl-redis", "redis", "perl /srv/redis_service.pl", "perl", "libredis-perl")
    yield one("psql", "postgres", "sh /srv/psql_service.sh", "postgresql-client-15")


# Rust


def install_rust(workplace: Path) -> None:
    folder = _sources("rust", workplace)
    if not (folder / "target/debug/recorder").exists():
        _call("cargo", "build", "--quiet", folder=folder)


def rust(workplace: Path) -> Iterator[Program]:
    folder = workplace / "rust"
    tree = _call("cargo", "tree", "--prefix", "none", "--depth", "1", "--offline", folder=folder)
    have = {line.split()[0]: line.split()[1].removeprefix("v") for line in tree.split("\n") if line}
    have["rust"] = _call("rustc", "--version", folder=folder).split()[1]

    def one(client: str, uses: str, *names: str, words: str = "", only: Sequence[str] = ()) -> Program:
        start = (str(folder / "target/debug/recorder"), words or client)
        return Program(
            client, {name: have[name] for name in ("rust", *names)}, uses, start, {"RUST_BACKTRACE": "0"}, only
        )

    yield one("tokio-postgres", "postgres", "tokio-postgres")
    yield one("sqlx", "postgres", "sqlx")
    yield one("sqlx-tracing", "postgres", "sqlx", "tracing")
    yield one("redis-rs", "redis", "redis")
    yield one("redis-rs-unwrap", "redis", "redis")
    for name, trouble in (("port", "port in use"), ("port", "port below 1024"), ("file", "missing file"), ("file", "file may not be read"), ("write", "folder may not be written"), ("write", "read-only file system"), ("environment", "variable missing")):  # fmt: skip
        yield one("rust", "local", words=name, only=(trouble,))


LANGUAGES: Final[dict[str, tuple[Callable[[Path], None], Callable[[Path], Iterator[Program]]]]] = {
    "python": (install_python, python), "node": (install_node, node), "java": (install_java, java), "go": (install_go, go),
    "debian": (install_debian, debian), "rust": (install_rust, rust),
}  # fmt: skip
"""For each: how it is installed, and its programs."""


def install(names: Sequence[str], workplace: Path) -> None:
    """Everything that needs the network."""
    for name in dict.fromkeys(("debian", *names)):
        print(f"installing {name}", file=sys.stderr, flush=True)
        LANGUAGES[name][0](workplace)
