"""The session, a front end's access to the engine: who, where, which chart, and the services that do the work.

A service is imported and made when it is asked for first, and defers the imports that only some of its work needs: all of
them take 60 ms, and the first paint needs next to nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cached_property
from typing import TYPE_CHECKING

from wizard.engine.answers import Answers
from wizard.engine.state import Options, SessionState

if TYPE_CHECKING:
    from datetime import datetime

    from wizard.core.answers.draft import Draft
    from wizard.core.answers.suggestions import ClusterSuggestions
    from wizard.core.kube.kubeconfig import Kubeconfig
    from wizard.core.target import Target
    from wizard.engine.files import Files
    from wizard.engine.installer import Installer
    from wizard.engine.ports import Ports
    from wizard.engine.preflight.overview import HomeLine
    from wizard.engine.release.handle import Release
    from wizard.engine.release.rows import Ahead, ReleasesView
    from wizard.engine.runs import Runs
    from wizard.engine.secret_files import SecretFiles
    from wizard.engine.values import Values


class Session:
    """One person, one kubeconfig, one chart. Front ends ask it and watch it; it never waits for one."""

    def __init__(self, ports: Ports, options: Options | None = None, ahead: Ahead | None = None) -> None:
        self._state = SessionState(ports, options or Options())
        self._ahead = ahead
        self.answers = Answers(self._state, self.releases)

    @cached_property
    def values(self) -> Values:
        """All values of a draft's chart."""
        from wizard.engine.values import Values

        return Values(self._state, self.answers)

    @cached_property
    def files(self) -> Files:
        """Files that a person names."""
        from wizard.engine.files import Files

        ports = self._state.ports
        return Files(ports.files, ports.documents, self._secret_files, ports.clock, ports.pages)

    @cached_property
    def installer(self) -> Installer:
        """Checks, plan and start of an install or upgrade."""
        from wizard.engine.installer import Installer

        return Installer(self._state, self.answers)

    @cached_property
    def runs(self) -> Runs:
        """Past and running operations."""
        from wizard.engine.runs import Runs

        return Runs(self._state.ports.runs, self._secret_files)

    @cached_property
    def _secret_files(self) -> SecretFiles:
        from wizard.engine.secret_files import SecretFiles

        return SecretFiles(self._state.ports.files, self._state.ports.certificates)

    @property
    def options(self) -> Options:
        """The options of the command line, or what a person chose on home instead."""
        return self._state.options

    @options.setter
    def options(self, options: Options) -> None:
        self._state.options = options

    @property
    def suggestions(self) -> ClusterSuggestions:
        """What is known of the cluster so far."""
        return self._state.suggestions

    def kubeconfig(self) -> Kubeconfig:
        """The kubeconfig; also makes its contexts known to the questions."""
        return self._state.kubeconfig()

    async def refresh_suggestions(self, draft: Draft) -> ClusterSuggestions:
        """Ask the draft's cluster for what the questions offer; what it does not answer is None. Never raises."""
        return await self._state.refresh(self.answers.resolve(draft).target)

    def release(self, target: Target) -> Release:
        """The release of a target, whether it exists or not."""
        from wizard.engine.release.handle import Release

        return Release(self._state, target)

    def releases(self, target: Target) -> AsyncIterator[ReleasesView]:
        """Releases that this person may read, and what is hidden: first a quick view, then with readiness."""
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return self._releases(target)
        from wizard.engine.release import rows

        return rows.after(ahead, target, lambda: self._releases(target))

    def _releases(self, target: Target) -> AsyncIterator[ReleasesView]:
        from wizard.engine.release import listing

        return listing.find(self._state.cluster(target), target, self._state.suggestions.context_namespace)

    def everywhere(self) -> Target:
        """Where releases are looked for: the current context, and no namespace or release but those of the options."""
        return self._state.everywhere()

    def home(self) -> AsyncIterator[HomeLine]:
        """The lines of home as they become known; never raises."""
        from wizard.engine.preflight import overview

        return overview.lines(self._state, self.answers)

    def now(self) -> datetime:
        """The time by the session's clock."""
        return self._state.ports.clock.now()

    async def close(self) -> None:
        """End every stream and thread of this session; runs go on."""
        await self._state.close()
