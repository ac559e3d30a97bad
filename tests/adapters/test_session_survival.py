from __future__ import annotations

import pytest

from wizard.adapters.session_survival import Login, ended_by_logout

SESSION = "0::/user.slice/user-1000.slice/session-3.scope\n"
MANAGED = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope\n"
YES, NO, BUILT = "[Login]\nKillUserProcesses=yes\n", "[Login]\n KillUserProcesses = no\n", "#KillUserProcesses=yes\n"

TABLE = [
    (Login(), ""),
    (Login("0::/system.slice/cron.service\n", (YES,), "eve"), ""),
    (Login(SESSION, (), "eve"), ""),
    (Login(SESSION, (YES,), "eve"), "KillUserProcesses=yes"),
    (Login(SESSION, (YES,), "eve", lingers=True), "KillUserProcesses=yes"),
    (Login(SESSION, (YES, NO), "eve"), ""),
    (Login(SESSION, (NO, YES), "eve"), "KillUserProcesses=yes"),
    (Login(SESSION, (BUILT,), "eve"), "KillUserProcesses=yes"),
    (Login(SESSION, (BUILT, NO), "eve"), ""),
    (Login(SESSION, (YES,), "root"), ""),
    (Login(SESSION, (YES + "KillExcludeUsers=bob eve\n",), "eve"), ""),
    (Login(SESSION, (YES + "KillOnlyUsers=bob\n",), "eve"), ""),
    (Login(MANAGED, (NO,), "eve"), "when your last session ends"),
    (Login(MANAGED, (NO,), "eve", lingers=True), ""),
]


@pytest.mark.parametrize(("login", "words"), TABLE)
def test_whether_a_run_outlives_the_logout(login: Login, words: str) -> None:
    why, step = ended_by_logout(login)
    assert words in why
    assert bool(why) == bool(step) == bool(words)
