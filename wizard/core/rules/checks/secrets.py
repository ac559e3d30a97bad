"""K: Secrets that must exist because the run does not create them, and their values; I07: the certificate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from wizard.core.answers import credentials
from wizard.core.answers.secrets import ENCODED_KEY, PARTS
from wizard.core.helm.chart import OURS
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.facts import CertificateSeen, ChartFound, KeptData, SecretSeen
from wizard.core.tls import chain

_URL: Final = "-url"
"""The end of a role whose value stands in a URL."""


class _Trouble(NamedTuple):
    line: str
    step: str


@check(
    "K02",
    "existing Secrets",
    needs=("secrets", "chart", "target"),
    severity="B",
    about=("tls.secret", "image.pullSecret"),
)
def existing_secrets(facts: Facts) -> Outcome:
    """Every named Secret that the run does not create exists, with its keys, whose values their programs take.

    A foreign chart may have a hook or an operator that makes it, so that it warns there.
    """
    chart: ChartFound = facts["chart"]
    seen: tuple[SecretSeen, ...] = facts["secrets"]
    namespace = facts["target"].namespace
    if not seen:
        return Outcome("pass", ("the run makes every Secret that is needed",))
    problems = [(secret, trouble) for secret in seen for trouble in _troubles(secret, namespace)]
    if problems:
        lines, step = tuple(trouble.line for _, trouble in problems), problems[0][1].step
        if chart.name != OURS:
            return Outcome("warn", lines, f"Unless a hook or an operator makes it: {step}")
        question = next((secret.use.question for secret, _ in problems if secret.use.question), "")
        return Outcome("fail", lines, step, question)
    return Outcome("pass", tuple(_present(secret) for secret in seen))


def _present(secret: SecretSeen) -> str:
    # Not "NAME: KEY": after a name that ends with "credentials" KEY would be masked as a secret.
    return f"{secret.use.name} has {', '.join(secret.use.keys)}" if secret.use.keys else f"{secret.use.name} is there"


@check("N07", "leftovers", needs=("kept_data", "target"), severity="B", ours=True, about=("release",))
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


@check("I07", "TLS certificate", needs=("certificates",), severity="B", about=("tls.secret", "tls.cert"))
def certificate(facts: Facts) -> Outcome:
    """The certificate of every Ingress, in a file or in an existing Secret, is for its hosts, valid, and with its own key."""
    seen: tuple[CertificateSeen, ...] = facts["certificates"]
    known = [found for found in seen if found.chain or found.problem]
    if not known:
        waits = ("waits for K02",) if seen else ("no certificate is given by file or Secret",)
        return Outcome("skipped", waits)
    found = [(certificate, remark) for certificate in known for remark in _remarks(certificate)]
    found.sort(key=lambda pair: not pair[1].fails)
    if not found:
        return Outcome("pass", tuple(f"{each.source}: {chain.summary(each.chain)}" for each in known if each.chain))
    lines = tuple(f"{certificate.source}: {remark.text}" for certificate, remark in found)
    worst, remark = found[0]
    return Outcome("fail" if remark.fails else "warn", lines, remark.next_step, worst.question)


def _remarks(seen: CertificateSeen) -> tuple[chain.Remark, ...]:
    if seen.problem:
        return (chain.Remark(seen.problem.what.rstrip("."), seen.problem.next_step, fails=True),)
    return chain.remarks(seen.chain, seen.hosts, seen.at) if seen.chain else ()


def _troubles(secret: SecretSeen, namespace: str) -> Iterator[_Trouble]:
    use = secret.use
    keys = "".join(f" --from-file={key}=PATH" for key in use.keys)
    make = f"Make it: kubectl create secret generic {use.name} -n {namespace}{keys}; or let the wizard generate it."
    if not secret.there:
        yield _Trouble(f"Secret {use.name}, which {use.used_by} needs, is not in namespace {namespace}", make)
    elif missing := [key for key in use.keys if key not in secret.keys]:
        has = ", ".join(secret.keys) or "none"
        line = f"Secret {use.name} has no key {', '.join(missing)}, which {use.used_by} needs; its keys: {has}"
        yield _Trouble(line, make)
    elif empty := [key for key in use.keys if key in secret.empty]:
        yield _Trouble(f"{', '.join(empty)} of Secret {use.name} is empty", make)
    else:
        yield from _unfit(secret)


def _unfit(secret: SecretSeen) -> Iterator[_Trouble]:
    """The values that their programs would not take, each key once."""
    use, passwords = secret.use, {role: key for key, role in secret.use.roles}
    said = set[str]()
    for key, role in sorted(use.roles, key=lambda pair: pair[1].endswith(_URL)):
        value, name = secret.values.get(key), role.removesuffix(_URL)
        if value is None or key in said:
            continue
        wrong, step = credentials.problem(name, value.reveal()), _other_value(name)
        if not wrong and role != name:
            plain = secret.values.get(passwords.get(name, ""))
            password = None if plain is None else plain.reveal()
            wrong, step = credentials.url_problem(value.reveal(), password), _encoded_copy(name, key)
        if wrong:
            said.add(key)
            yield _Trouble(f"{key} of Secret {use.name} {wrong}", step)


def _other_value(name: str) -> str:
    return f"Give it another value; or give that one as a file: --secret-file {name}=PATH; or have one generated."


def _encoded_copy(name: str, key: str) -> str:
    """How a password gets into a URL whatever its characters are."""
    part = PARTS[name]
    if key == ENCODED_KEY:
        return f"Put the percent-encoded password under {key}, or give it as a file: --secret-file {name}=PATH."
    return (
        f"Put the percent-encoded password under a key {ENCODED_KEY} beside it and set {part.encoded_path}={ENCODED_KEY} "
        f"({part.external_encoded_path} for one outside); or give it as a file, --secret-file {name}=PATH, and both are made."
    )
