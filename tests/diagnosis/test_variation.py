"""A variation is another world, whole and the same for its seed."""

from __future__ import annotations

import pytest

from tests.diagnosis.breaking import Bed
from tests.diagnosis.score import EVERY
from tests.diagnosis.variation import vary
from tests.diagnosis.worlds import World


def _varied(number: int, seed: str) -> World:
    bed = Bed()
    EVERY[number].breaks(bed)
    vary(bed, seed)
    return bed.world


@pytest.mark.parametrize("number", range(0, len(EVERY), 20))
def test_no_name_of_before_is_left_and_owners_are_found(number: int) -> None:
    bed = Bed()
    EVERY[number].breaks(bed)
    owned = len(_owned(bed.world))
    vary(bed, "a seed")
    text = repr(bed.world).replace("llm-cost-ops/scrape", "")
    assert not [word for word in ("llm-cost-ops", "llm_cost_ops", "6bcdf8b9bf", "bd400c63") if word in text]
    assert len(_owned(bed.world)) >= owned


def _owned(world: World) -> list[str]:
    known = {one["metadata"]["uid"] for one in world.objects}
    owners = [owner for one in world.objects for owner in one["metadata"].get("ownerReferences") or ()]
    return [owner["uid"] for owner in owners if owner["uid"] in known]


def test_a_seed_is_one_variation() -> None:
    assert _varied(0, "a seed") == _varied(0, "a seed")
    assert _varied(0, "a seed") != _varied(0, "another")
