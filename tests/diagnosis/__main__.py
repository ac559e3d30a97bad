"""`python -m tests.diagnosis`: scores the diagnosis and writes docs/diagnosis-score.md. With -v: every finding of every case.

With a number: varies every case so often, and says which are missed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.diagnosis.score import FIRST, TOP_THREE, false_alarms, score, share, table, varied

PAGE = Path(__file__).resolve().parents[2] / "docs" / "diagnosis-score.md"


def main() -> int:
    """Write the page; 0 when the limits are kept."""
    if sys.argv[1:] and sys.argv[1].isdigit():
        return vary(int(sys.argv[1]))
    scored, alarms = score(), false_alarms()
    PAGE.write_text(table(scored, alarms))
    for one in scored:
        if one.place != 1 or "-v" in sys.argv:
            print(f"{one.place} {one.case.cause} {one.case.name}")
            for found in one.found:
                print(f"    {found.id} {found.object}: {found.title}  explains {list(found.explains)}")
    for name, found_in in alarms.items():
        for found in found_in:
            print(f"false alarm in {name}: {found.id} {found.object}: {found.title}")
    print(f"{len(scored)} failures, first {share(scored, 1):.1%}, in the first three {share(scored, 3):.1%}")
    kept = share(scored, 1) >= FIRST and share(scored, 3) >= TOP_THREE and not any(alarms.values())
    return int(not kept)


def vary(seeds: int) -> int:
    """Say how varied cases do; 0 when the right cause is always first."""
    scored, alarms = varied(seeds)
    for one in scored:
        if one.place != 1:
            print(
                f"{one.place} {one.case.cause} {one.case.name}, {one.case.object}: {[(found.id, found.title) for found in one.found[:2]]}"
            )
    print("\n".join(alarms))
    wrong = sum(one.wrong for one in scored) / len(scored)
    print(
        f"{len(scored)} varied failures, first {share(scored, 1):.2%}, in the first three {share(scored, 3):.2%}, wrong first {wrong:.2%}"
    )
    print(f"{len(alarms)} false alarms")
    return int(share(scored, 1) < 1 or bool(alarms))


if __name__ == "__main__":
    sys.exit(main())
