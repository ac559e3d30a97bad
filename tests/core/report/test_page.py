"""The page of an incident: every text of the bundle escaped, nothing from elsewhere, everything drawn within its box."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tests.diagnosis.breaking import APP, Bed
from tests.diagnosis.test_bundle import FAILURES, PLACES, TARGET, canary, forms, observed, plant
from wizard.adapters.report.html import HtmlPages
from wizard.core.bundle import content
from wizard.core.bundle.content import Bundle
from wizard.core.report.drawing import MOST_PODS, WIDTH, Drawing, Mark, draw
from wizard.core.report.page import page, said_at
from wizard.core.rules.diagnosis import Observation
from wizard.core.rules.snapshot import Snapshot

NOW = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
VOID = {"meta", "link"}
CLOSED = {"path", "rect", "line"}
"""Elements of the drawing that may end themselves."""


def made(*breaks: Callable[[Bed], None]) -> Bundle:
    return content.of(observed(*breaks), TARGET, "1.0.0")


def html(bundle: Bundle) -> str:
    return HtmlPages().html(page(bundle))


class Reader(HTMLParser):
    """What a strict reader sees: it fails at the first tag that does not fit."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in CLOSED
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text.append(data)

    def values(self, name: str) -> list[str]:
        """The values of one attribute."""
        return [str(attributes[name]) for _, attributes in self.tags if name in attributes]


def sound(text: str) -> Reader:
    """The page, once it holds nothing that acts or comes from elsewhere."""
    read = Reader(text)
    tags = {tag for tag, _ in read.tags}
    assert not tags & {
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "img",
        "base",
        "use",
        "image",
        "foreignobject",
    }
    for tag, attributes in read.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name != "style"
            assert "://" not in str(value)
            assert name != "src"
            if name == "href":
                assert str(value).startswith("#") or (tag, value) == ("link", "data:,")
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#hatched"}
    assert "@import" not in text
    ids = read.values("id")
    assert len(ids) == len(set(ids))
    pointed = [value.removeprefix("#") for value in read.values("href") if value.startswith("#")]
    assert {*pointed, *read.values("aria-labelledby")} <= set(ids)
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert {"main", "header", "footer", "nav"} <= tags
    return read


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.full] if at % 12 else []) for at, name in enumerate(FAILURES)]
)
def test_every_labelled_failure_has_its_causes_with_their_evidence_on_a_sound_page(name: str) -> None:
    bundle = made(FAILURES[name])
    found = bundle.diagnosis()

    said = " ".join(" ".join(sound(html(bundle)).text).split())

    for text in (found.verdict.reason, found.impact.text, TARGET.namespace, *found.ruled_out):
        assert " ".join(text.split()) in said
    for finding in found.findings:
        for text in (finding.title, finding.id, *finding.remedy, *finding.commands, *finding.avoid, *finding.unseen):
            assert " ".join(text.split()) in said


def test_a_release_of_which_nothing_was_seen_has_a_page() -> None:
    said = " ".join(sound(html(Bundle(TARGET, Observation(Snapshot({}, (), NOW)), (), "1.0.0"))).text)

    for text in ("Nothing is known of what happened", "No object of the release was seen", "No log was read"):
        assert text in said


def test_equal_bundles_give_equal_bytes() -> None:
    assert html(made(plant)) == html(made(plant))


def test_no_planted_secret_is_on_the_page_in_any_form() -> None:
    text = html(made(plant))
    assert [form for place in PLACES for form in (f"c4n4ry.{place}", *forms(canary(place))) if form in text] == []


HOSTILE = (
    "</style><script>alert(1)</script>", "</pre></main>", '" onload="x', "' hostile='", "{{ 7*7 }}{% raw %}", "<!--", "]]>", "&lt;b>", "a\x00b",
    "\u202egnp.exe\u2066", "\x1b[31mred\x1b]0;x\x07", "w" * 10_000, "\ud800", "line\nbreak",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_are_escaped_and_made_safe_to_show_wherever_they_are(text: str) -> None:
    def hostile(bed: Bed) -> None:
        bed.crashes(APP, 1, f"2026-11-24T19:10:01Z ERROR {text}", text, message=text)
        pod = bed.pods(APP)[0]
        pod["metadata"]["name"] = text
        bed.event(pod, text, text, container=text)
        bed.root(APP)["metadata"]["labels"]["helm.sh/chart"] = text
        bed.record("deployed", text, description=text)

    bundle = made(hostile)
    bundle = replace(bundle, target=replace(TARGET, release=text, context=text, namespace=text), tool=text)

    shown = html(bundle)

    read = sound(shown)
    assert not {char for char in shown if not char.isprintable()} - {"\n"}
    assert not {attribute for _, attributes in read.tags for attribute in attributes} & {"onload", "hostile"}
    shown.encode()
    if text.startswith("</style>"):
        assert shown.count(text) == 0
        assert text in "".join(read.text)
    if text.startswith("{{"):
        assert text in "".join(read.text)


def within(drawing: Drawing) -> None:
    """Everything that is drawn lies in its box, from left to right."""
    places = [sign.x for lane in drawing.lanes for sign in lane.signs] + [tick.x for tick in drawing.ticks]
    bars = [bar for lane in drawing.lanes for bar in lane.bars] + ([drawing.window] if drawing.window else [])
    places += [bar.x for bar in bars] + [bar.x + bar.width for bar in bars]
    places += [drawing.failure.x] if drawing.failure else []
    assert all(0 <= x <= WIDTH - 20 for x in places)
    assert all(bar.width >= 0 for bar in bars)
    assert all(lane.top + 33 <= drawing.height for lane in drawing.lanes)
    assert len(drawing.ticks) <= 8
    for lane in drawing.lanes:
        assert all(left.x + 30 <= right.x for left, right in pairwise(lane.signs))


SPANS = (timedelta(0), timedelta(seconds=1), timedelta(minutes=45), timedelta(days=2), timedelta(days=3 * 365), NOW - datetime.min.replace(tzinfo=UTC))  # fmt: skip


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("failure", [None, 0.0, 0.5, 1.0, -1.0])
@pytest.mark.parametrize("now", [NOW, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_what_is_drawn_lies_in_its_box_whatever_the_times_are(
    span: timedelta, failure: float | None, now: datetime
) -> None:
    span = min(span, now - datetime.min.replace(tzinfo=UTC))
    marks = [Mark(now - span * (1 - part / 199), "x", "Pod/a", "change") for part in range(200)]
    pod = {
        "kind": "Pod", "metadata": {"name": "a", "uid": "a", "creationTimestamp": (now - span).isoformat()},
        "status": {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": (now - span / 2).isoformat()}]},
    }  # fmt: skip
    after = min(timedelta(minutes=5), datetime.max.replace(tzinfo=UTC) - now)
    began = None if failure is None else now + after if failure < 0 else now - span * failure

    drawing = draw(Snapshot({"a": pod}, (), now), marks, began)

    within(drawing)
    assert sum(sign.count for sign in drawing.lanes[0].signs) == 200


def test_a_failure_of_ten_minutes_ago_is_not_lost_beside_pods_of_three_years() -> None:
    began = NOW - timedelta(minutes=10)
    marks = [Mark(NOW - timedelta(days=1000), "old", "Release/a", "change"), Mark(began, "new", "Release/a", "failure")]

    drawing = draw(Snapshot({}, (), NOW), marks, began)

    within(drawing)
    assert drawing.earlier
    assert drawing.failure
    assert drawing.window
    assert drawing.lanes[0].signs[0].x == drawing.earlier.x
    assert drawing.earlier.x < drawing.window.x < drawing.failure.x < WIDTH / 2


def test_a_hundred_pods_are_not_all_drawn_and_those_that_are_not_ready_are() -> None:
    def many(bed: Bed) -> None:
        pod = bed.pods(APP)[0]
        for number in range(100):
            more = copy.deepcopy(pod)
            more["metadata"].update(name=f"a-{number:03}", uid=f"a-{number}")
            bed.world.objects.append(more)
        bed.world.objects[-1]["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

    found = page(made(many))

    lanes = [lane for lane in found.drawing.lanes if lane.bars]
    assert (len(lanes), lanes[0].label, lanes[0].state) == (MOST_PODS, "Pod/a-099", "unready")
    assert f"{found.drawing.left_out} more pods are not drawn" in html(made(many))
    within(found.drawing)


def test_the_log_of_the_first_cause_stands_open_and_its_errors_are_marked() -> None:
    found = page(made(FAILURES["wrong database password, crash loop"]))
    (first, *others) = found.logs
    assert first.open
    assert not any(log.open for log in others)
    assert first.errors == 1
    assert f"Pod/{first.pod}" == found.causes[0].finding.evidence[0].object


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ('{"timestamp":"2026-11-24T19:10:01.5Z","message":"until 2031-01-01T00:00:00Z"}', "2026-11-24T19:10:01.500000+00:00"),
        ('time="2026-11-24T20:10:01+01:00" level=error msg=x', "2026-11-24T19:10:01+00:00"),
        ("2026-11-24 19:10:01,123 ERROR x", "2026-11-24T19:10:01.123000+00:00"),
        ("[2026-11-24 19:10:01] x", "2026-11-24T19:10:01+00:00"),
        ("ERROR 2026-99-24T19:10:01Z", ""),
        ("ERROR a long text that tells of a certificate that ends 2031-01-01T00:00:00Z", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_time_of_a_line_is_the_one_at_its_start(line: str, time: str) -> None:
    when = said_at(line)
    assert (when.isoformat() if when else "") == time


def test_every_text_has_the_contrast_of_wcag_in_light_and_dark() -> None:
    light, dark = re.findall(r":root \{(.*?)\}", html(made()), re.DOTALL)
    for scheme in (light, dark):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", scheme))
        for front in ("text", "dim", "link", "pass", "warn", "fail"):
            backs = [f"{front}-panel"] if f"{front}-panel" in colours else ["panel"]
            for back in ("page", *backs):
                assert contrast(colours[front], colours[back]) >= 4.5, (front, back)
        assert all(contrast(colours["text"], value) >= 4.5 for name, value in colours.items() if name.endswith("panel"))


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
