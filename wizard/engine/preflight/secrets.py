"""Collectors of Secrets, certificates, and data that an earlier install left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Literal

from wizard.core.errors import Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.limits import map_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import (
    CertificateSeen,
    KeptData,
    Rendered,
    SecretSeen,
    SecretUse,
)
from wizard.core.text.secrets import Secret
from wizard.core.tls.files import CERT_QUESTION, Named
from wizard.engine.preflight.world import World
from wizard.ports.certificates import CertificateReader

_TLS_KEYS: Final = ("tls.crt", "tls.key")


async def secrets(world: World, inputs: Mapping[str, Any]) -> tuple[SecretSeen, ...]:
    """The Secrets that are needed and that the run does not make."""
    rendered: Rendered = inputs["rendered"]
    own = {secret["metadata"]["name"] for secret in rendered.of("Secret")} | world.made_by_run
    roles = manifests.secret_roles(rendered.objects)
    uses = [
        SecretUse(name, keys, user, world.secret_questions.get(name, ""), roles.get(name, ()))
        for name, (keys, user) in manifests.secrets_used(rendered.objects).items()
        if name not in own
    ]
    return tuple(await asyncio.gather(*(_seen(world, use) for use in (*uses, *world.extra_secrets))))


async def _seen(world: World, use: SecretUse) -> SecretSeen:
    values = await _values(world, use.name)
    if values is None:
        return SecretSeen(use, there=False)
    judged = {key: values[key] for key, _ in use.roles if key in values}
    empty = tuple(sorted(key for key, value in values.items() if not value.reveal()))
    return SecretSeen(use, True, tuple(sorted(values)), empty, judged)


async def _values(world: World, name: str) -> Mapping[str, Secret] | None:
    """The values of a Secret by key; None when it is not there."""
    try:
        return await world.cluster.secret(name, world.target.namespace)
    except ClusterError as error:
        if error.kind == "not-found":
            return None
        raise


async def config_maps(world: World, inputs: Mapping[str, Any]) -> Mapping[str, frozenset[str] | None]:
    """The ConfigMaps that pods name and the release does not make, with their keys; None for one that is not there."""
    named = manifests.config_maps_outside(inputs["rendered"].objects)
    keys = await asyncio.gather(*(_config_map(world, name) for name in named))
    return {manifests.AUTHORITIES: frozenset({"ca.crt"}), **dict(zip(named, keys, strict=True))}


async def _config_map(world: World, name: str) -> frozenset[str] | None:
    try:
        found = await world.cluster.get("ConfigMap", name, world.target.namespace)
    except ClusterError as error:
        if error.kind == "not-found":
            return None
        raise
    return frozenset((*map_of(found, "data"), *map_of(found, "binaryData")))


async def certificates(world: World, inputs: Mapping[str, Any]) -> tuple[CertificateSeen, ...] | Absent:
    """The certificates that the Ingresses name, from files or Secrets."""
    wanted, reader = manifests.certificates(inputs["rendered"].objects), world.certificates
    if not wanted or not reader:
        return Absent("no certificate is given by file or Secret")
    return tuple(await asyncio.gather(*(_certificate(world, reader, name, hosts) for name, hosts in wanted.items())))


async def _certificate(world: World, reader: CertificateReader, name: str, hosts: tuple[str, ...]) -> CertificateSeen:
    """The certificate of the two files that the run makes a Secret of, or that of an existing Secret."""
    now = world.now()
    if name in world.made_by_run and world.tls_files:
        try:
            read = await asyncio.to_thread(world.tls_files)
        except Problem as problem:
            return CertificateSeen("files", hosts, now, None, problem, problem.question)
        return CertificateSeen("certificate file", hosts, now, read.chain, None, CERT_QUESTION)
    source, question = f"Secret {name}", world.secret_questions.get(name, "")
    values = await _values(world, name)
    if values is None or not values.keys() >= set(_TLS_KEYS):  # another check reports it
        return CertificateSeen(source, hosts, now, question=question)
    certificate, key = (
        Named(f"{part} of {source}", values[part].reveal().encode("utf-8", "surrogateescape")) for part in _TLS_KEYS
    )
    try:
        chain = await asyncio.to_thread(reader.chain, certificate, key)
    except Problem as problem:
        return CertificateSeen(source, hosts, now, None, problem, question)
    return CertificateSeen(source, hosts, now, chain, None, question)


async def kept_data(world: World, inputs: Mapping[str, Any]) -> tuple[KeptData, ...]:
    """The disks of an earlier install whose password is gone."""
    asked = [
        _kept(world, claim, secret, world.database_secrets[secret])
        for claim, secret in manifests.data_claims(inputs["rendered"].objects, world.database_secrets)
    ]
    return tuple(kept for kept in await asyncio.gather(*asked) if kept)


async def _kept(world: World, claim: str, secret: str, how: Literal["generate", "file"]) -> KeptData | None:
    if not await _is_there(world, "PersistentVolumeClaim", claim) or await _is_there(world, "Secret", secret):
        return None
    return KeptData(claim, secret, how)


async def _is_there(world: World, kind: str, name: str) -> bool:
    try:
        await world.cluster.get(kind, name, world.target.namespace)
    except ClusterError as error:
        if error.kind == "not-found":
            return False
        raise
    return True
