"""K: Secrets that must be there because the run does not make them."""

from __future__ import annotations

from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.facts import KeptData, SecretSeen


@check("K02", "existing Secrets", needs=("secrets", "target"), severity="B")
def existing_secrets(facts: Facts) -> Outcome:
    """Every Secret that is named and not made by the run is there, with its keys, none of them empty."""
    found: tuple[SecretSeen, ...] = facts["secrets"]
    namespace = facts["target"].namespace
    if not found:
        return Outcome("pass", ("the run makes every Secret that is needed",))
    problems = [(one, line) for one in found if (line := _problem(one, namespace))]
    if problems:
        first = problems[0][0].use
        keys = "".join(f" --from-file={key}=PATH" for key in first.keys)
        step = (
            f"Make it: kubectl create secret generic {first.name} -n {namespace}{keys}; or let the wizard generate it."
        )
        question = next((one.use.question for one, _ in problems if one.use.question), "")
        return Outcome("fail", tuple(line for _, line in problems), step, question)
    return Outcome("pass", tuple(_there(one) for one in found))


def _there(one: SecretSeen) -> str:
    # Not "NAME: KEY": behind a name that ends with "credentials" that reads like a secret, and is masked.
    return f"{one.use.name} has {', '.join(one.use.keys)}" if one.use.keys else f"{one.use.name} is there"


@check("N07", "leftovers", needs=("kept_data", "target"), severity="B")
def kept_data(facts: Facts) -> Outcome:
    """A database that outlived its Secret is not given a new password: the volume holds the old one."""
    found: tuple[KeptData, ...] = facts["kept_data"]
    if not found:
        return Outcome("pass", ("no database of an earlier install would lose its password",))
    evidence = tuple(
        f"claim {one.claim} holds a database; Secret {one.secret} with its password is gone" for one in found
    )
    if all(one.how == "file" for one in found):
        return Outcome("warn", evidence, "The file must hold the password that this database was made with.")
    step = (
        "A new password would not open it. Give the old one with --secret-file postgres=PATH; or, if the data may be "
        f"lost, kubectl delete pvc {found[0].claim} -n {facts['target'].namespace}."
    )
    return Outcome("fail", evidence, step, "secret.postgres")


def _problem(one: SecretSeen, namespace: str) -> str:
    use = one.use
    if not one.there:
        return f"Secret {use.name}, which {use.used_by} needs, is not in namespace {namespace}"
    if missing := [key for key in use.keys if key not in one.keys]:
        has = ", ".join(one.keys) or "none"
        return f"Secret {use.name} has no key {', '.join(missing)}, which {use.used_by} needs; its keys: {has}"
    if empty := [key for key in use.keys if key in one.empty]:
        return f"{', '.join(empty)} of Secret {use.name} is empty"
    return ""
