"""The wizard's own runs and streams on real containers: no line of a log is lost, doubled or out of order."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests import faultproxy
from tests.realnode import images
from tests.realnode.conftest import Release, until
from tests.realnode.person import Person

pytestmark = [pytest.mark.real, pytest.mark.parametrize("release", ["helm4"], indirect=True)]

TALKER = "talker"
ENOUGH = 20
"""Lines after which a stream is certainly followed rather than caught up with."""


@pytest.fixture
def person(release: Release, tmp_path: Path) -> Person:
    """Who installs and reads."""
    return Person(release, tmp_path)


def lines_of(events: list[dict[str, Any]], container: str) -> list[tuple[str, str, str]]:
    """(pod, time, text) of each line of the containers of that name, as they came."""
    return [
        (one["data"]["pod"], time, text)
        for one in events
        if one["type"] == "log.lines" and one["data"]["container"] == container
        for time, text in one["data"]["lines"]
    ]


def lines_there(release: Release, pod: str, container: str) -> list[tuple[str, str, str]]:
    """The same as the kubelet has it."""
    said = release.kubectl("logs", pod, "-c", container, "--timestamps").out
    return [(pod, *line.partition(" ")[::2]) for line in said.splitlines()]


@dataclass
class Stream:
    """What `logs --follow` has said so far."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def texts(self, pod: str) -> list[str]:
        """Lines of that pod's talker."""
        return [text for name, _, text in lines_of(list(self.events), TALKER) if name == pod]

    def gaps(self) -> list[dict[str, Any]]:
        """What it says that it lost."""
        return [one["data"] for one in list(self.events) if one["type"] == "log.gap"]


@contextmanager
def followed(person: Person) -> Iterator[Stream]:
    """`logs --follow`, ended by Ctrl-C."""
    stream = Stream()
    process = person.start("logs", "--follow", "--output", "jsonl")

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            stream.events.append(json.loads(line))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield stream
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        reader.join(30)


def talks(folder: Path, script: str) -> str:
    """A values file that puts a container beside the app that runs this."""
    talker = {
        "name": TALKER, "image": images.of_store("redis"), "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script],
        "securityContext": {
            "allowPrivilegeEscalation": False, "runAsNonRoot": True, "runAsUser": 1000,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
        },
    }  # fmt: skip
    file = folder / "talker.json"
    file.write_text(json.dumps({"sidecars": [talker]}))
    return str(file)


def numbers(texts: list[str]) -> list[int]:
    """N of each `line N`."""
    return [int(text.split()[1]) for text in texts if text.startswith("line ")]


def consecutive(found: list[int]) -> list[int]:
    """What they would be with none lost, doubled or out of order."""
    return list(range(found[0], found[0] + len(found)))


def test_an_install_ends_ready_and_its_record_has_every_line_of_every_container(
    release: Release, person: Person
) -> None:
    events = person.install()

    finished = events[-1]
    assert finished["type"] == "run.finished"
    assert (finished["data"]["code"], finished["data"]["verdict"]) == (0, "ready")
    assert release.logs_in()
    assert [one for one in events if one["type"] == "log.gap"] == []
    for part, container in (("app", "app"), ("postgresql", "postgresql"), ("redis", "redis")):
        pod = release.pods(part)[0]["metadata"]["name"]
        recorded = lines_of(events, container)
        assert recorded, container
        assert recorded == lines_there(release, pod, container)[: len(recorded)]


def test_a_crash_loop_has_the_words_of_each_try_once_in_the_record_and_logs_shows_the_last(
    release: Release, person: Person
) -> None:
    events = person.install("--set", "args={nonsense}", "--timeout", "40s", codes=(1,))

    assert events[-1]["data"]["code"] == 1
    words = [one for one in lines_of(events, "app") if "no such command: nonsense" in one[2]]
    assert len(words) >= 2
    assert len(words) == len(set(words))
    assert [one for one in events if one["type"] == "log.gap"] == []
    pod = release.pods("app")[0]
    assert len(words) <= pod["status"]["containerStatuses"][0]["restartCount"] + 1

    said = person.call("logs", "--output", "jsonl")
    shown = lines_of([json.loads(line) for line in said.splitlines()], "app")
    assert any("no such command: nonsense" in text for _, _, text in shown)


def test_a_pod_deleted_under_a_followed_stream_is_heard_to_its_end_and_then_the_new_one_from_its_beginning(
    release: Release, person: Person, tmp_path: Path
) -> None:
    script = "trap 'echo the end; exit 0' TERM; i=0; while :; do i=$((i + 1)); echo \"line $i\"; sleep 0.05; done"
    release.install("-f", talks(tmp_path, script))
    old = release.pods("app")[0]["metadata"]["name"]

    with followed(person) as stream:
        until(lambda: len(stream.texts(old)) > ENOUGH, "the stream is followed")
        assert release.kubectl("delete", "pod", old, "--wait=false").code == 0
        new = until(lambda: [p["metadata"]["name"] for p in release.pods("app")], "there is a new pod")[0]
        until(lambda: len(stream.texts(new)) > ENOUGH, "the new pod is followed")
        until(lambda: "the end" in stream.texts(old), "the old pod's last words came")

    said = stream.texts(old)
    assert said[-1] == "the end"
    assert numbers(said) == consecutive(numbers(said))
    started = numbers(stream.texts(new))
    assert started[0] == 1
    assert started == consecutive(started)
    assert stream.gaps() == []


def rotating(release: Release, folder: Path) -> str:
    """Install with a talker whose log the kubelet puts away every three seconds; returns the pod's name."""
    burst = f'j=0; while [ $j -lt 200 ]; do j=$((j + 1)); i=$((i + 1)); echo "line $i {"." * 200}"; done; sleep 0.1'
    release.install("-f", talks(folder, f"i=0; while :; do {burst}; done"))
    return str(release.pods("app")[0]["metadata"]["name"])


def oldest(release: Release, pod: str) -> int:
    """The first line that the kubelet still gives: it reads the newest file only."""
    said = release.kubectl("logs", pod, "-c", TALKER, "--limit-bytes=40").out
    return int(said.split()[1])


def test_a_followed_log_that_is_rotated_under_the_stream_loses_no_line(
    release: Release, person: Person, tmp_path: Path
) -> None:
    pod = rotating(release, tmp_path)
    with followed(person) as stream:
        until(lambda: len(stream.texts(pod)) > ENOUGH, "the stream is followed")
        for what in ("first", "second"):
            before = oldest(release, pod)
            until(lambda before=before: oldest(release, pod) > before, f"the {what} rotation")  # type: ignore[misc]  # a default binds the loop's value
        enough = oldest(release, pod) + ENOUGH
        until(lambda: numbers(stream.texts(pod))[-1] > enough, "lines of the newest file came")

    found = numbers(stream.texts(pod))
    assert found == consecutive(found)
    assert stream.gaps() == []


def test_lines_that_were_rotated_away_while_the_stream_was_cut_are_a_gap_and_nothing_comes_twice(
    release: Release, tmp_path: Path
) -> None:
    pod = rotating(release, tmp_path)
    with (
        faultproxy.before(Path(release.kubeconfig).parent, release.kubeconfig, tmp_path) as proxy,
        followed(Person(replace(release, kubeconfig=proxy.kubeconfig), tmp_path)) as stream,
    ):
        until(lambda: len(stream.texts(pod)) > ENOUGH, "the stream is followed")
        rule = proxy.add(faultproxy.Rule(path="/log[?]", hold=True))
        proxy.drop("/log[?]")
        until(lambda: oldest(release, pod) > numbers(stream.texts(pod))[-1], "what was not read yet is rotated away")
        last = numbers(stream.texts(pod))[-1]
        proxy.remove(rule)
        until(lambda: numbers(stream.texts(pod))[-1] > last + ENOUGH, "lines come again")

    found = numbers(stream.texts(pod))
    held = found.index(last) + 1
    assert found[:held] == consecutive(found[:held])
    assert found[held] > last + 1
    assert found[held:] == consecutive(found[held:])
    assert [one["container"] for one in stream.gaps()] == [TALKER]
