"""Writes docs/checks.md from the checks themselves: `python -m release.check_docs`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from release.check_catalogue import ELSEWHERE, LEFT_OUT
from wizard.core.rules.check import Check, all_checks
from wizard.engine.preflight.collectors import COLLECTORS, with_dependencies

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "checks.md"
_FAMILIES: Final = {
    "W": "This machine, helm and the chart", "R": "Rights and admission", "N": "Names and owners", "S": "Storage", "C": "Nodes and placement",
    "Q": "Quotas", "M": "Images", "I": "Ways in", "A": "Add-ons", "D": "Databases", "K": "Secrets", "U": "Upgrades",
}  # fmt: skip
_SEVERITY: Final = {"B": "blocks", "W": "warns"}
_HEAD: Final = """\
# The checks

Made by `python -m release.check_docs` from the code; a test holds it. Each check is one rule over facts that are read once, in
parallel, and changes nothing; only `--probe` makes something, the pod of D01, and deletes it. One that *blocks* ends an install with exit 2 when it fails, unless it is accepted with a reason
(`--accept ID=REASON`); what cannot be known is *unknown* and names the right that would settle it (`--strict` stops for it).
`check --only ID` runs one alone, `check --output json` prints all with their evidence.
"""


_ELSEWHERE_HEAD: Final = """\
## Of the catalogue, said by another check

| ID | What | Said by |
|---|---|---|
"""
_LEFT_OUT_HEAD: Final = """
## Of the catalogue, left out

| ID | What | Why |
|---|---|---|
"""


def page() -> str:
    """The page as it should be."""
    parts = [_HEAD]
    for family, title in _FAMILIES.items():
        rows = [_row(check) for check in all_checks() if check.id.startswith(family)]
        parts.append(
            "\n".join(
                [f"## {title}", "", "| ID | Check | | What has to hold | Reads |", "|---|---|---|---|---|", *rows, ""]
            )
        )
    parts.append(_ELSEWHERE_HEAD + "\n".join(f"| {one} | {what} | {by} |" for one, (what, by) in ELSEWHERE.items()))
    parts.append(
        _LEFT_OUT_HEAD + "\n".join(f"| {one} | {what} | {why} |" for one, (what, why) in LEFT_OUT.items()) + "\n"
    )
    return "\n".join(parts)


def _row(check: Check) -> str:
    said = " ".join((check.body.__doc__ or "").split("\n\n")[0].split())
    reads = ", ".join(
        sorted(
            with_dependencies(frozenset(check.needs))
            & COLLECTORS.keys() - {"target", "kubernetes", "admitted", "named_storage", "every_ingress_class"}
        )
    )
    ours = " (our chart alone)" if check.ours else ""
    return f"| {check.id} | {check.title} | {_SEVERITY[check.severity]} | {said}{ours} | {reads.replace('_', ' ')} |"


if __name__ == "__main__":
    PAGE.write_text(page())
