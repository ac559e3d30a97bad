"""`python -m tests.diagnosis.recorder [LANGUAGE...]`: records what clients print of each trouble into tests/diagnosis/recorded.

As root, by hand. `--workplace FOLDER` keeps the installed libraries for the next time; `--client NAME` and
`--trouble NAME` record that client and that trouble alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from tests.diagnosis.recorder import network
from tests.diagnosis.recorder.languages import LANGUAGES, install
from tests.diagnosis.recorder.running import Program, Recording, run
from tests.diagnosis.recorder.servers import Servers
from tests.diagnosis.recorder.troubles import TROUBLES, Trouble

RECORDED: Final = Path(__file__).resolve().parents[1] / "recorded"
_AT_ONCE: Final = 3
_MADE: Final = "schema_migrations, notes, audit, goose_db_version, databasechangelog, databasechangeloglock"
"""Tables that programs make."""


def main() -> int:
    """Install outside, record inside of a network of our own."""
    parser = argparse.ArgumentParser(prog="python -m tests.diagnosis.recorder")
    parser.add_argument("languages", nargs="*", choices=[*LANGUAGES, []], default=[])
    parser.add_argument("--workplace", type=Path)
    parser.add_argument("--client", action="append", default=[])
    parser.add_argument("--trouble", action="append", default=[])
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    languages = asked.languages or list(LANGUAGES)
    with contextlib.ExitStack() as stack:
        workplace = (
            asked.workplace or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recorder-")))
        ).resolve()
        workplace.chmod(0o755)
        if asked.inside:
            record(languages, workplace, asked.client, asked.trouble)
            return 0
        install(languages, workplace)
        own = ["unshare", "--mount", "--net", "--uts", sys.executable, "-m", "tests.diagnosis.recorder", "--inside"]
        chosen = [word for name in asked.client for word in ("--client", name)]
        chosen += [word for name in asked.trouble for word in ("--trouble", name)]
        return subprocess.run([*own, "--workplace", str(workplace), *chosen, *languages], check=False).returncode


def record(languages: Sequence[str], workplace: Path, clients: Sequence[str], only: Sequence[str]) -> None:
    """All troubles, all programs; one file for each client."""
    programs = [one for name in languages for one in LANGUAGES[name][1](workplace)]
    programs = [one for one in programs if not clients or one.client in clients]
    found: dict[str, list[tuple[Program, Recording]]] = {}
    with tempfile.TemporaryDirectory(dir=workplace, prefix="servers-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        tree = workplace / "debian"
        network.lay(folder, (tree,))
        names = network.Names()
        names.start()
        with Servers(folder, tree) as servers, ThreadPoolExecutor(_AT_ONCE) as pool, _shared(folder, tree):
            chosen = [(kind, one) for kind, every in TROUBLES.items() for one in every if not only or one.name in only]
            kinds = {one.uses for one in programs} & {kind for kind, _ in chosen}
            servers.listeners()
            if "postgres" in kinds:
                servers.postgres()
            if "redis" in kinds:
                servers.redis()
            if "local" in kinds:
                _files(servers)
            for kind, trouble in chosen:
                ours = [one for one in programs if one.uses == kind and _meets(one, trouble)]
                if not ours:
                    continue
                began = time.monotonic()
                names.table = dict.fromkeys((network.DATABASE, network.CACHE), trouble.address)
                names.broken = trouble.resolver_fails
                with trouble.meanwhile(servers):
                    settings = trouble.settings(servers)
                    recorded = partial(run, trouble=trouble.name, environment=settings, workplace=workplace)
                    told = list(pool.map(recorded, ours))
                if kind == "postgres":
                    servers.sql(folder / "plain", "costs", f"DROP TABLE IF EXISTS {_MADE}")
                seconds = time.monotonic() - began
                print(f"{kind}: {trouble.name}: {len(ours)} programs, {seconds:.0f} s", file=sys.stderr, flush=True)
                for program, recording in zip(ours, told, strict=True):
                    found.setdefault(program.client, []).append((program, recording))
    _write(found, keep=bool(only))


def _meets(program: Program, trouble: Trouble) -> bool:
    return (not program.only or trouble.name in program.only) and (not trouble.only or program.client in trouble.only)


@contextlib.contextmanager
def _shared(folder: Path, tree: Path) -> Iterator[None]:
    """The servers' folder under the same name in the system tree, for its certificates."""
    inner = tree / folder.relative_to("/")
    inner.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", str(folder), str(inner)], check=True)
    yield
    subprocess.run(["umount", "--lazy", str(inner)], check=True)


def _files(servers: Servers) -> None:
    """What the programs without a server meet."""
    folder = servers.folder
    (folder / "broken.json").write_text('{\n  "port": 8080,\n  "models": ["a", "b",]\n}\n')
    (folder / "broken.yaml").write_text("port: 8080\nmodels:\n  - a\n prices: [1, 2\n")
    (folder / "private.yaml").write_text("port: 8080\n")
    (folder / "private.yaml").chmod(0o600)
    (folder / "closed").mkdir()
    servers.mount(folder / "readonly", "ro,mode=777")
    servers.keep(socket.create_server(("0.0.0.0", 8080)))


def _write(found: dict[str, list[tuple[Program, Recording]]], *, keep: bool) -> None:
    """One file for each client, without what does not trouble it and what another has in the same words."""
    RECORDED.mkdir(exist_ok=True)
    seen: dict[tuple[str, ...], str] = {}
    for client, pairs in found.items():
        path = RECORDED / f"{client}.json"
        versions = {name: number for program, _ in pairs for name, number in program.versions.items()}
        kept: list[Recording] = []
        for program, recording in pairs:
            key = (program.uses, recording.trouble, *(re.sub(r"[\d:.,+-]+", "0", line) for line in recording.lines))
            if recording.exit == 0:
                print(f"{client}: no trouble by {recording.trouble!r}", file=sys.stderr)
            elif key in seen:
                print(f"{client}: {recording.trouble!r} as {seen[key]}", file=sys.stderr)
            else:
                seen[key] = client
                kept.append(recording)
        new = {recording.trouble for _, recording in pairs}
        before = json.loads(path.read_text(encoding="utf-8"))["recordings"] if keep and path.exists() else []
        every = [one for one in before if one["trouble"] not in new] + [one.to_data() for one in kept]
        if every:
            data = {"client": client, "uses": pairs[0][0].uses, "versions": versions, "recordings": every}
            path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{client}: {len(kept)} recordings", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
