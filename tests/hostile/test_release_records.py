"""Helm's records and the objects that hold them, mangled in any way: a Problem at most, and never too old an age."""

from __future__ import annotations

import asyncio
import base64
import copy
import functools
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.fakes import FakeCluster, FakeRuns
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Problem
from wizard.core.helm import release as helm_release
from wizard.core.helm import revision
from wizard.core.kube.objects import Object
from wizard.core.target import Target
from wizard.core.text.time import parse_time
from wizard.engine.release import activity, history, listing, records, recover
from wizard.engine.watch import diagnose

QUICK, FULL, WHOLE = 40, 3_000, 1_000
"""Cases of a property: in the quick tier, in the full one, and there of whole releases."""
TARGET = Target("c", "ns", "rel")
NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
HOURS_AGO = "2026-01-02T03:00:00Z"
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: api}\n"

Property = Callable[..., None]


def quick(body: Property) -> Property:
    """A fixed sample."""
    return settings(
        max_examples=QUICK, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )(body)


def full(body: Property, cases: int = FULL) -> Property:
    """Thousands of cases."""
    many = settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))(body)
    return pytest.mark.full(many)


class Clock:
    def now(self) -> datetime:
        return NOW


# What is generated

TIMES = st.one_of(
    st.sampled_from(
        [HOURS_AGO, "", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "now",
         "2026-01-02T11:59:59.123456789Z", "2026-01-02T03:00:00", "2026-01-02", "99999-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]
    ),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat), st.text(max_size=30),
)  # fmt: skip
JUNK = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), TIMES, st.just("\ud800"),
        st.sampled_from(["²", "1" * 5000, "-1", "1e400", "\x1b]0;x\x07", "\u202e"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=10), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
STATUSES = ("deployed", "superseded", "failed", "uninstalled", "uninstalling", *revision.PENDING, "unknown", "")


def body_of(number: int, status: str) -> dict[str, Any]:
    """A record as helm 4 shapes it; helm 3's has no apply_method."""
    return {
        "name": "rel", "namespace": "ns", "version": number, "manifest": MANIFEST, "config": {"a": {"b": 1}},
        "apply_method": "ssa",
        "info": {"status": status, "first_deployed": HOURS_AGO, "last_deployed": HOURS_AGO, "description": "Upgrade complete"},
        "chart": {"metadata": {"name": "mine", "version": "1.0.0", "appVersion": "1", "dependencies": [{"name": "redis"}]},
                  "values": {"a": {}}},
        "hooks": [{"name": "h", "kind": "Job", "manifest": "kind: Job", "events": ["pre-upgrade"], "delete_policies": []}],
    }  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn, whole: Any) -> Any:
    """A JSON value with up to four places of it taken away or made something else."""
    data = copy.deepcopy(whole)
    for _ in range(draw(st.integers(0, 4))):
        node = data
        while isinstance(node, dict | list) and node:
            key = draw(st.sampled_from(sorted(node, key=str) if isinstance(node, dict) else range(len(node))))
            if not isinstance(node[key], dict | list) or not node[key] or draw(st.booleans()):
                if isinstance(node, dict) and draw(st.booleans()):
                    del node[key]
                else:
                    node[key] = draw(st.one_of(JUNK, TIMES))
                break
            node = node[key]
    return data


@st.composite
def packed(draw: st.DrawFn, number: int, status: str) -> str:
    """The text under "release", as a Secret has it: a record that is mangled before it is packed, or after."""
    data = draw(mangled(body_of(number, status)))
    raw = json.dumps(data).encode("utf-8", "surrogatepass")
    level = draw(st.sampled_from(["gzip", "plain", "cut", "trailing", "bytes", "deep"]))
    if level == "deep":
        raw = b"[" * 3_000
    if level == "bytes":
        raw = draw(st.binary(max_size=60))
    elif level != "plain":
        raw = gzip.compress(raw)
    raw = raw[: draw(st.integers(0, len(raw)))] if level == "cut" else raw + b"x" * (level == "trailing")
    for _ in range(draw(st.sampled_from([2, 2, 1, 0, 3]))):
        raw = base64.b64encode(raw)
    return raw.decode("latin-1")


@st.composite
def storage(draw: st.DrawFn, *, bodies: bool = True) -> list[Object]:
    """The storage objects of a release, each mangled in its metadata and, if it has one, in its body."""
    found: list[Object] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        status = draw(st.sampled_from(STATUSES))
        labels = {"owner": "helm", "name": "rel", "version": str(number), "status": status, "modifiedAt": "1767312000"}
        one = {
            "apiVersion": "v1", "kind": "Secret", "type": helm_release.TYPE,
            "metadata": {
                "name": f"sh.helm.release.v1.rel.v{number}", "namespace": "ns", "uid": f"u{number}", "labels": labels,
                "creationTimestamp": HOURS_AGO, "resourceVersion": str(number),
                "managedFields": [{"manager": "Helm", "operation": "Update", "time": HOURS_AGO}],
            },
            "data": {"release": draw(packed(number, status))} if bodies else {},
        }  # fmt: skip
        metadata = draw(mangled(one["metadata"]))
        # A client of the API gives an object its name: without one there is no object.
        found.append({**one, "metadata": {**metadata, "name": str(metadata.get("name") or "x")}})
    return found


class Records(FakeCluster):
    """A cluster that has these records and nothing else, and serves them whatever is asked for."""

    def __init__(self, found: list[Object]) -> None:
        super().__init__()
        self.found = tuple(found)

    async def list(self, kind: str, namespace: str = "", **_: Any) -> tuple[Object, ...]:
        return self.found if kind == "Secret" else ()

    async def records(
        self, kind: str, namespace: str, release: str, revision: int = 0, *, status: str = ""
    ) -> tuple[Object, ...]:
        wanted = f"sh.helm.release.v1.rel.v{revision}"
        return tuple(one for one in self.found if not revision or one["metadata"]["name"] == wanted)


# Properties


def no_label_says_a_time(found: list[Object], junk: Any) -> None:
    for one in found:
        plain = revision.times(one["metadata"])
        assert revision.times({**one["metadata"], "labels": junk}) == plain
        head = revision.head(one)
        assert head is None or head.times == plain


def an_age_is_never_negative_and_what_cannot_be_read_is_young(found: list[Object], begun: str) -> None:
    for one in found:
        times = revision.times(one["metadata"])
        age = revision.age(NOW, times.created, times.written, begun)
        assert age >= timedelta(0)
        known = [parse_time(text) for text in (one["metadata"].get("creationTimestamp"), begun)]
        if None in known:
            assert age == timedelta(0)
        else:
            assert all(moment and age <= max(NOW - moment, timedelta(0)) for moment in known)


def a_body_is_a_record_or_a_problem(text: str) -> None:
    try:
        read = helm_release.decode(text, "of rel")
    except Problem:
        return
    assert read.status.isprintable()
    assert read.updated.isprintable()


def whoever_reads_them_ends_with_an_answer_or_a_problem(found: list[Object]) -> None:
    async def read() -> None:
        cluster = Records(found)
        async for view in listing.find(cluster, TARGET):
            assert all(row.updated == "" or parse_time(row.updated) for row in view.rows)
        async for _ in diagnose.diagnose(cluster, TARGET, Clock(), None, YamlDocuments()):
            pass
        known = await records.heads(cluster, TARGET)
        assert await records.last_good(cluster, TARGET, known) in {0, *(one.revision for one in known)}
        try:
            await listing.operation(cluster, TARGET, "install")
            await history.history(cluster, TARGET, [])
        except Problem:
            pass

    asyncio.run(read())


def recover_is_sure_of_nothing_but_hours(found: list[Object]) -> None:
    async def look() -> None:
        cluster = Records(found)
        try:
            known = await recover.look(cluster, YamlDocuments(), TARGET, Clock(), FakeRuns(), window=0)  # type: ignore[arg-type]  # what it asks of runs
        except Problem:
            return
        newest = (await records.heads(cluster, TARGET))[-1]
        record = await records.read(cluster, TARGET, newest.revision)
        old = [parse_time(text) for text in (newest.times.created, record.updated)]
        hours = all(moment and NOW - moment >= activity.OLD for moment in old)
        assert known.unproved or hours, "a living helm may be at work on it"

    asyncio.run(look())


@quick
@given(storage(bodies=False), JUNK)
def test_no_label_says_a_time(found: list[Object], junk: Any) -> None:
    no_label_says_a_time(found, junk)


@quick
@given(storage(bodies=False), TIMES)
def test_an_age_is_never_negative_and_what_cannot_be_read_is_young(found: list[Object], begun: str) -> None:
    an_age_is_never_negative_and_what_cannot_be_read_is_young(found, begun)


@quick
@given(packed(2, "pending-upgrade"))
def test_a_body_is_a_record_or_a_problem(text: str) -> None:
    a_body_is_a_record_or_a_problem(text)


@quick
@given(storage())
def test_whoever_reads_them_ends_with_an_answer_or_a_problem(found: list[Object]) -> None:
    whoever_reads_them_ends_with_an_answer_or_a_problem(found)


@quick
@given(storage())
def test_recover_is_sure_of_nothing_but_hours(found: list[Object]) -> None:
    recover_is_sure_of_nothing_but_hours(found)


@full
@given(storage(bodies=False), JUNK, TIMES)
def test_thousands_of_objects_have_only_times_of_their_own(found: list[Object], junk: Any, begun: str) -> None:
    no_label_says_a_time(found, junk)
    an_age_is_never_negative_and_what_cannot_be_read_is_young(found, begun)


@full
@given(packed(2, "pending-upgrade"))
def test_thousands_of_bodies_are_records_or_problems(text: str) -> None:
    a_body_is_a_record_or_a_problem(text)


@functools.partial(full, cases=WHOLE)
@given(storage())
def test_thousands_of_releases_end_with_an_answer_or_a_problem(found: list[Object]) -> None:
    whoever_reads_them_ends_with_an_answer_or_a_problem(found)
    recover_is_sure_of_nothing_but_hours(found)
