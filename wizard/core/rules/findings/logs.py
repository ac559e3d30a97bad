"""Causes that only the output of an application tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, Heals, finding
from wizard.core.rules.findings import hosts
from wizard.core.rules.findings.pods import in_field, log_command
from wizard.core.rules.findings.readiness import probe_failures
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text import log_line
from wizard.core.text.log_line import LogLine, Weight
from wizard.core.text.time import parse_time


@dataclass(frozen=True)
class _Message:
    """A pattern of messages and their meaning; its groups, and the words below, fill the title."""

    id: str
    pattern: re.Pattern[str]
    title: str
    remedy: tuple[str, ...]
    terminal: bool
    heals: Heals
    avoid: tuple[str, ...] = ()
    of_store: Literal["", "cache", "database"] = ""
    """It is said by a client about this store, whose finding it is."""
    waits: bool = False
    wrapper: bool = False
    """It is what comes of another trouble: any other message of the same weight says more."""


@dataclass(frozen=True)
class Cause:
    """A message of a container that names a cause, with its line and the place of the line."""

    message: _Message
    match: re.Match[str]
    line: str
    place: str


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_UNKNOWN_USER: Final = " It says the same of a user that it does not have: see whether that one is there."
_BY_ALTER = ": ALTER ROLE ... PASSWORD"
_MESSAGES: Final = (
    _Message(
        "LG06", _words(r"database files are incompatible with server|data directory was initialized by PostgreSQL version (?P<old>\S+),"
                       r" which is not compatible with this version (?P<new>\d+(?:\.\d+)*)"),
        "PostgreSQL{new} does not start on the files of another major version{old}",
        ("Put the old image back: the data is whole, and that version reads it.",
         "To move to the new version, save the data by a dump first, and restore it there."),
        True, "no", ("Don't delete the volume, and don't run initdb on it: the data is on it.",),
    ),
    _Message(
        "LG06", _words(r"data directory \"[^\"]*\" has (?:wrong ownership|invalid permissions)|could not look up effective user ID"
                       r"|could not change permissions of directory|initdb: error: could not (?:access|change)"
                       r"|append[- ]only (?:dir|file|log)[^\n]{0,120}: permission denied|failed opening the (?:temp )?RDB file [^\n]{0,120}: permission denied"),
        "the {store} may not use its data folder as this user",
        ("Run it as the user that owns the files (securityContext: runAsUser, fsGroup), or use an image that is made for it.",),
        True, "no", ("Don't delete the volume: only its owner or its mode is wrong.",),
    ),
    _Message(
        "LG15", _words(r"could not locate a valid checkpoint record|invalid (?:primary |secondary )?checkpoint record"
                       r"|unexpected pageaddr [^\n]{0,120} PANIC|invalid page in block|Bad file format reading the append only file"
                       r"|Short read or OOM loading DB|Internal error in RDB reading|Unexpected EOF reading RDB file"
                       r"|could not read file \"global/pg_control\"|incorrect checksum in control file|required WAL directory \"[^\"]*\" does not exist"
                       r"|wrong signature trying to load DB from file"),
        "the files of the {store} are damaged",
        ("Save the volume as it is (a snapshot), before anything is tried on it.",
         "Then restore the last dump, or have somebody who knows the {store} repair it."),
        True, "no", ("Don't run pg_resetwal or redis-check-aof --fix before there is a copy: they throw data away.",),
    ),
    _Message(
        "LG14", _words(r"could not resize shared memory segment[^\n]*"),
        "PostgreSQL has too little shared memory",
        ("Mount an emptyDir with medium Memory at /dev/shm: a container has 64 MiB there, whatever its limits are.",
         "Until then, max_parallel_workers_per_gather=0 keeps queries from asking for it."),
        False, "no", ("Don't grow the volume: the disk is not full.",),
    ),
    _Message(
        "LG01", re.compile(r"password authentication failed(?: for user \"[^\"]*\")?|WRONGPASS|invalid username-password pair"),
        "the {store} refuses the password in {secret}",
        (
            "Put the old password back into {secret}, or change it inside the {store}{how}.{unknown}",
            "Don't delete the volume: the data is on it, with the password it was made with.",
        ),
        True, "no", ("Don't restart pods that still work: they would not come back either.",),
    ),
    _Message(
        "LG01", _words(r"NOAUTH Authentication required|no password supplied|AUTH <password> called without any password"),
        "it and the {store} do not agree whether a password is needed: {said}",
        ("Give it the password of the {store}, from {secret}; where the {store} has none, take it out of the connection.",),
        True, "no", ("Don't switch the password of the {store} off.",),
    ),
    _Message(
        "LG22", _words(r"(?:FATAL:  )?(?:database|role) \"[^\"]+\" does not exist|(?:role|user) \"[^\"]+\" is not permitted to log in"
                       r"|DB index is out of range|invalid DB index"),
        "the {store} has not what it logs in to: {said}",
        ("Correct the name of the database or of the user in its connection, or make it inside the {store}.",
         "If it was there before, find out who dropped it: its data may have to come from a dump."),
        True, "no", ("Don't make an empty one before you know where the data is.",),
    ),
    _Message(
        "LG23", _words(r"canceling statement due to (?:statement|lock) timeout|could not obtain lock on [^\n]{0,120}"
                       r"|deadlock detected|lock wait timeout exceeded"),
        "its statement waits too long in the {store}: {said}",
        ("See who holds the lock, or what runs so long, in pg_stat_activity and pg_locks (pg_blocking_pids); end that session if it may end.",
         "A migration that locks a table has to run while nobody else uses it."),
        False, "unknown", ("Don't restart the {store} for one blocked statement.",),
    ),
    _Message(
        "LG23", _words(r"BUSY Redis is busy running a script"),
        "Redis runs a script that does not end, and answers nobody else",
        ("End it with redis-cli SCRIPT KILL, which works as long as it wrote nothing; then find who calls it.",),
        False, "unknown", ("Don't use SHUTDOWN NOSAVE: what was not saved yet would be lost.",), of_store="cache",
    ),
    _Message(
        "LG13", _words(r"permission denied for (?:table|schema|relation|database|sequence|function|view) [^\s,;]+"
                       r"|must be owner of \w+ [^\s,;]+|NOPERM[^\n]*"),
        "the {store} user may not do what the application asks: {said}",
        ("Give the user that right again inside the {store} (GRANT), or run the application with the user that has it.",),
        False, "no", ("Don't make it a superuser to get around one missing grant.",),
    ),
    _Message(
        "LG07", _words(r"sorry, too many clients already|remaining connection slots are reserved|too many connections for (?:role|database)"
                       r"|max number of clients reached"),
        "the {store} has no connection left: {said}",
        ("Have fewer connections: pool size times replicas, with the Jobs, has to stay below the limit of the {store}.",
         "Or raise its limit (max_connections, maxclients) as far as its memory allows."),
        False, "unknown", ("Don't scale the application up: every pod takes more connections.",),
    ),
    _Message(
        "LG17", _words(r"MISCONF[^\n]*"),
        "Redis takes no writes: it cannot save its data to disk",
        ("Its own log says why it cannot save: a full disk, or too little memory to fork. That is what has to be mended.",),
        False, "no", ("Don't switch stop-writes-on-bgsave-error off: a restart would then lose what was written since.",), of_store="cache",
        wrapper=True,
    ),
    _Message(
        "LG18", _words(r"OOM command not allowed when used memory > 'maxmemory'"),
        "Redis takes no writes: its memory is full (maxmemory)",
        ("Raise redis.maxmemory and the memory limit with it, or let it evict (maxmemoryPolicy).",),
        False, "no", ("Don't flush it before you know what is in it.",), of_store="cache",
    ),
    _Message(
        "LG19", _words(r"READONLY You can't write against a read only replica|cannot execute [A-Z ]+ in a read-only transaction"),
        "the {store} that it calls only reads: it is a replica, or was made read-only",
        ("Let the application call the primary: after a failover its address is another one.",), False, "unknown",
    ),
    _Message(
        "LG16", _words(r"the database system is (?:starting up|in recovery mode|shutting down|not yet accepting connections)"
                       r"|LOADING Redis is loading the dataset in memory"),
        "the {store} is still starting: {said}",
        ("Wait: it reads its data first. How long depends on how much there is.",), False, "yes",
        ("Don't restart it: it would begin anew.",), waits=True,
    ),
    _Message(
        "LG08", _words(r"(?:relation|type|schema|extension|sequence|index|constraint|view|table) \"[^\"]+\"(?: of relation \"[^\"]+\")? does not exist"
                       r"|column (?:\"[^\"]+\"|[\w.]+)(?: of relation \"[^\"]+\")? does not exist"
                       r"|function [\w.]+\([^)\n]{0,120}\) does not exist|no such (?:table|column)"
                       r"|migration \S+ was previously applied but (?:has been modified|is missing)"
                       r"|VersionMissing|VersionMismatch|Dirty database version"
                       # alembic, Flyway, Liquibase, Prisma, Django, Rails
                       r"|can't locate revision identified by|multiple head revisions are present|migration checksum mismatch|migrations have failed validation"
                       r"|detected (?:failed|resolved|applied) migration|could not acquire change log lock|changesets? check ?sum|found failed migrations in the target database"
                       r"|InconsistentMigrationHistory|migrations are pending"),
        "the schema of the database is not the one of this version: {said}",
        ("See whether the migration ran: its Job, or the init container, and run it again.",
         "After a rollback of the application the newer schema may have to stay; its authors say which go together."),
        False, "no", ("Don't create or drop tables by hand.",),
    ),
    _Message(
        "LG20", _words(r"exec format error"),
        "the image is for another processor architecture than its node",
        ("Use an image that has the node's architecture, or a node selector (kubernetes.io/arch) for the image's.",), True, "no",
    ),
    _Message(
        "VO06", _words(r"^(?!.*(?:cgroup|inotify|fsnotify|file watch|semaphore)).*no space left on device|disk quota exceeded|disk is full|short write while writing to the AOF file"),
        "its disk is full: {volume}",
        (
            "Give it more room: raise spec.resources.requests.storage of the claim, where its storage class lets it grow.",
            "Or free some by the store's own means; files that it made itself are not to be deleted by hand.",
        ),
        True, "no", ("Don't delete the claim or what is in it: the data goes with it.",),
    ),
    _Message(
        "LG11", _words(r"address already in use|address in use \(os error 98\)|EADDRINUSE|only one usage of each socket address"
                       r"|\bport \d+ (?:is |was )?already (?:in use|taken|allocated)|connection in use: \("),
        "its port is taken: {said}",
        ("Give one of them another port: containers of a pod share its ports.",), True, "no",
    ),
    _Message(
        "LG10", _words(r"read-only file system|EROFS|permission denied \(os error 13\)|EACCES|bind\(?\)?:? [^\n]{0,120}permission denied"
                       # Python, nginx, Java, .NET, Go, shells: what the kernel calls EACCES, and a path
                       r"|\[Errno 13\] permission denied|\(13: permission denied\)|AccessDeniedException: /|FileNotFoundException: /[^\n]{1,200} \(permission denied\)"
                       r"|access to the path '/[^'\n]{1,200}' is denied"
                       r"|(?:cannot|can't|could not|unable to) (?:create|open|touch|write|make|remove|access)[^\n]{0,160}: permission denied"
                       r"|\b(?:open|mkdir|create|touch|rename|remove|chmod|chown|stat|write|unlink) [‘'\"]?\S*/[^\n]{0,160}: permission denied"),
        "it may not write where it wants to: {said}",
        ("Mount a volume (an emptyDir will do for temporary files) at that path, or let it use another one.",
         "For a port below 1024: give it a higher one."), True, "no",
    ),
    _Message(
        "LG02", _words(r"(?:(?-i:[A-Z]_PORT\b)|invalid|pars(?:e|ing)|strconv|NumberFormat|not a number|received|\bport [\"'])[^\n]{0,120}?"
                       r"\btcp://\d+\.\d+\.\d+\.\d+"
                       r"|\btcp://\d+\.\d+\.\d+\.\d+[^\n]{0,80}?(?:too many colons|invalid|not an? (?:number|integer|port)|pars(?:e|ing))"),
        "it takes a variable of a Service of this namespace for its own setting: {said}",
        ("Set enableServiceLinks: false for its pods: Kubernetes gives every pod variables such as NAME_PORT=tcp://... for the "
         "Services there are.",),
        True, "no",
    ),
    _Message(
        "LG02", _words(r"\$\([A-Z][A-Z0-9_]+\)|invalid (?:database |redis |connection )?(?:url|uri|dsn|connection string)"
                       r"|invalid port(?: number)?|relative url without a base|failed to parse (?:\w+ )?url"),
        "its address of a database or cache is not an address",
        (
            "A literal $(NAME) means that NAME is defined after the variable that uses it, or not at all.",
            "A password with one of / @ : # ? % has to be percent-encoded in an address.",
        ),
        True, "no",
    ),
    _Message(
        "LG24", _words(r"unrecognized configuration parameter \"[^\"]+\"|invalid value for parameter \"[^\"]+\"|configuration file \"[^\"]*\" contains errors"
                       r"|parameter \"[^\"]+\" requires a|is outside the valid range for parameter|^>>> '[^\n]+'|bad directive or wrong number of arguments"),
        "a setting is not taken: {said}",
        ("Correct that setting where it comes from (a ConfigMap, or an argument of the server): its name, its value, and the version that knows it.",),
        True, "no",
    ),
    _Message(
        "LG09", _words(r"(?-i:\b(?P<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b)\W{0,4}(?:(?:environment )?variable |env(?:ironment)? var )?"
                       r"(?:(?:is |was |has to be |must be |field )?(?:not set|unset|not found|missing|not present|required)|(?:must|has to|needs to) be set)\b"
                       r"|(?:missing|undefined|required|KeyError:)[^\n]{0,40}?(?-i:\b(?P<named>[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b)"
                       r"|environment variable not found|set the (?-i:[A-Z][A-Z0-9_]+) environment variable|validation errors? for \w+ \w+ field required|could not resolve placeholder '(?P<setting>[^'\n]{1,120})'"),
        "a variable that it needs is not set: {said}",
        ("Set it again, or go back to the revision that had it.",), True, "no",
    ),
    _Message(
        # Go's crypto/x509, OpenSSL and libpq, Python, Node.js, Java, rustls, .NET
        "LG25", _words(r"x509: [^\n]{0,200}|certificate verify failed[^\n]{0,120}|CERTIFICATE_VERIFY_FAILED|self[- ]signed certificate|unable to verify the first certificate"
                       r"|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|CERT_HAS_EXPIRED|does not match certificate's altnames"
                       r"|server certificate for \"[^\"]+\"[^\n]{0,60} does not match host name|root certificate file \"[^\"]+\" does not exist"
                       r"|PKIX path (?:building|validation) failed|no subject alternative (?:names|DNS name) [^\n]{0,80}|invalid peer certificate"
                       r"|the remote certificate (?:is invalid|was rejected)"),
        "it does not trust the certificate of what it calls: {said}",
        ("An authority that it does not know: give it the CA's certificate (a mounted file; sslrootcert, SSL_CERT_FILE or the like).",
         "Expired, or for another name: have a new one issued, for the name that it calls."),
        True, "no", ("Don't switch the verification off: whoever stands between them could read and change everything.",),
    ),
    _Message(
        "LG26", _words(r"JavaScript heap out of memory|ineffective mark-compacts near heap limit|OutOfMemoryError: (?:Java heap space|Metaspace|GC overhead|Direct buffer)"
                       r"|terminating due to java\.lang\.OutOfMemoryError|System\.OutOfMemoryException"),
        "its runtime has used up the memory that it allows itself: {said}",
        ("Raise the runtime's own limit (-XX:MaxRAMPercentage or -Xmx; NODE_OPTIONS=--max-old-space-size; DOTNET_GCHeapHardLimit) together with the "
         "container's memory limit.", "If it comes back after a while, it keeps what it no longer needs: see what grows."),
        False, "no",
    ),
    _Message(
        "LG05", _words(r"server does not support (?:TLS|SSL)|SSL is not enabled on the server|SSL off|no encryption"
                       r"|wrong version number|tls handshake (?:failed|eof)"),
        "it wants TLS and the server it calls has none, or the other way round",
        ("Set the sslMode of the connection to what the server does, or switch TLS on there.",), True, "no",
    ),
    _Message(
        "LG03", _words(r"could not translate host name|failed to (?:look ?up address information|resolve)"
                       r"|\blookup \S+(?: on \S+)?: (?:no such host|i/o timeout|server misbehaving|(?:read|dial) udp|no answer|device or resource busy)"
                       r"|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|cannot resolve|name or service not known"
                       r"|temporary failure in name resolution|no such host|name resolution|nodename nor servname|NXDOMAIN|UnknownHostException|name does not resolve"
                       r"|bad address '"),
        "the name {host} does not resolve",
        ("Correct the host of the connection, or make the Service of that name.",
         "If other names do not resolve either, it is the cluster's DNS."), False, "unknown", waits=True,
    ),
    _Message(
        "LG21", _words(r"pool timed? ?out|PoolTimedOut|timed out (?:while )?waiting for an? (?:open|free|idle)? ?connection"
                       r"|connection is not available, request timed out|QueuePool limit of|TimeoutError: ResourceRequest timed out"
                       r"|timeout exceeded when trying to connect|(?:acquiring|obtaining|getting) (?:a )?connection from (?:the )?pool"
                       r"|couldn't get a connection after"),
        "its pool got no connection to {host} in time",
        ("If nothing answers there: see whether it runs, is ready and may be reached.",
         "If it answers: it is slow, or all connections are in use. See what the database does, and the size of the pool."),
        False, "unknown", waits=True, wrapper=True,
    ),
    _Message(
        "LG04", _words(r"connection refused|connect(?:ion)? timed out|ECONNREFUSED|ETIMEDOUT|no route to host|i/o timeout"
                       r"|could not connect to server|connection to server at [^\n]{0,250}failed(?=\s*$|: (?:\w+ timed out|timeout|host is|server closed|could not|connection))"
                       r"|timed out (?:while )?connecting|EHOSTUNREACH|network is unreachable"
                       # Prisma, Npgsql, Lettuce and Jedis, redis-py, psycopg, node-postgres, StackExchange.Redis
                       r"|can't reach database server|failed to connect to (?:any host|\[?[\d.:]+\]?:\d+)|unable to connect to \S+:\d+|timeout connecting to server"
                       r"|connection timeout expired|connection terminated due to connection timeout|not possible to connect to the redis server"),
        "nothing answers at {host}",
        ("See whether what it calls runs and is ready, and whether the port is right.",), False, "unknown", waits=True,
    ),
)  # fmt: skip
"""The most specific messages first. Their words are those of PostgreSQL, Redis, libc and the usual clients."""
_ID: Final = tuple(dict.fromkeys(message.id for message in _MESSAGES))
_STORES: Final = (
    (
        r"WRONGPASS|NOAUTH|AUTH <|username-password pair|NOPERM|DB index|LOADING|READONLY You|redis|max number of clients|append.only|RDB",
        "cache",
    ),
    (r"", "database"),
)


@finding(*_ID)
def cause_in_output(snapshot: Snapshot) -> Iterator[Finding]:
    """The probe, termination message or log of a container that is not ready names the cause."""
    for pod in snapshot.starting_pods():
        for container in status.container_statuses(pod):
            if stated := cause(pod, container, snapshot):
                yield finding_of(pod, container, stated, snapshot)


_REPEATED: Final = 3
"""Warnings of one cause that are no aside any more."""
_LEADS: Final = 3
"""Lines before a program's last words that may say why: lighter ones between, such as a stack trace, do not count."""


def cause(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> Cause | None:
    """The cause that the output of an unready container (its status) names; None when there is none.

    None also when the container is ready, was killed for its memory, or said something of more weight that names no
    cause known here. What is no more than a warning names a cause only when it is repeated.
    """
    ended = status.last_end(container)
    if container.get("ready") or (ended and (ended.get("exitCode") == 0 or ended.get("reason") == "OOMKilled")):
        return None
    said = list(_said(pod, container, ended or {}, snapshot))
    found = [(line, one) for line in said if line.weight > Weight.ASIDE and (one := _matched(line))]
    times = Counter(one.message.id for _, one in found)
    weighed = [
        (weight, not one.message.wrapper, -_MESSAGES.index(one.message), -line.age, one)
        for line, one in found
        if (weight := _counts(line.weight, times[one.message.id])) > Weight.WARNING
    ]
    if not weighed:
        return None
    best = max(weighed, key=lambda entry: entry[:4])
    known = {line.age for line, _ in found}
    heavier = [
        line for line in said if line.weight > best[0] and line.age not in known and not _leads(found, line, said)
    ]
    return None if heavier else best[4]


@dataclass(frozen=True)
class _Line:
    """One text of a container: its place, its weight, and how many came after it."""

    place: str
    read: LogLine
    weight: Weight
    age: int


def _matched(line: _Line) -> Cause | None:
    found = _known(line.read)
    return Cause(*found, line.read.text, line.place) if found else None


@lru_cache(1_024)
def _known(line: LogLine) -> tuple[_Message, re.Match[str]] | None:
    """The first message of the catalogue that a line is, by its message or else by the whole of it."""
    texts = dict.fromkeys((line.message, line.text[: log_line.READ]))
    matches = ((message, message.pattern.search(text)) for message in _MESSAGES for text in texts)
    return next(((message, match) for message, match in matches if match), None)


def _counts(weight: Weight, times: int) -> Weight:
    """The weight of a line that names a cause: one without a level counts as an error, and so does a repeated warning."""
    plain = weight == Weight.PLAIN or (weight == Weight.WARNING and times >= _REPEATED)
    return Weight.ERROR if plain else weight


def _leads(found: Sequence[tuple[_Line, Cause]], last: _Line, said: Sequence[_Line]) -> bool:
    """Whether a known cause stands right before last words that are no panic: "cannot start" after "connection refused".

    An exception which only says that all tries are used up, or that a store is not connected, is none.
    """
    if last.read.uncaught and not _OUTCOME.search(last.read.message):
        return False
    return any(
        line.age > last.age and sum(last.age < other.age < line.age and other.weight >= line.weight for other in said) < _LEADS
        for line, _ in found
        if line.weight >= Weight.PLAIN
    )  # fmt: skip


_OUTCOME: Final = re.compile(
    r"max(?:imum)? (?:number of )?(?:re)?tries|retry limit|retries (?:exhausted|exceeded)|RetryError|(?:gave|giving) up"
    r"|(?:fail(?:ed|ure)?|unable|could ?n[o']t|cannot|can't) (?:to )?connect(?:ing|ion)?(?: to)?(?: the)? (?:database|db|postgres\w*|redis|cache|broker)\s*$",
    re.IGNORECASE,
)
"""Last words that tell only what came of it; what failed is in the lines before."""


def telling(pod: Object, container: Mapping[str, Any], snapshot: Snapshot, count: int = 3) -> list[str]:
    """The lines of most weight of an unready container, oldest first; the last ones where all weigh the same."""
    lines = _lines(pod, container, snapshot)
    most = max((line.weight for line in lines), default=Weight.ASIDE)
    heavy = [line.read.text for line in reversed(lines) if line.weight == most]
    return heavy[-count:]


def own_cause(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> bool:
    """Whether its last words are of the weight of a panic: then it does not only wait for something."""
    return any(line.weight == Weight.FATAL for line in _lines(pod, container, snapshot))


def _said(pod: Object, container: Mapping[str, Any], ended: Mapping[str, Any], snapshot: Snapshot) -> Iterator[_Line]:
    """All texts, newest first. Connection errors of probes are left out: they are not the application's own."""
    for event in probe_failures(pod, container, snapshot)[:1]:
        if not re.search(r"connection refused|timed? ?out|deadline", event.message):
            yield _Line("event Unhealthy", log_line.read(event.message), Weight.PLAIN, -2)
    if words := str(ended.get("message") or ""):
        yield _Line("termination message", log_line.read(words), Weight.FATAL, -1)
    yield from _lines(pod, container, snapshot)


def _lines(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> list[_Line]:
    """The lines of its log, newest first; what follows a panic without a message is that message."""
    texts = snapshot.logs.get((str(pod["metadata"]["name"]), str(container.get("name"))), ())
    lines = _whole([log_line.read(text) for text in texts if text.strip()])
    weights = [line.weight for line in lines]
    for place, line in enumerate(lines[:-1]):
        if weights[place] == Weight.FATAL and (_HEAD.search(line.message) or _DETAIL.search(lines[place + 1].message)):
            weights[place + 1] = Weight.FATAL
    for place in _exporting(lines):
        weights[place] = Weight.ASIDE
    return [
        _Line("log", line, weight, age)
        for age, (line, weight) in enumerate(zip(reversed(lines), reversed(weights), strict=True))
    ]


_MORE: Final = 3
"""Lines below an exception that may be the rest of its message."""
_OPEN: Final = re.compile(r"(?::|\bfor \w+|\b(?:failed|failures?)(?: \w+)?)\s*$", re.IGNORECASE)
"""The end of a first line that announces more: "2 validation errors for Settings", "Validate failed: ... failed validation"."""
_REST: Final = re.compile(r"(?!\s*(?:at |File \"|\.\.\. \d+ more))(?:\s+\S|[A-Za-z]|->|- )")
"""A line that is no frame of a stack trace, and has no time or bracket in front as a line of its own has."""


def _whole(lines: Sequence[LogLine]) -> list[LogLine]:
    """The lines, an exception whose first line announces more as one line with its rest."""
    joined: list[LogLine] = []
    rest = 0
    for line in lines:
        head = joined[-1] if joined else None
        if head and rest and line.weight == Weight.PLAIN and _REST.match(line.text):
            joined[-1], rest = log_line.read(f"{head.text} {line.text.strip()}"), rest - 1
            continue
        joined.append(line)
        rest = _MORE if line.uncaught and _OPEN.search(line.message) and not _HEAD.search(line.message) else 0
    return joined


_TRACE: Final = re.compile(
    r"\s|Traceback |Caused by: |The above exception |During handling |(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)\b"
)
"""A line of a stack trace, below the line that announces it."""
_EXPORTER: Final = re.compile(r"opentelemetry[/.](?:sdk|exporter)|ddtrace[/.]internal|Exception while exporting")
_UNSENT: Final = re.compile(r"(?:java\.(?:net|io)|okhttp3|io\.(?:grpc|netty))\.[\w.$]*Exception\b")
"""What Java writes below a message of something that could not be sent; other exceptions may be the program's own."""


def _exporting(lines: Sequence[LogLine]) -> Iterator[int]:
    """The places of stack traces that are about telemetry, which an exporter writes and goes on."""
    head = 0
    for place in range(1, len(lines) + 1):
        if place < len(lines) and _continues(lines[place].text, lines[place - 1].text if place - 1 > head else ""):
            continue
        said, trace = lines[head].message, [line.text for line in lines[head + 1 : place]]
        unsent = trace and _UNSENT.match(trace[0]) and log_line.of_telemetry(said)
        failed = any(log_line.of_telemetry(text) for text in trace if not text[0].isspace())
        if unsent or failed or _EXPORTER.search("\n".join((said, *trace))):
            yield from range(head, place)
        head = place


def _continues(text: str, above: str) -> bool:
    """Whether a line goes on with the trace above: a second traceback does only where the first says so."""
    begins = text.startswith("Traceback") and bool(above)
    return bool(_TRACE.match(text)) and (not begins or above.startswith(("The above exception ", "During handling ")))


_HEAD: Final = re.compile(r"panicked at .*:\s*$")
_DETAIL: Final = re.compile(r"\bDETAIL:  ")


def finding_of(pod: Object, container: Mapping[str, Any], stated: Cause, snapshot: Snapshot) -> Finding:
    """The finding of a stated cause, on the workload of the pod or on the store that it is about."""
    message, name = stated.message, str(container.get("name"))
    secret, called = _secret(pod, name, stated), hosts.called(pod, name, stated.line, snapshot)
    if message.id == "LG03" and not called.host:
        called = hosts.without_service(pod, name, snapshot)
    store = next(word for pattern, word in _STORES if re.search(pattern, stated.match[0], re.IGNORECASE))
    how = _BY_ALTER if store == "database" else ""
    named = {key: f" {value}" if value else "" for key, value in stated.match.groupdict().items()}
    parts = {
        "store": store, "secret": secret, "host": called.host or "the address it calls", "how": how,
        "volume": _volume(pod, name), "unknown": _UNKNOWN_USER if store == "database" else "", "said": _telling_part(stated), "old": "", "new": "", **named,
    }  # fmt: skip
    setting = _setting(pod, container, snapshot) if message.id == "LG24" else ""
    if "configuration file" in stated.match[0] and setting:
        parts["said"] = _short(setting, _SAID)
    title, remedy = message.title.format(**parts), tuple(remedy.format(**parts) for remedy in message.remedy)
    password = snapshot.named("Secret", secret.removeprefix("Secret ")) if message.id == "LG01" else None
    changed = _changed_since(container, password)
    if changed:
        title, remedy = _OLD_PASSWORD[0].format(**parts), _OLD_PASSWORD[1]
    if message.id == "VO06" and not _claims(pod, name) and (scratch := _scratch(pod, name)):
        title, remedy = message.title.format(volume=scratch), _MORE_SCRATCH
    if message.id == "LG20" and (script := _mounted_program(pod, name, stated.line)):
        title, remedy = _NO_PROGRAM[0].format(path=script), _NO_PROGRAM[1]
    if message.id == "LG04" and (other := hosts.other_port(called, stated.line, snapshot)):
        title, remedy = other
    if message.id == "LG03":
        title, remedy = hosts.unresolved(called, stated.line, snapshot) or (title, remedy)
    text = stated.match[0] if message.id == "LG01" else _short(stated.line)
    proof = [Evidence(text, name_of(pod), in_field(container))]
    proof += hosts.evidence(called, snapshot) if message.id in ("LG03", "LG04", "LG21") else []
    proof += _size(pod, name, snapshot) if message.id == "VO06" else []
    proof += changed or _age(password, snapshot)
    proof += [Evidence(_short(setting), name_of(pod), f"{in_field(container)} log")] if setting else []
    proof += _port_of_another(pod, name, stated.line) if message.id == "LG11" else []
    proof += _revision_before(pod, name, stated.match, snapshot) if message.id == "LG09" else []
    broken = hosts.store(pod, name, message.of_store, snapshot) if message.of_store else ""
    proof += _of_store(broken, snapshot)
    return Finding(
        message.id,
        title,
        broken or snapshot.root_name(pod),
        tuple(proof),
        remedy,
        message.terminal and not changed,
        message.heals,
        status.unready_since(pod, container) or status.created(pod),
        waits=message.waits,
        commands=(log_command(pod, container, snapshot),),
        avoid=() if changed else message.avoid,
        unseen=_not_seen(message.id, secret, snapshot),
        calls=called.host if message.waits else "",
        affects=(snapshot.root_name(pod),) if broken else (),
    )


_SETTING: Final = re.compile(
    r"(?:unrecognized configuration parameter|invalid value for parameter|parameter \"[^\"]+\" requires a)[^\n]*"
    r"|[^\n]*is outside the valid range for parameter[^\n]*|^argument(?:\(s\))? [^\n]+"
)
"""PostgreSQL says it as a message of no weight, above the fatal one; Redis in the line below the one that it quotes."""


def _setting(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> str:
    """What the log says of the setting that is not taken, beside the line that names the cause; "" for nothing."""
    matches = (_SETTING.search(line.read.text[: log_line.READ]) for line in _lines(pod, container, snapshot))
    return next((match[0].strip() for match in matches if match), "")


_NO_PROGRAM: Final = (
    "{path} comes from a volume, and the node cannot run it as a program",
    (
        "Begin a script with a line such as #!/bin/sh, or give it to its interpreter as an argument.",
        "A program in the volume has to be built for the node's architecture.",
    ),
)
_STARTED: Final = re.compile(r"exec (/\S+): exec format error")


def _mounted_program(pod: Object, name: str, line: str) -> str:
    """The program that could not be run, where it is a file of a volume rather than of the image; else ""."""
    started = _STARTED.search(line)
    mounts = status.container_specs(pod).get(name, {}).get("volumeMounts") or ()
    paths = (str(mount.get("mountPath") or "").rstrip("/") for mount in mounts)
    return started[1] if started and any(f"{started[1]}/".startswith(f"{path}/") for path in paths if path) else ""


def _of_store(workload: str, snapshot: Snapshot) -> list[Evidence]:
    """The store's own last complaint: the newest line of its log that names a cause, or is a warning of Redis ("#")."""
    for pod in snapshot.of_kind("Pod") if workload else ():
        for container in status.container_statuses(pod) if snapshot.root_name(pod) == workload else ():
            for line in _lines(pod, container, snapshot):
                if _known(line.read) or _REDIS_WARNING.match(line.read.text):
                    return [Evidence(_short(line.read.text), name_of(pod), f"{in_field(container)} log")]
    return []


_REDIS_WARNING: Final = re.compile(r"\d+:[A-Z] .{20,32} # ")


def _port_of_another(pod: Object, name: str, line: str) -> list[Evidence]:
    """Evidence of another container of the pod that has the port that the line names, or one that both declare."""
    ports = {
        other: {int(port.get("containerPort") or 0) for port in spec.get("ports") or ()}
        for other, spec in status.container_specs(pod).items()
    }
    wanted = {int(number) for number in re.findall(r":(\d{2,5})\b", line)} | ports.get(name, set())
    return [
        Evidence(", ".join(str(port) for port in sorted(shared)), name_of(pod), f"container {other}.ports")
        for other, have in ports.items()
        if other != name and (shared := have & wanted)
    ]


def _revision_before(pod: Object, name: str, match: re.Match[str], snapshot: Snapshot) -> list[Evidence]:
    """Evidence of the earlier rollout whose container had the variable."""
    groups = match.groupdict()
    variable = groups.get("variable") or groups.get("named") or groups.get("setting") or ""
    if not variable or variable in _variables(status.container_specs(pod).get(name, {})):
        return []
    root = snapshot.root_name(pod)
    return [
        Evidence(f"had {variable}; this one has not", name_of(older), "spec.template.spec.containers.env")
        for older in snapshot.of_kind("ReplicaSet")
        if snapshot.root_name(older) == root
        and any(
            container.get("name") == name and variable in _variables(container)
            for container in ((older.get("spec", {}).get("template") or {}).get("spec") or {}).get("containers") or ()
        )
    ]


def _variables(container: Mapping[str, Any]) -> set[str]:
    return {str(variable.get("name")) for variable in container.get("env") or ()}


_SAID: Final = 120
"""Characters of a line in a title."""
_LONGEST: Final = 240


def _telling_part(stated: Cause) -> str:
    """As much of the message as a title takes, from the words that name the cause where those would be cut off or are not in it."""
    said, words = (" ".join(text.split()) for text in (log_line.read(stated.line).message, stated.match[0]))
    before, found, after = said.partition(words)
    if found and len(before) + len(words) <= _SAID:
        return _short(said, _SAID)
    return _short(f"...{words}{after}", _SAID)


def _short(line: str, longest: int = _LONGEST) -> str:
    return line if len(line) <= longest else f"{line[:longest]}..."


_OLD_PASSWORD: Final = (
    "{secret} was changed after the pod started, which still uses the old password",
    (
        "Restart the pods: a container reads the variables of a Secret only when it starts.",
        "If the store then refuses the new one too, it has to be changed inside it as well.",
    ),
)


def _changed_since(container: Mapping[str, Any], secret: Object | None) -> list[Evidence]:
    """Evidence that the Secret was written after the start of the container that took its password from it."""
    started = str(((container.get("state") or {}).get("running") or {}).get("startedAt") or "")
    written = status.written(secret) if secret else ""
    begun, changed = parse_time(started), parse_time(written)
    if not secret or not begun or not changed or changed <= begun:
        return []
    return [Evidence(f"written {written}, the container started {started}", name_of(secret), "metadata")]


def _age(secret: Object | None, snapshot: Snapshot) -> list[Evidence]:
    """Evidence that the Secret is younger than the data that was created with its password."""
    claims = [claim for claim in snapshot.of_kind("PersistentVolumeClaim") if secret and _is_older(claim, secret)]
    if not secret or not claims:
        return []
    made = f"made {status.created(secret)}, after the data of {name_of(claims[0])} ({status.created(claims[0])})"
    return [Evidence(made, name_of(secret), "metadata.creationTimestamp", status.created(secret))]


def _claims(pod: Object, container: str) -> list[str]:
    """Claims that a container mounts."""
    mounts = {mount.get("name") for mount in status.container_specs(pod).get(container, {}).get("volumeMounts") or ()}
    volumes = [volume for volume in pod.get("spec", {}).get("volumes") or () if volume.get("name") in mounts]
    return [
        str(volume["persistentVolumeClaim"].get("claimName"))
        for volume in volumes
        if volume.get("persistentVolumeClaim")
    ]


def _volume(pod: Object, container: str) -> str:
    claims = _claims(pod, container)
    return f"claim {', '.join(claims)}" if claims else "that of its node, or a volume that lives as long as the pod"


_MORE_SCRATCH: Final = (
    "Raise its sizeLimit, and with medium Memory the memory limit of the container too: what is in it counts there.",
    "Or write less to it: what is in it goes with the pod.",
)


def _scratch(pod: Object, container: str) -> str:
    """The emptyDirs of a container that have a limit, each with it; "" for none."""
    mounts = status.container_specs(pod).get(container, {}).get("volumeMounts") or ()
    paths = {str(mount.get("name")): str(mount.get("mountPath")) for mount in mounts}
    limits = (
        (str(volume.get("name")), str((volume.get("emptyDir") or {}).get("sizeLimit") or ""))
        for volume in pod.get("spec", {}).get("volumes") or ()
    )
    return ", ".join(
        f"volume {name} at {paths[name]} (emptyDir, sizeLimit {limit})"
        for name, limit in limits
        if limit and name in paths
    )


def _size(pod: Object, container: str, snapshot: Snapshot) -> list[Evidence]:
    evidence = []
    for name in _claims(pod, container):
        claim = snapshot.named("PersistentVolumeClaim", name)
        size = ((claim or {}).get("status", {}).get("capacity") or {}).get("storage")
        if claim and size:
            evidence.append(Evidence(str(size), name_of(claim), "status.capacity.storage"))
    return evidence


def _is_older(claim: Object, secret: Object) -> bool:
    before, after = parse_time(status.created(claim)), parse_time(status.created(secret))
    return bool(before and after and (after - before).total_seconds() > 60)


def _not_seen(id_: str, secret: str, snapshot: Snapshot) -> tuple[str, ...]:
    name = secret.removeprefix("Secret ")
    if id_ != "LG01" or secret == _UNNAMED or snapshot.named("Secret", name):
        return ()
    where = f" in namespace {snapshot.namespace}" if snapshot.namespace else ""
    return (f"when {secret} was written: get secrets{where}",)


_UNNAMED: Final = "its Secret"


def _secret(pod: Object, container: str, stated: Cause) -> str:
    """The Secret from which a container reads its password, as "Secret name"; "its Secret" when it cannot be told."""
    spec, wanted = pod.get("spec", {}), hosts.DATABASE if stated.match[0].startswith("password") else hosts.CACHE
    named = status.container_specs(pod).get(container, {})
    sources = []
    for variable in named.get("env") or ():
        source = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
        sources.append((str(source.get("name") or ""), f"{variable.get('name')} {source.get('name')}"))
    mounted = {str(mount.get("name")): str(mount.get("mountPath")) for mount in named.get("volumeMounts") or ()}
    for volume in spec.get("volumes") or ():
        name = str((volume.get("secret") or {}).get("secretName") or "")
        if volume.get("name") in mounted:
            sources.append((name, f"{mounted[volume['name']]} {name}"))
    return next((f"Secret {name}" for name, text in sources if name and wanted.search(text)), _UNNAMED)
