"""Step 6: where the passwords come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from wizard.core.answers import secret_values, validate
from wizard.core.answers.questions.environment import external_cache, external_database
from wizard.core.answers.questions.question import Choice, Question, always, base, sets_text
from wizard.core.answers.resolve import Resolved
from wizard.core.answers.secrets import ENCODED_KEY, PARTS, created_name
from wizard.core.helm import values
from wizard.core.helm.values import ValueEdit, path_of


def _secret_choices(name: str) -> Callable[[Resolved], Sequence[Choice]]:
    def choices(r: Resolved) -> Sequence[Choice]:
        kept = Choice("keep", "Keep what is there", f"Secret {created_name(name, r['release'])} exists")
        as_is = Choice("release", "As the release has it", "nothing about it is changed")
        return (
            *((kept,) if _is_there(r, name) else ()),
            *((as_is,) if r.draft.running else ()),
            Choice("generate", "Generate", "32 random characters, stored as a Secret"),
            Choice("file", "From a file", "read, checked, stored as a Secret, never shown"),
            Choice("existing", "Existing Secret", "you made it already"),
        )

    return choices


def _secret_default(name: str) -> Callable[[Resolved], str]:
    def default(r: Resolved) -> str:
        named = str(r.at(_secret_path(r, name)))
        if named and (named != created_name(name, r["release"]) or r.draft.running):
            return "existing"
        if r.draft.running:
            return "release"  # a new password would not match the existing data
        return "keep" if _is_there(r, name) else "generate"

    return default


def _is_there(r: Resolved, name: str) -> bool:
    return created_name(name, r["release"]) in (r.suggestions.secrets or ())


def _secret_lines(name: str) -> Callable[[Resolved, str], Sequence[ValueEdit]]:
    def lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
        if answer == "release":
            return ()
        secret = r[f"secret.{name}.name"] if answer == "existing" else created_name(name, r["release"])
        path = path_of(_secret_path(r, name))
        named = ValueEdit(path, secret, "the name of a Secret; the secret itself is not in this file")
        encoded = PARTS[name].external_encoded_path if _is_external(r, name) else PARTS[name].encoded_path
        if not encoded or (answer == "existing" and r.at(encoded) != ENCODED_KEY):
            return (named,)
        return (named, ValueEdit(path_of(encoded), ENCODED_KEY, "the same password, fit for an address"))

    return lines


def _secret_path(r: Resolved, name: str) -> str:
    return PARTS[name].external_path if _is_external(r, name) else PARTS[name].path


def _is_external(r: Resolved, name: str) -> bool:
    return (name == "postgres" and external_database(r)) or (name == "redis" and external_cache(r))


_SECRET_WANTED: Final[dict[str, Callable[[Resolved], bool]]] = {
    "jwt": always,
    "postgres": always,
    "redis": lambda r: r["cache"] != "none",
    "smtp": lambda r: bool(r["smtp.host"]),
    "grafana": lambda r: r["monitoring"] == "bundled",
}


def _secret_questions(name: str, title: str) -> tuple[Question, ...]:
    wanted = _SECRET_WANTED[name]
    question_id = f"secret.{name}"
    return (
        Question(
            question_id, "secrets", title, "Generated, read from a file, or in a Secret that exists already.", kind="choice",
            choices=_secret_choices(name), default=_secret_default(name), visible=wanted,
            value_edits=_secret_lines(name), creates=True,
        ),
        Question(
            f"{question_id}.file", "secrets", f"{title}: file", "One trailing newline is removed.", kind="path",
            visible=lambda r: wanted(r) and r[question_id] == "file",
            validate=lambda _, a: "" if a else f"The file for the {title.lower()} is not named.",
        ),
        Question(
            f"{question_id}.name", "secrets", f"{title}: Secret", f"Must hold {PARTS[name].keys_text}.",
            visible=lambda r: wanted(r) and r[question_id] == "existing",
            default=lambda r: str(r.at(_secret_path(r, name))) or created_name(name, r["release"]),
            validate=lambda _, a: validate.subdomain(a, f"The Secret for the {title.lower()}"),
        ),
    )  # fmt: skip


def _found(r: Resolved) -> bool:
    return bool(r.found_secrets)


def _can_move(r: Resolved) -> bool:
    return all(found.variable for found in r.found_secrets)


def _found_choices(r: Resolved) -> Sequence[Choice]:
    secret = secret_values.name(r["release"])
    move = Choice("move", "Move them into a Secret", f"the run creates {secret}, the values refer to it")
    keep = Choice("keep", "Leave them in the values", "they are stored in the file and in Helm's history")
    return (move, keep) if _can_move(r) else (keep,)


def _found_default(r: Resolved) -> str:
    """What runs is in Helm's history already."""
    known = all(
        values.get(r.draft.running, found.path) == values.get(r.with_flags, found.path) for found in r.found_secrets
    )
    return "keep" if known else ""


def _found_problem(r: Resolved, answer: str) -> str:
    """For no answer: what was found, and where."""
    if answer:
        return ""
    places = [found.shown for found in r.found_secrets]
    named = ", ".join(places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")
    way = "Move them into a Secret of the release (move)" if _can_move(r) else "Take them out"
    return (
        f"The values hold what looks like a secret at {named}. {way}, or accept that Helm's history stores them (keep)."
    )


def _found_edits(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    return secret_values.moved(r) if answer == "move" and _can_move(r) else ()


QUESTIONS: Final = (
    Question(
        "values.secrets", "secrets", "Secrets in values", "Values end in files and in Helm's history; Secrets do not.",
        kind="choice", visible=_found, choices=_found_choices, default=_found_default, validate=_found_problem,
        value_edits=_found_edits,
    ),
    *_secret_questions("jwt", "JWT secret"),
    *_secret_questions("postgres", "Database password"),
    *_secret_questions("redis", "Redis password"),
    *_secret_questions("grafana", "Grafana admin"),
    Question(
        "smtp.host", "secrets", "Mail server", "Host of your SMTP server; empty when no mail is wanted.", optional=True,
        default=base("smtp.host"), value_edits=sets_text("smtp.host"),
        validate=lambda _, a: validate.server(a, "The mail server", "give it as --set smtp.port=PORT"),
    ),
    *_secret_questions("smtp", "SMTP password"),
)  # fmt: skip
