"""Log lines as the log pane shows them."""

from __future__ import annotations

import pytest

from wizard.core.run.log_view import readable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ('{"timestamp":"x","level":"info","message":"hello","pod":"a","n":1}', "INFO  hello  pod=a n=1"),
        ('logger=http t=2026 level=info msg="HTTP Server" addr=:3000', "INFO  HTTP Server  logger=http addr=:3000"),
        ('{"level":"WARN","fields":{"message":"slow","ms":9},"target":"db"}', "WARN  slow  ms=9 target=db"),
        ("plain text level=info", "plain text level=info"),
        ('{"no": "message"}', '{"no": "message"}'),
        ("{broken", "{broken"),
        ('{"message":"a\\u001b[2J"}', "a\\u001b[2J"),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_structured_log_lines_show_level_and_message_first_and_keep_the_rest(raw: str, shown: str) -> None:
    assert readable(raw) == shown
