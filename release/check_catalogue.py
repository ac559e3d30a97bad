"""The checks that were thought of, by their IDs: which other one says a thing, and what is left out and why. For docs/checks.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAMILIES: Final[Mapping[str, int]] = {
    "W": 17, "R": 8, "N": 8, "S": 8, "C": 9, "Q": 9, "M": 6, "I": 12, "A": 4, "D": 5, "K": 4, "U": 10,
}  # fmt: skip
"""Family -> the number of its IDs in the catalogue, which begin with 01; IDs above that came later."""

ELSEWHERE: Final[Mapping[str, tuple[str, str]]] = {
    "W09": ("the chart's dependencies", "W10: helm does not render a chart whose dependencies are missing"),
    "R03": (
        "rights that rendered Roles grant",
        "R07: the dry run is refused with the rule that this person does not have",
    ),
    "R06": ("objects of the whole cluster", "R02, which asks for the rights on every rendered kind"),
    "N05": ("names of the whole cluster", "N03, which reads every rendered object, those without a namespace too"),
    "N06": ("fields of other managers", "R07 on an upgrade, and the plan, which shows both sides of each field"),
    "N08": (
        "selectors and names of an upgrade",
        "R07 (immutable fields); the plan shows what is removed and made anew",
    ),
    "C02": ("constraints of pods", "C01, which places every pod by the scheduler's rules"),
    "C07": ("priority and runtime classes", "R08, where a pod of a missing class is refused"),
    "C08": ("ports of the nodes", 'C01: "didn\'t have free ports for the requested pod ports"'),
    "Q01": ("pod security", "R08, in the words of the admission"),
    "Q07": ("policy engines", "R07 and R08, in the words of the policy"),
    "A04": ("Services that features call", "W15"),
    "D03": ("password and volume", "N07"),
    "U03": ("fields that cannot change", "R07 on an upgrade, and the plan; S07 for disks"),
    "U05": ("changes without helm", "the plan, field by field"),
}
"""ID -> (what it is about, which check or page says it)."""

LEFT_OUT: Final[Mapping[str, tuple[str, str]]] = {
    "W11": (
        "lists that replace lists",
        "a chart may fill in what an item leaves out, as ours does: where it matters R07 or the schema (W10) refuses it",
    ),
    "W17": (
        "place of the values file",
        "nothing is changed before it is written, and a path that cannot be written is said then",
    ),
    "S08": (
        "reclaim policy and snapshots",
        "Delete is what nearly every class has, so that it would warn everybody; uninstall says which data is lost",
    ),
    "I12": ("size of uploads", "no value of a chart says how large a request the application takes"),
    "D02": (
        "version of the bundled database",
        "the chart refuses such an upgrade until the risk is named (README, version-change)",
    ),
    "D04": ("TLS of the database", "it is the server's answer, which nothing from outside of the pod shows"),
    "D05": ("user of the database's image", "the chart sets the users of its images; of others they are in the image"),
}
"""ID -> (what it is about, why it is no check)."""
