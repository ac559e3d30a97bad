"""Install and upgrade: which of the two is needed, what would change, the checks, and the start of the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from wizard.core.errors import Problem
from wizard.core.target import PRODUCTION

if TYPE_CHECKING:
    from wizard.core.answers import secrets
    from wizard.core.answers.draft import Draft
    from wizard.core.answers.resolve import Resolved
    from wizard.core.helm.plan import Plan
    from wizard.core.rules.check import CheckResult
    from wizard.core.target import Target
    from wizard.core.text.secrets import Secret
    from wizard.engine.answers import Answers, Prepared
    from wizard.engine.images import Listed
    from wizard.engine.release.history import UpgradeValues
    from wizard.engine.release.listing import Asked
    from wizard.engine.release.plan import Planned
    from wizard.engine.state import SessionState

Operation = Literal["install", "upgrade"]


class Installer:
    """Installs or upgrades a release from a prepared draft."""

    def __init__(self, state: SessionState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._compared = ""
        """The kubeconfig and context for which presets were compared."""

    async def operation(self, target: Target, asked: Asked = "either") -> Operation:
        """Install or upgrade, by the state of the release; raises Problem as `listing.operation` does."""
        from wizard.engine.release import listing

        self._state.ports.runs.warm()
        return await listing.operation(self._state.cluster(target), target, asked)

    def checks(self, draft: Draft, only: Collection[str] = (), *, probe: bool = False) -> AsyncIterator[CheckResult]:
        """Every check of the draft as it is decided, or those with these IDs alone; never raises.

        With `probe` a pod tries the external database; a front end shows `probe_text` before.
        """
        from wizard.engine.preflight import checks

        return checks.run(self._state, self._answers, draft, only, probe=probe)

    def probe_text(self, draft: Draft) -> str:
        """What `checks` with `probe` makes in the cluster, and that it goes away again: for the person, before it is made."""
        from wizard.engine.preflight import database

        return database.text(self._answers.resolve(draft).target)

    def while_asking(self, draft: Draft) -> AsyncIterator[CheckResult]:
        """What the checks say beside the questions that they are about, from facts up to a minute old; never raises.

        The review runs every check again.
        """
        from wizard.engine.preflight import checks

        return checks.while_asking(self._state, self._answers, draft, self._state.kept)

    async def compare_presets(self, draft: Draft) -> bool:
        """Make known to the questions which presets fit the draft's cluster; whether that is news. Never raises."""
        from wizard.engine.preflight import presets

        target = self._answers.resolve(draft).target
        where = f"{target.kubeconfig} {target.context}"
        if where == self._compared or self._answers.is_foreign(draft):
            return False
        found = await presets.compare(self._state, self._answers, draft, self._state.kept)
        self._compared = where
        self._state.suggestions = replace(self._state.suggestions, presets=found)
        return True

    async def images(self, prepared: Prepared, *, digests: bool) -> Sequence[Listed]:
        """Every image that the chart names with these answers; raises Problem. With `digests` registries are asked."""
        from wizard.engine import images

        return await images.of_chart(self._state.ports, prepared, digests=digests)

    async def handoff(self, draft: Draft, whom: str = "") -> str:
        """The YAML with which an administrator gives `whom` ("": this login) what a run needs; raises Problem."""
        from wizard.engine.preflight import handoff

        return await handoff.text(self._state, self._answers, draft, whom)

    async def plan(self, prepared: Prepared) -> Plan:
        """What an install or upgrade would do; raises Problem."""
        return (await self.planned(prepared)).plan

    async def planned(self, prepared: Prepared) -> Planned:
        """The plan with what was rendered for it; raises Problem."""
        from wizard.engine import cluster_identity
        from wizard.engine.release import plan as release_plan

        state, ports, target = self._state, self._state.ports, prepared.target
        cluster_identity.refuse_overrides(ports.helm, target)
        planned = await release_plan.of_values(
            state.cluster(target), ports.helm, ports.documents, target, prepared.chart, prepared.text,
            force_conflicts=prepared.draft.helm.force_conflicts,
        )  # fmt: skip
        moved = await asyncio.to_thread(state.moved, target, planned.plan.cluster_uid)
        return replace(planned, plan=planned.plan.warning(moved))

    async def upgrade_values(self, prepared: Prepared) -> UpgradeValues:
        """The values of an upgrade in four columns, and how the -f files differ from what runs; raises Problem."""
        from wizard.engine.release import history

        target, files = prepared.target, prepared.resolved.layers.files
        return await history.upgrade_values_of(
            self._state.cluster(target), target, prepared.chart, prepared.file.tree, files
        )

    async def start(
        self, prepared: Prepared, operation: Operation, checks: Sequence[CheckResult] = (), plan: Plan | None = None, *,
        confirmed: str = "", attended: bool = True, wait_anyway: bool = False,
    ) -> str:  # fmt: skip
        """Write the values file and start the run in a process of its own; returns the run's id.

        An install is refused when the release exists by now, so that it never resets what runs. A run that is neither
        `attended` nor told to `wait_anyway` ends at a cause that does not resolve by itself.

        `checks` are the results: a blocking result, or one of other answers, refuses the start; accepted results are recorded. `plan` is the plan that
        was shown: PlanChanged is raised when a new plan differs, and the run stops before helm when the release has
        another revision by then. `confirmed` is the release's name where it had to be typed. Raises Problem.
        """
        from wizard.core.answers import secrets
        from wizard.core.run.spec import Expected, RunSpec, SecretSpec
        from wizard.engine import approval, cluster_identity

        resolved, target, ports = prepared.resolved, prepared.target, self._state.ports
        cluster_identity.refuse_overrides(ports.helm, target)
        if problems := resolved.problems():
            question, text = next(iter(problems.items()))
            raise Problem(text, f"Answer {question}.", question=question)
        ports.charts.require_same(prepared.chart)
        approval.refuse_stale(checks, prepared.mark)
        force = prepared.draft.helm.force_conflicts
        approval.of_run(target.release, resolved.preset, plan, checks, force_conflicts=force).require(confirmed)
        again, _ = await asyncio.gather(self._plan_again(prepared, plan), self._refuse_misread(prepared))
        if plan and again:
            approval.refuse_changed(plan, again)
        over = operation == "install" and await self._over_history(target)
        force = plan is not None and approval.may_force(plan, asked=force)
        options = replace(prepared.draft.helm, replace=over, force_conflicts=force)
        prepared = replace(prepared, draft=replace(prepared.draft, helm=options))
        planned = secrets.plan(resolved)
        material = self._material(planned, resolved)
        written = prepared.write()
        helm = await ports.helm.info()
        spec = RunSpec(
            operation, target, helm.path, helm.version, helm.major, prepared.draft.helm,
            chart=prepared.chart.path,
            chart_name=prepared.chart.name,
            chart_version=prepared.chart.version,
            preset=resolved.preset,
            secrets=tuple(
                SecretSpec(secret.name, secret.type, tuple(source.key for source in secret.sources))
                for secret in planned
            ),
            files=tuple(written),
            reproduce=reproduce(prepared, operation, helm.major, wait_anyway=wait_anyway),
            accepted=tuple(result.to_data() for result in checks if result.accepted),
            expected=Expected(plan.last, plan.rendered) if plan else None,
            rollback_on_failure=prepared.draft.rollback_on_failure,
            cluster_uid=plan.cluster_uid if plan else self._state.suggestions.cluster_uid,
            wait_anyway=attended or wait_anyway,
        )  # fmt: skip
        run_id = ports.runs.start(spec, prepared.text, material)
        self._answers.forget(prepared.draft)
        return run_id

    async def _plan_again(self, prepared: Prepared, plan: Plan | None) -> Plan | None:
        return await self.plan(prepared) if plan else None

    async def _refuse_misread(self, prepared: Prepared) -> None:
        """Raise Problem when helm reads other values in the file than are meant: it would run something else."""
        from wizard.core.helm import values

        read = await self._state.ports.helm.read_values(prepared.target, prepared.chart.values_text, prepared.text)
        if paths := [values.dotted(path) for path in values.differences(prepared.resolved.whole, read)]:
            named = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
            raise Problem(
                f"helm reads another value at {named} in the values file than is meant; nothing was changed.",
                "Write the value in another way, for example in quotes, and please report it.",
            )

    async def _over_history(self, target: Target) -> bool:
        """Whether only the kept history of an uninstalled release exists; raises Problem when it is installed."""
        from wizard.engine.release import listing

        return await listing.over_history(self._state.cluster(target), target)

    def _material(self, planned: Sequence[secrets.SecretToMake], resolved: Resolved) -> dict[str, dict[str, Secret]]:
        """The values of the Secrets to make, by Secret and key."""
        from urllib.parse import quote

        from wizard.core.helm.values import get, path_of
        from wizard.core.text.secrets import Secret, generate
        from wizard.engine.secret_files import SecretFiles

        ports = self._state.ports
        files = SecretFiles(ports.files, ports.certificates)
        material: dict[str, dict[str, Secret]] = {}
        shared: dict[str, Secret] = {}
        for secret in planned:
            if secret.is_tls:
                certificate, key = secret.sources
                found = files.tls(certificate.detail, key.detail)
                texts = {certificate.key: found.certificate.text, key.key: found.key.text}
                material[secret.name] = {name: Secret(text) for name, text in texts.items()}
                continue
            for source in secret.sources:
                if source.how == "constant":
                    value = Secret(source.detail)
                elif source.how == "values":
                    value = Secret(str(get(resolved.over_defaults, path_of(source.detail))))
                elif source.shared in shared:
                    value = shared[source.shared]
                elif source.how == "file":
                    value, _ = files.secret(source.shared, source.detail)
                else:
                    value = generate()
                if source.shared:
                    shared[source.shared] = value
                if source.encoded:
                    value = Secret(quote(value.reveal(), safe=""))
                material.setdefault(secret.name, {})[source.key] = value
        return material


def reproduce(
    prepared: Prepared, operation: Operation, helm_major: int, *, wait_anyway: bool = False
) -> tuple[str, ...]:
    """The commands that do the same: ours, then helm's own."""
    import shlex

    from wizard.core.helm import command_line

    draft, target, path = prepared.draft, prepared.target, prepared.file.path
    preset, chart = prepared.resolved.preset, prepared.chart
    exact = replace(draft.chart_options, version=chart.version if chart.pulled else "")
    ours = [
        "llm-cost-ops-wizard", *(["upgrade", "--install"] if draft.helm.replace else [operation]),
        "--context", target.context, "--namespace", target.namespace,
        "--release", target.release, *(["--preset", preset] if preset else []), "-f", path, "--yes",
        *(["--kubeconfig", target.kubeconfig] if target.kubeconfig else []),
        *(["--chart", draft.chart] if draft.chart else []),
        *(["--chart-version", exact.version] if exact.version else []), *exact.proof_flags(),
        *(["--rollback-on-failure"] if draft.rollback_on_failure else []),
        *(["--wait-anyway"] if wait_anyway else []),
        *(["--force-conflicts"] if draft.helm.force_conflicts else []),
        *(["--confirm", target.release] if preset == PRODUCTION or draft.helm.force_conflicts else []),
    ]  # fmt: skip
    helm = command_line.run_argv(
        helm_major, operation, target, draft.chart if chart.digest else chart.path, path, draft.helm
    )
    return shlex.join(ours), shlex.join(["helm", *helm, *(exact.flags() if chart.digest else [])])
