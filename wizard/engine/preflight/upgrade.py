"""Collectors of what is there already: helm's record of what runs, who wrote it last, clocks, the files of secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from wizard.core.helm import plan, revision
from wizard.core.helm import release as stored
from wizard.core.helm.chart import Chart
from wizard.core.limits import map_of, text_of
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import Release, Running, SecretFile, Touched
from wizard.core.text.time import parse_time
from wizard.engine.preflight.world import World
from wizard.engine.release import listing, records

_INSTALL: Final = Absent("this is an install")
_SLACK: Final = timedelta(seconds=5)
"""Between the end of a run and the time that the API server wrote."""


async def running(world: World, inputs: Mapping[str, Any]) -> Running | Absent | Unknown:
    """The record that helm compares the next revision with: the newest that is deployed, else the newest of all (Upgrade.prepareUpgrade)."""
    release: Release = inputs["release"]
    target, kind = world.target, listing.record_kind()
    if not revision.installed(release.revision, release.status) or kind is None:
        return _INSTALL
    listed = await world.cluster.records(kind, target.namespace, target.release, status=revision.DEPLOYED)
    if not listed:  # an install that failed
        listed = await world.cluster.records(kind, target.namespace, target.release, release.revision)
    newest = max(records.heads_of(listed), key=lambda head: head.revision, default=None)
    if newest is None:
        return Unknown("no revision of the release can be read")
    body = next(text_of(map_of(one, "data"), "release") for one in listed if revision.head(one) == newest)

    def read() -> Running:
        record = stored.decode(body, f"of {target.release} revision {newest.revision}")
        return Running(record, plan.objects_of(world.documents.load_all(record.manifest, "helm's record")))

    return await asyncio.to_thread(read)


async def record_size(world: World, inputs: Mapping[str, Any]) -> int | Absent:
    """About how many bytes helm's record of the next revision takes."""
    read, chart, rendered = world.chart_files, world.chart, inputs["rendered"]
    if read is None or not isinstance(chart, Chart):
        return Absent("was looked at before")
    if listing.record_kind() is None:
        return Absent("helm keeps its records outside of the cluster")

    def measure() -> int:
        values = world.documents.load_all(inputs["values"].text, "the values")
        return stored.stored_bytes(read(), chart.defaults, values, rendered.text)

    return await asyncio.to_thread(measure)


async def touched(world: World, inputs: Mapping[str, Any]) -> Touched | Absent:
    """The last write of the newest revision."""
    release: Release = inputs["release"]
    written = parse_time(release.since)
    if not revision.installed(release.revision, release.status) or written is None:
        return _INSTALL
    spans = [(parse_time(run.started), parse_time(run.ended) or world.now()) for run in world.ended]
    here = any(began and began - _SLACK <= written <= end + _SLACK for began, end in spans)
    minutes = int((world.now() - written).total_seconds() // 60)
    return Touched(release.revision, max(0, minutes), here)


async def new_defaults(world: World, _: Mapping[str, Any]) -> Mapping[str, Any] | Absent:
    """The values of the chart and of its subcharts."""
    chart = world.chart
    return {**chart.defaults, **chart.subcharts} if isinstance(chart, Chart) else Absent("waits for W08")


async def clock(world: World, _: Mapping[str, Any]) -> int:
    """The seconds by which the clock of the API server is ahead of the one of this machine."""
    return round((await records.server_ahead(world.cluster, world.now)).total_seconds())


async def secret_files(world: World, _: Mapping[str, Any]) -> tuple[SecretFile, ...] | Absent:
    """The files of secrets that a person names."""
    read = world.secret_files
    return await asyncio.to_thread(read) if read else Absent("was read before")
