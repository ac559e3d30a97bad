from __future__ import annotations

from dataclasses import replace

from tests.tui.conftest import Open
from tests.tui.driving import Driver
from tests.tui.fakes import CONTEXT, DEPLOYED, ScreenSession
from wizard.core.kube.status import Verdict
from wizard.core.rules.diagnosis import Diagnosis, Hidden, Step, UserImpact
from wizard.core.rules.finding import Evidence, Finding
from wizard.core.rules.timeline import Moment
from wizard.core.target import Target
from wizard.engine.release.rows import ReleasesView

TARGET = Target(CONTEXT, DEPLOYED.namespace, DEPLOYED.name)
PASSWORD = Finding(
    "VO07",
    "the database password does not open the volume",
    "StatefulSet/llm-cost-ops-postgresql",
    (Evidence('FATAL: password authentication failed for user "llmcostops"', "Pod/llm-cost-ops-postgresql-0", "log"),),
    ("Put the old password back into the Secret.",),
    terminal=True,
    heals="no",
    since="2026-01-02T03:00:00Z",
    commands=("kubectl get secret llm-cost-ops-postgresql-credentials",),
    avoid=("delete the volume",),
    explains=("Deployment/llm-cost-ops",),
)
METRICS = Finding(
    "TR11", "the autoscaler cannot scale", "HorizontalPodAutoscaler/llm-cost-ops", (Evidence("no metrics"),), ("Install it.",),
    urgent=False,
)  # fmt: skip
SICK = Diagnosis(
    TARGET,
    "2026-01-02T03:04:05Z",
    UserImpact("fine", "2 old pods still answer; the new version does not come up", "2026-01-02T03:00:00Z"),
    Verdict("stuck", "StatefulSet/llm-cost-ops-postgresql: the database password does not open the volume"),
    (PASSWORD, METRICS),
    (Step("Ingress/llm-cost-ops", "pass", "has an address"), Step("Service/llm-cost-ops", "fail", "endpoints 0 of 2")),
    (Moment("2026-01-02T02:41:07Z", "revision 13: failed"),),
    (
        Moment("2026-01-02T02:41:07Z", "revision 13: failed"),
        Moment("2026-01-02T02:59:58Z", "container app: Error (exit code 1)", "Pod/llm-cost-ops-1", "failure"),
    ),
    ("image", "quota"),
    (Hidden("nodes", "no right to list them", "list nodes"),),
    revision=13,
    helm_status="failed",
)
WELL = replace(
    SICK, findings=(), impact=UserImpact("fine", "3 of 3 pods answer"), verdict=Verdict("ready", "all 3 of 3 are ready"), unseen=()
)  # fmt: skip


async def look(see: Driver) -> None:
    """Open the diagnosis of the only release."""
    await see.sees("[d] Diagnose")
    await see.press("d")
    await see.sees("> 1 x")


async def test_d_on_a_release_says_what_users_feel_then_the_cause_then_what_to_do(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED, replace(DEPLOYED, name="other", namespace="team-b")), "all namespaces")
    session.diagnoses["other"] = [SICK]
    async with open_app() as see:
        await see.sees("[d] Diagnose")
        await see.press("down", "d")
        text = await see.sees("USERS FINE, ROLLOUT STUCK", "READING ONLY", "1 x the database password does not open")
    assert session.looked_at[0] == Target(CONTEXT, "team-b", "other")
    order = [
        text.index(one)
        for one in ("USERS FINE", "Way in", "1 x the", "2 ! the auto", "Now", "DO NOT", "Before", "? hidden")
    ]
    assert order == sorted(order)
    assert "will not heal" in text
    assert "separate, not urgent" in text
    assert "list nodes" in text


async def test_enter_shows_the_whole_proof_of_the_cause_in_hand(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.diagnoses[DEPLOYED.name] = [SICK]
    async with open_app() as see:
        await look(see)
        await see.press("enter")
        await see.sees("password authentication failed", "kubectl get secret", "delete the volume")
        await see.press("escape", "down", "enter")
        await see.sees("no metrics", "Install it.")


async def test_u_opens_the_field_whose_answer_caused_the_cause_and_b_previews_a_rollback(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    image = replace(PASSWORD, id="CO01", title="the image does not exist", question="image")
    session.diagnoses[DEPLOYED.name] = [replace(SICK, findings=(image, METRICS))]
    async with open_app() as see:
        await look(see)
        await see.sees("u change", "b roll back")
        await see.press("u")
        await see.sees("1 Environment", "Application image", "upgrade")
        await see.press("escape", "escape")
    async with open_app() as see:
        await look(see)
        await see.press("b")
        await see.sees("roll back")
        await see.loses("USERS FINE")


async def test_t_shows_what_happened_and_where_the_first_failure_began(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.diagnoses[DEPLOYED.name] = [replace(SICK, findings=(replace(PASSWORD, since="2026-01-02T02:59:00Z"),))]
    async with open_app() as see:
        await look(see)
        await see.press("t")
        text = await see.sees(
            "* revision 13: failed", "the first failure", "x Pod/llm-cost-ops-1: container app: Error"
        )
        order = [text.index(one) for one in ("revision 13", "first failure ---", "container app")]
        assert order == sorted(order)


async def test_the_cursor_stays_on_its_cause_while_more_becomes_known(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.diagnoses[DEPLOYED.name] = [SICK]
    async with open_app() as see:
        await look(see)
        await see.press("down")
        await see.sees("> 2 !")
        session.diagnoses[DEPLOYED.name] = [replace(SICK, findings=(METRICS, PASSWORD))]
        await see.press("r")
        await see.sees("> 1 ! the autoscaler cannot scale")


async def test_the_message_for_a_chat_is_short_and_names_cause_and_next_step(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.diagnoses[DEPLOYED.name] = [SICK]
    async with open_app() as see:
        await look(see)
        await see.press("m")
        await see.sees("1. StatefulSet/llm-cost-ops-postgresql: the database", "Next: Put the old password back")


async def test_a_healthy_release_is_said_to_be_healthy_and_escape_goes_home(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.diagnoses[DEPLOYED.name] = [WELL]
    async with open_app() as see:
        await see.sees("[d] Diagnose")
        await see.press("d")
        await see.sees("USERS FINE", "+ nothing is wrong that can be seen")
        await see.press("enter", "escape")
        await see.sees("What do you want to do?")
