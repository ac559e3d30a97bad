"""All values of a draft's chart: the tree that a front end shows, and the changes that a person makes in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.core.answers.draft import Draft
    from wizard.core.answers.questions.question import Question
    from wizard.core.answers.resolve import Resolved
    from wizard.core.helm.value_tree import Described, ValueNode, ValueTree
    from wizard.core.helm.values import Path
    from wizard.core.target import Target
    from wizard.engine.answers import Answers
    from wizard.engine.state import SessionState

_FILE = "the edited file"


class Shown(NamedTuple):
    """All values of a draft, the guided questions by the paths that their answers stand for, and where it goes."""

    tree: ValueTree
    questions: Mapping[Path, Question]
    target: Target


class Values:
    """Reads, changes and explains single values. A changed value is an answer where a question means it, else a --set."""

    def __init__(self, state: SessionState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._described: dict[str, Described] = {}

    def describe(self, draft: Draft) -> Described:
        """What the draft's chart says of its values, read once; raises Problem for a bad chart."""
        chart = self._answers.chart(draft)
        if chart.path not in self._described:
            self._described[chart.path] = self._state.ports.charts.describe(chart)
        return self._described[chart.path]

    def show(self, draft: Draft) -> Shown:
        """Every value with what it is now and where it comes from; raises Problem as `describe`, and for a bad --set."""
        from wizard.core.answers import value_edits
        from wizard.core.helm import value_tree

        resolved = self._resolved(draft)
        tree = value_tree.build(self.describe(draft), resolved.whole, value_edits.layers(resolved))
        return Shown(tree, value_edits.asked(resolved), resolved.target)

    def change(self, draft: Draft, node: ValueNode, value: Any) -> Draft:
        """The draft with another value; masked parts of a list or map stay as they are.

        Raises:
            Problem: the schema does not take it, it would hold a secret, or helm cannot set it.
        """
        from wizard.core.answers import value_edits
        from wizard.core.helm import values
        from wizard.core.text import masking

        refuse_secret(node)
        masked, old = _nested(node.path, value), _nested(node.path, node.value)
        value = values.get(masking.unmasked(masked, old), node.path)
        if problem := node.problem(value):
            raise Problem(f"{node.key}: {problem}.", "That is what the chart's values.schema.json says.")
        return value_edits.changed(self._resolved(draft), node.path, value)

    def reset(self, draft: Draft, node: ValueNode) -> Draft:
        """The draft without the newest change of the value, else with the chart's default; raises Problem as `change`."""
        from wizard.core.answers import value_edits
        from wizard.core.helm.schema import MISSING
        from wizard.core.helm.values import DELETE

        refuse_secret(node)
        default = DELETE if node.default is MISSING else node.default
        return value_edits.reset(self._resolved(draft), node.path, default)

    def line(self, node: ValueNode) -> str:
        """The value as a person types it on one line: a text as it is, all else as JSON, secrets masked."""
        from wizard.core.helm import values
        from wizard.core.helm.schema import MISSING, compact
        from wizard.core.text import masking

        if node.value is MISSING or node.value is None:
            return {"list": "[]", "map": "{}"}.get(node.kind, "")
        if isinstance(node.value, str):
            return node.value
        return compact(values.get(masking.masked_values(_nested(node.path, node.value)), node.path))

    def of_line(self, node: ValueNode, text: str) -> Any:
        """The value that a typed line means; raises Problem for a list or map that is neither YAML nor JSON.

        An empty line is null where only null can be meant by it.
        """
        if not text and ("null" in node.spec.types or not node.spec.types) and node.default is None:
            return None
        if node.kind in ("string", "quantity") and not (
            node.kind == "quantity" and isinstance(node.value, int | float)
        ):
            return text
        try:
            value = self._state.ports.documents.load(text, "The value")
        except Problem:
            if node.kind == "any":
                return text
            raise
        return text if node.kind == "any" and node.problem(value) and not node.problem(text) else value

    def text(self, node: ValueNode) -> str:
        """One value for the editor, secrets masked: a text as it is, any other as its key with the value."""
        from wizard.core.helm import values
        from wizard.core.helm.schema import MISSING
        from wizard.core.text import masking

        tree = _nested(node.path, None if node.value is MISSING else node.value)
        shown = values.get(masking.masked_values(tree), node.path)
        if isinstance(shown, str) and node.kind == "string":
            return shown
        header = (f"{values.dotted(node.path)}: {node.type_text}", *filter(None, node.help.split("\n")))
        return self._state.ports.documents.render(header, {node.key: shown}, {})

    def of_text(self, draft: Draft, node: ValueNode, text: str) -> Draft:
        """The draft with the value that the edited text of `text` holds; raises Problem as `change`."""
        if isinstance(node.value, str) and node.kind == "string":
            ended = node.value.endswith("\n")  # editors end the last line of a text that has no end
            return self.change(draft, node, text if ended else text.removesuffix("\n"))
        tree = self._state.ports.documents.load(text, "The edited value") or {}
        if not isinstance(tree, Mapping) or list(tree) != [node.key]:
            raise Problem(f"The edited value is not {node.key}: VALUE.", "Keep that key, and no other beside it.")
        return self.change(draft, node, tree[node.key])

    def file(self, draft: Draft) -> str:
        """The values file of the draft for the editor; raises Problem when a -f file holds a secret.

        It is a person's own file with its comments where there is one. Secrets are masked; a file with one in its text is
        written anew, without comments.
        """
        from wizard.core.text import masking
        from wizard.core.text.redaction import hide

        written, documents = self._file(draft), self._state.ports.documents
        tree = masking.masked_values(written.tree)
        there = self._answers.resolve(draft).layers.destination
        if there and there.text is not None and not there.problem:
            text = documents.edit(there.text, tree, there.path)
            if hide(text) == text:
                return text
        return documents.render(written.header, tree, written.notes)

    def of_file(self, draft: Draft, text: str) -> Draft:
        """The draft whose values are those of the edited file.

        Raises:
            Problem: it is not a values file as -f takes it, the schema does not take a value, or it holds a secret.
        """
        from wizard.core.answers import value_edits
        from wizard.core.helm import values
        from wizard.core.text import masking

        tree = self._state.ports.documents.load(text, _FILE) or {}
        if not isinstance(tree, Mapping):
            raise Problem(f"{_FILE} is not a values file: it holds no KEY: VALUE lines.", "Edit it again.")
        tree = masking.unmasked(tree, self._file(draft).tree)
        resolved, described = self._resolved(draft), self.describe(draft)
        wanted = values.merge(resolved.layers.defaults, tree)
        problem = described.schema.problem(values.merge(described.all_defaults, wanted))
        if problem and not described.schema.problem(values.merge(described.all_defaults, resolved.whole)):
            raise Problem(f"{_FILE}: {problem}.", "That is what the chart's values.schema.json says.")
        return value_edits.became(resolved, wanted)

    def edit(self, text: str, name: str) -> str:
        """The text after the person changed it in their editor, which has the terminal until then; raises Problem."""
        return self._state.ports.files.edit(text, name)

    def flags(self, draft: Draft) -> tuple[str, ...]:
        """The options of the command line that give the draft's answers and single values, one a line, quoted for a shell."""
        import shlex

        resolved = self._resolved(draft)
        asked = {question.id for question, _ in resolved.edits} | {"preset"}
        answers = [("--answer", f"{key}={text}") for key, text in draft.answers.items() if key in asked]
        sets = [(given.flag, given.text) for given in draft.sets]
        return tuple(f"{flag} {shlex.quote(text)}" for flag, text in (*answers, *sets))

    def _resolved(self, draft: Draft) -> Resolved:
        return self._answers.resolve(draft).of(draft)

    def _file(self, draft: Draft) -> Any:
        import wizard
        from wizard.core.answers import values_file

        return values_file.build(self._resolved(draft), wizard.__version__)


def refuse_secret(node: ValueNode) -> None:
    """Raise Problem for a value that holds a secret: it says where the secret is given."""
    from wizard.core.helm import values

    if not node.secret:
        return
    path = values.dotted(node.path)
    if name := values.SECRET_PATHS.get(path):
        where = f"Give it in the step Secrets, or with --secret-file {name}=PATH or --existing-secret {name}=SECRET."
    else:
        where = "Keep it in a Secret of the cluster, and name that where the chart takes a name."
    raise Problem(f"{path} is a secret: values end in files and in Helm's history.", where)


def _nested(path: Path, value: Any) -> Any:
    for part in reversed(path):
        value = {part: value}
    return value
