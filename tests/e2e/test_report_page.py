"""The page of an incident in a real browser: it loads alone, fits a telephone, prints whole, and is used by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.diagnosis.breaking import APP, Bed
from tests.diagnosis.test_bundle import FAILURES, TARGET, observed
from tests.e2e.browser import Tab, browser, chromium
from wizard.adapters.report.html import HtmlPages
from wizard.core.bundle import content
from wizard.core.report.changes import Changes, ObjectChange
from wizard.core.report.page import page

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not chromium(), reason="needs chromium, chromium-browser or google-chrome in PATH"),
]

LONG = "w" * 3000
CAUSE = "the database refuses the password"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(chromium(), tmp_path_factory.mktemp("browser") / "profile") as opened:
        yield opened


CHANGES = Changes(
    2, 3, "upgrade by ada, run 3f9a, ended with 1: not ready in time", ("Secret/app-credentials kept (keys jwt-secret)",),
    (
        ObjectChange("Deployment/llm-cost-ops", "changed", ("--- revision 2", "+++ revision 3", "@@ -9 +9 @@", "-  image: x:1", "+  image: x:2")),
        ObjectChange("ConfigMap/llm-cost-ops", "changed"), ObjectChange("Service/old", "removed", ("-kind: Service", f"-name: {'w' * 900}")),
    ),
    ("--- revision 2", "+++ revision 3", "@@ -1 +1 @@", "-tag: 1", "+tag: 2"),
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages by what they are of; "long" has words that fit on no line."""

    def long(bed: Bed) -> None:
        bed.crashes(APP, 1, f"ERROR {LONG}", message=LONG)
        bed.pods(APP)[0]["metadata"]["name"] = LONG

    of = {
        "incident": content.of(observed(FAILURES["wrong database password, crash loop"]), TARGET, "1.0.0"),
        "healthy": content.of(observed(), TARGET, "1.0.0"),
        "long": replace(
            content.of(observed(long), TARGET, "1.0.0"), target=replace(TARGET, release=LONG, context=LONG)
        ),
    }
    folder = tmp_path_factory.mktemp("pages")
    changed = page(of["incident"], CHANGES)
    (folder / "changed.html").write_text(HtmlPages().html(changed))
    for name, bundle in of.items():
        (folder / f"{name}.html").write_text(HtmlPages().html(page(bundle)))
    return {name: folder / f"{name}.html" for name in (*of, "changed")}


@pytest.mark.parametrize("name", ["incident", "healthy", "long", "changed"])
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_it_fits_every_window_says_nothing_on_the_console_and_asks_nothing_of_the_network(
    tab: Tab, pages: dict[str, Path], name: str, width: int
) -> None:
    tab.log.clear()

    tab.open(pages[name], width=width, height=740)

    assert tab.value(WIDER) == 0
    asked = [one["params"]["request"]["url"] for one in tab.log if one["method"] == "Network.requestWillBeSent"]
    assert {url for url in asked if not url.startswith("data:")} == {pages[name].as_uri()}
    told = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    assert [one for one in tab.log if one["method"] in told] == []
    assert tab.value("document.querySelectorAll('main h2').length") == 9


def test_it_is_light_or_dark_as_the_reader_wants(tab: Tab, pages: dict[str, Path]) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    tab.open(pages["incident"], width=1280, height=900)
    assert tab.value(background) == "rgb(255, 255, 255)"
    tab.open(pages["incident"], width=1280, height=900, dark=True)
    assert tab.value(background) == "rgb(20, 23, 26)"


def test_what_is_folded_is_printed_and_nothing_is_dark_on_paper(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["incident"], width=1280, height=900, dark=True)

    raw = tab.pdf()

    assert raw.startswith(b"%PDF-")
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", raw)) <= 12
    tab.do("Emulation.setEmulatedMedia", media="print")
    assert tab.value("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    closed = "[...document.querySelectorAll('details:not([open])')]"
    assert tab.value(f"{closed}.length") > 1
    assert tab.value(f"{closed}.every(one => one.lastElementChild.checkVisibility() && one.offsetHeight > 60)")
    assert CAUSE in tab.value("document.querySelector('#cause-1').innerText")
    tab.do("Emulation.setEmulatedMedia", media="")


def test_the_first_tab_skips_to_the_verdict_and_a_log_opens_by_the_keyboard(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["incident"], width=1280, height=900)
    tab.key("Tab", 9)
    assert tab.value("document.activeElement.className") == "skip"
    assert tab.value("document.activeElement.getBoundingClientRect().left") >= 0
    tab.key("Enter", 13, "\r")
    assert tab.value("document.activeElement.id") == "main"

    tab.value("document.querySelector('#logs ~ details:not([open]) > summary').focus()")
    assert tab.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.key("Enter", 13, "\r")
    assert tab.value("document.activeElement.parentElement.open") is True


def test_what_was_changed_is_folded_opens_by_the_keyboard_and_prints(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["changed"], width=1280, height=900)
    section = "document.querySelector('section[aria-labelledby=changes]')"
    assert tab.value(f"{section}.querySelectorAll('details').length") == 3
    assert tab.value(f"{section}.querySelectorAll('details[open]').length") == 0
    assert "Revision 3 against revision 2: upgrade by ada" in tab.value(f"{section}.innerText")
    assert "ConfigMap/llm-cost-ops: changed; its values are not shown" in tab.value(f"{section}.innerText")

    tab.value(f"{section}.querySelector('summary').focus()")
    tab.key("Enter", 13, "\r")
    assert tab.value("document.activeElement.parentElement.open") is True
    assert tab.value(f"{section}.querySelector('ins:nth-of-type(2)').innerText") == "+tag: 2"

    tab.do("Emulation.setEmulatedMedia", media="print")
    assert tab.value(f"[...{section}.querySelectorAll('details')].every(one => one.lastElementChild.checkVisibility())")
    tab.do("Emulation.setEmulatedMedia", media="")
