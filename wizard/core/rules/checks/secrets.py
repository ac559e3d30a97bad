"""K: Secrets that must exist because the run does not create them."""

from __future__ import annotations

from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.facts import KeptData, SecretSeen


@check("K02", "existing Secrets", needs=("secrets", "target"), severity="B")
def existing_secrets(facts: Facts) -> Outcome:
    """Every named Secret that the run does not create exists, with its keys, none of them empty."""
    seen: tuple[SecretSeen, ...] = facts["secrets"]
    namespace = facts["target"].namespace
    if not seen:
        return Outcome("pass", ("the run makes every Secret that is needed",))
    problems = [(secret, line) for secret in seen if (line := _problem(secret, namespace))]
    if problems:
        first = problems[0][0].use
        keys = "".join(f" --from-file={key}=PATH" for key in first.keys)
        step = (
            f"Make it: kubectl create secret generic {first.name} -n {namespace}{keys}; or let the wizard generate it."
        )
        question = next((secret.use.question for secret, _ in problems if secret.use.question), "")
        return Outcome("fail", tuple(line for _, line in problems), step, question)
    return Outcome("pass", tuple(_present(secret) for secret in seen))


def _present(secret: SecretSeen) -> str:
    # Not "NAME: KEY": after a name that ends with "credentials" KEY would be masked as a secret.
    return f"{secret.use.name} has {', '.join(secret.use.keys)}" if secret.use.keys else f"{secret.use.name} is there"


@check("N07", "leftovers", needs=("kept_data", "target"), severity="B")
def kept_data(facts: Facts) -> Outcome:
    """A database whose Secret is gone does not get a new password: its volume holds the old one."""
    databases: tuple[KeptData, ...] = facts["kept_data"]
    if not databases:
        return Outcome("pass", ("no database of an earlier install would lose its password",))
    evidence = tuple(
        f"claim {database.claim} holds a database; Secret {database.secret} with its password is gone"
        for database in databases
    )
    if all(database.how == "file" for database in databases):
        return Outcome("warn", evidence, "The file must hold the password that this database was made with.")
    step = (
        "A new password would not open it. Give the old one with --secret-file postgres=PATH; or, if the data may be "
        f"lost, kubectl delete pvc {databases[0].claim} -n {facts['target'].namespace}."
    )
    return Outcome("fail", evidence, step, "secret.postgres")


def _problem(secret: SecretSeen, namespace: str) -> str:
    use = secret.use
    if not secret.there:
        return f"Secret {use.name}, which {use.used_by} needs, is not in namespace {namespace}"
    if missing := [key for key in use.keys if key not in secret.keys]:
        has = ", ".join(secret.keys) or "none"
        return f"Secret {use.name} has no key {', '.join(missing)}, which {use.used_by} needs; its keys: {has}"
    if empty := [key for key in use.keys if key in secret.empty]:
        return f"{', '.join(empty)} of Secret {use.name} is empty"
    return ""
