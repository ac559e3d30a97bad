from __future__ import annotations

from tests.results import table, upgrades


def test_the_result_table_counts_each_file_and_names_every_case_and_failure() -> None:
    page = table(
        [
            ("tests/e2e/test_a.py::test_what_is_planned[an image-helm4]", "passed", 1.5),
            ("tests/e2e/test_a.py::test_what_is_planned[a|b-helm3]", "failed", 2.0),
            ("tests/e2e/test_a.py::test_alone", "passed", 0.5),
            ("tests/core/test_b.py::test_broken", "error", 0.0),
        ]
    )

    assert "| tests/e2e/test_a.py | 2 | 1 | 4 |" in page
    assert "| what is planned | an image-helm4 | passed | 1.5 |" in page
    assert "| what is planned | a\\|b-helm3 | FAILED | 2.0 |" in page
    assert "| broken |  | FAILED (setup) | 0.0 |" in page
    assert "alone" not in page, "a test without cases that passed is in the count"


def test_the_page_of_upgrades_has_a_row_for_each_and_a_cell_for_each_component() -> None:
    page = upgrades([("1.0.0: dev", "helm4", {"app": "restarted", "grafana": "new"}), ("a|b", "helm3", {})])

    assert "| 1.0.0: dev | helm4 | restarted |  |  |  | new |\n" in page
    assert "| a\\|b | helm3 |  |  |  |  |  |\n" in page
