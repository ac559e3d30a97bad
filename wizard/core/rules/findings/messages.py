"""What programs say of their trouble: patterns of messages, the most specific first, each with its meaning.

Words are those of PostgreSQL, MySQL, Redis, libc, musl, the runtimes of the usual languages, and the usual clients.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from wizard.core.rules.finding import Heals


@dataclass(frozen=True)
class Message:
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
    """It is what comes of another trouble: any other message says more."""
    unless: re.Pattern[str] | None = None
    """A text that has this, too, is not this message: it is about those who call the program."""

    def search(self, text: str, lowered: str) -> re.Match[str] | None:
        """Where a text is this message; `lowered` is the same in lower case.

        A search in any case takes three times as long as one in lower case, and most lines are no message at all.
        """
        found = self.pattern.search(text) if self._likely.search(lowered) else None
        return None if found and self.of_callers(text) else found

    def of_callers(self, text: str) -> bool:
        """Whether a text with these words would be about those who call the program."""
        return bool(self.unless and self.unless.search(text))

    @cached_property
    def _likely(self) -> re.Pattern[str]:
        """What the pattern finds, in lower case, and perhaps more."""
        return re.compile(_TOKEN.sub(_lower, self.pattern.pattern))


_TOKEN: Final = re.compile(r"\\.|\(\?P<\w+>|\(\?-i:|.", re.DOTALL)


def _lower(token: re.Match[str]) -> str:
    text = token[0]
    if text == "(?-i:":
        return "(?:"
    return text if text.startswith(("\\", "(?P")) else text.lower()


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


UNKNOWN_USER: Final = " It says the same of a user that it does not have: see whether that one is there."
BY_ALTER = ": ALTER ROLE ... PASSWORD"
MESSAGES: Final = (
    Message(
        "LG06", _words(r"database files are incompatible with server|data directory was initialized by PostgreSQL version (?P<old>\S+),"
                       r" which is not compatible with this version (?P<new>\d+(?:\.\d+)*)"),
        "PostgreSQL{new} does not start on the files of another major version{old}",
        ("Put the old image back: the data is whole, and that version reads it.",
         "To move to the new version, save the data by a dump first, and restore it there."),
        True, "no", ("Don't delete the volume, and don't run initdb on it: the data is on it.",),
    ),
    Message(
        "LG06", _words(r"data directory \"[^\"]*\" has (?:wrong ownership|invalid permissions)|could not look up effective user ID"
                       r"|could not change permissions of directory|initdb: error: could not (?:access|change)"
                       r"|append[- ]only (?:dir|file|log)[^\n]{0,120}: permission denied|failed opening the (?:temp )?RDB file [^\n]{0,120}: permission denied"),
        "the {store} may not use its data folder as this user",
        ("Run it as the user that owns the files (securityContext: runAsUser, fsGroup), or use an image that is made for it.",),
        True, "no", ("Don't delete the volume: only its owner or its mode is wrong.",),
    ),
    Message(
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
    Message(
        "LG14", _words(r"could not resize shared memory segment[^\n]*"),
        "PostgreSQL has too little shared memory",
        ("Mount an emptyDir with medium Memory at /dev/shm: a container has 64 MiB there, whatever its limits are.",
         "Until then, max_parallel_workers_per_gather=0 keeps queries from asking for it."),
        False, "no", ("Don't grow the volume: the disk is not full.",),
    ),
    Message(
        "LG01", re.compile(r"password authentication failed(?: for user \"[^\"]*\")?|WRONGPASS|invalid username-password pair"),
        "the {store} refuses the password in {secret}",
        (
            "Put the old password back into {secret}, or change it inside the {store}{how}.{unknown}",
            "Don't delete the volume: the data is on it, with the password it was made with.",
        ),
        True, "no", ("Don't restart pods that still work: they would not come back either.",),
    ),
    Message(
        "LG01", _words(r"NOAUTH\W+Authentication required|HELLO must be called with the client already authenticated|(?:^|Error: )authentication required"
                       r"|no password supplied|no password was provided|client password must be a string|password missing|AUTH <password> called without any password"),
        "it and the {store} do not agree whether a password is needed: {said}",
        ("Give it the password of the {store}, from {secret}; where the {store} has none, take it out of the connection.",),
        True, "no", ("Don't switch the password of the {store} off.",),
    ),
    Message(
        # MySQL, MongoDB, ClickHouse, SQL Server, Oracle, Kafka, RabbitMQ, SMTP, Prisma, and SQLSTATE 28P01
        "LG01", _words(r"access denied for user [^\n]{1,120}\(using password: (?:yes|no)\)|authentication (?:has )?fail(?:ed|ure)|auth(?:entication)? error: (?!error while (?:reading|writing))"
                       r"|bad auth\b|invalid_password|\b28P01\b|invalid (?:user ?name|login|user) or password|(?:wrong|incorrect|invalid) (?:user ?name or )?password"
                       r"|login failed for user|invalid username/password|ORA-01017|SASL authentication (?:failed|exception)|SaslAuthenticationException"
                       r"|login was refused|(?-i:\bP1000\b)|invalid credentials"),
        "what it calls refuses its login: {said}",
        ("Compare the user and the password of its connection with those that the server knows; one of them was changed, or is another server's.",),
        True, "no", ("Don't reset the server's data to get a known password back.",),
        unless=_words(r"\bfrom (?:ip )?\d+\.\d+\.\d+\.\d+|\b(?:ip|remote\w*|client\w*|peer)\W{1,4}\d+\.\d+\.\d+\.\d+|\bsign[- ]?in\b|\blog ?in attempts?\b|\"(?:GET|POST) /"),
    ),
    Message(
        "LG22", _words(r"(?:FATAL:  )?(?:database|role) \"[^\"]+\" does not exist|(?:role|user) \"[^\"]+\" is not permitted to log in"
                       r"|DB index is out of range|invalid DB index"
                       # MySQL, ClickHouse, SQL Server, Rails, Prisma, RabbitMQ's virtual hosts
                       r"|unknown database '[^'\n]+'|database [`'\w.-]{1,80} does(?:n't| not) exist|cannot open database \"[^\"\n]+\" requested by the login"
                       r"|could not find your database|\b3D000\b|(?-i:\bP1003\b)|vhost \S+ not found"),
        "the {store} has not what it logs in to: {said}",
        ("Correct the name of the database or of the user in its connection, or make it inside the {store}.",
         "If it was there before, find out who dropped it: its data may have to come from a dump."),
        True, "no", ("Don't make an empty one before you know where the data is.",),
    ),
    Message(
        "LG23", _words(r"canceling statement due to (?:statement|lock) timeout|could not obtain lock on [^\n]{0,120}"
                       r"|deadlock detected|lock wait timeout exceeded"),
        "its statement waits too long in the {store}: {said}",
        ("See who holds the lock, or what runs so long, in pg_stat_activity and pg_locks (pg_blocking_pids); end that session if it may end.",
         "A migration that locks a table has to run while nobody else uses it."),
        False, "unknown", ("Don't restart the {store} for one blocked statement.",),
    ),
    Message(
        "LG23", _words(r"BUSY Redis is busy running a script"),
        "Redis runs a script that does not end, and answers nobody else",
        ("End it with redis-cli SCRIPT KILL, which works as long as it wrote nothing; then find who calls it.",),
        False, "unknown", ("Don't use SHUTDOWN NOSAVE: what was not saved yet would be lost.",), of_store="cache",
    ),
    Message(
        "LG13", _words(r"permission denied for (?:table|schema|relation|database|sequence|function|view) [^\s,;]+"
                       r"|must be owner of \w+ [^\s,;]+|NOPERM[^\n]*|this user has no permissions to run the '[^'\n]+' command|permission denied to (?:create|alter|drop|set|copy|terminate) [^\n]{1,80}|must be superuser[^\n]{0,80}"
                       # MySQL, MongoDB, ClickHouse, Prisma, Kafka, RabbitMQ
                       r"|\b\w{1,40} command denied to user [^\n]{1,160}|access denied for user [^\n]{1,120} to database [^\n]{1,80}"
                       r"|not authorized on \S+ to execute command|not enough privileges|was denied access on the database|(?-i:\bP1010\b)"
                       r"|not authorized to (?:access|read|write)[^\n]{0,120}|(?:Topic|Group|Cluster)AuthorizationException|access to \w+ '[^'\n]+' in vhost \S+ refused"),
        "the {store} user may not do what the application asks: {said}",
        ("Give the user that right again inside the {store} (GRANT), or run the application with the user that has it.",),
        False, "no", ("Don't make it a superuser to get around one missing grant.",),
    ),
    Message(
        "LG07", _words(r"sorry, too many clients already|remaining connection slots are reserved|too many connections for (?:role|database)"
                       r"|max number of clients reached|\btoo many connections\b|max_user_connections|\b53300\b"),
        "the {store} has no connection left: {said}",
        ("Have fewer connections: pool size times replicas, with the Jobs, has to stay below the limit of the {store}.",
         "Or raise its limit (max_connections, maxclients) as far as its memory allows."),
        False, "unknown", ("Don't scale the application up: every pod takes more connections.",),
    ),
    Message(
        "LG17", _words(r"MISCONF[^\n]*"),
        "Redis takes no writes: it cannot save its data to disk",
        ("Its own log says why it cannot save: a full disk, or too little memory to fork. That is what has to be mended.",),
        False, "no", ("Don't switch stop-writes-on-bgsave-error off: a restart would then lose what was written since.",), of_store="cache",
        wrapper=True,
    ),
    Message(
        "LG18", _words(r"command not allowed when used memory > 'maxmemory'"),
        "Redis takes no writes: its memory is full (maxmemory)",
        ("Raise redis.maxmemory and the memory limit with it, or let it evict (maxmemoryPolicy).",),
        False, "no", ("Don't flush it before you know what is in it.",), of_store="cache",
    ),
    Message(
        # Redis Cluster; PostgreSQL's extension.c; Django; poolers between a client and PostgreSQL
        "LG28", _words(r"\bmoved(?:error)?:? \d+ \S+:\d+|\bMOVED redirection[^\n]{0,80}|(?-i:CROSSSLOT)[^\n]{0,80}|(?-i:CLUSTERDOWN)[^\n]{0,80}|this instance has cluster support disabled"
                       r"|could not open extension control file[^\n]{0,160}|extension \"[^\"\n]+\" (?:is not available|must be loaded)|could not access file \"\$libdir[^\"\n]+\""
                       r"|\b\w{1,40} [\d.]{1,12} or later is required[^\n]{0,80}|prepared statement \"[^\"\n]*\" (?:already exists|does not exist)|unsupported startup parameter[^\n]{0,80}"),
        "the {store} is not of the kind or version that it needs: {said}",
        ("MOVED and CROSSSLOT: the server is a Redis Cluster, so the client has to be set to cluster mode; or give it a server that is none.",
         "An extension or a version: use an image of the server that has it. Prepared statements: a pooler in transaction mode cannot keep them."),
        True, "no",
    ),
    Message(
        "LG19", _words(r"you can't write against a read only replica|cannot execute [A-Z ]+ in a read-only transaction"),
        "the {store} that it calls only reads: it is a replica, or was made read-only",
        ("Let the application call the primary: after a failover its address is another one.",), False, "unknown",
    ),
    Message(
        "LG16", _words(r"the database system is (?:starting up|in recovery mode|shutting down|not yet accepting connections)"
                       r"|redis is loading the dataset in memory"),
        "the {store} is still starting: {said}",
        ("Wait: it reads its data first. How long depends on how much there is.",), False, "yes",
        ("Don't restart it: it would begin anew.",), waits=True,
    ),
    Message(
        # PostgreSQL's storage and write-ahead log, as a client or as its own log says it
        "VO06", _words(r"could not (?:extend|write(?: to)?|create|fsync|open) (?:file|block|temporary file|init file)[^\n]{0,160}no space left on device|\b53100\b"),
        "the disk of the database is full: {volume}",
        (
            "Give it more room: raise spec.resources.requests.storage of its claim, where its storage class lets it grow.",
            "Or free some by the database's own means; files that it made itself are not to be deleted by hand.",
        ),
        True, "no", ("Don't delete the claim or what is in it: the data goes with it.",), of_store="database",
    ),
    Message(
        "LG08", _words(r"(?:relation|type|schema|extension|sequence|index|constraint|view|table) \"[^\"]+\"(?: of relation \"[^\"]+\")? does not exist"
                       r"|column (?:\"[^\"]+\"|[\w.]+)(?: of relation \"[^\"]+\")? does not exist"
                       r"|function [\w.]+\([^)\n]{0,120}\) does not exist|no such (?:table|column)"
                       r"|migration \S+ was previously applied but (?:has been modified|is missing)"
                       r"|VersionMissing|VersionMismatch|Dirty database version"
                       # alembic, Flyway, Liquibase, Prisma, Django, Rails
                       r"|can't locate revision identified by|multiple head revisions are present|migration checksum mismatch|migrations have failed validation"
                       r"|detected (?:failed|resolved|applied) migration|could not acquire change log lock|changesets? check ?sum|found failed migrations in the target database"
                       r"|InconsistentMigrationHistory|migrations are pending|found non-empty schema|target database is not up to date|need to (?:initialize|upgrade|migrate) the database"
                       # Hibernate, MySQL, SQLSTATE, Prisma, knex, Metabase, Temporal
                       r"|schema-validation: [^\n]{1,120}|table '[^'\n]+' doesn't exist|unknown column '[^'\n]+'|\b42P01\b|\b42703\b|(?-i:\bP(?:2021|2022|3005|3009|3018)\b)"
                       r"|(?:table|relation|column) [\"'`][^\"'`\n]+[\"'`] already exists|migration table is already locked|has migration lock"
                       r"|schema version mismatch|version mismatch for keyspace|unapplied migrations?|schema is (?:out of date|outdated|not up to date)"),
        "the schema of the database is not the one of this version: {said}",
        ("See whether the migration ran: its Job, or the init container, and run it again.",
         "After a rollback of the application the newer schema may have to stay; its authors say which go together."),
        False, "no", ("Don't create or drop tables by hand.",),
    ),
    Message(
        "LG20", _words(r"exec format error"),
        "the image is for another processor architecture than its node",
        ("Use an image that has the node's architecture, or a node selector (kubernetes.io/arch) for the image's.",), True, "no",
    ),
    Message(
        "VO06", _words(r"^(?!.*(?:cgroup|inotify|fsnotify|file watch|semaphore)).*no space left on device|disk quota exceeded|disk is full|short write while writing to the AOF file"),
        "its disk is full: {volume}",
        (
            "Give it more room: raise spec.resources.requests.storage of the claim, where its storage class lets it grow.",
            "Or free some by the store's own means; files that it made itself are not to be deleted by hand.",
        ),
        True, "no", ("Don't delete the claim or what is in it: the data goes with it.",),
    ),
    Message(
        "LG11", _words(r"address already in use|\baddress in use\b|EADDRINUSE|only one usage of each socket address"
                       r"|\bport \d+ (?:is |was )?already (?:in use|taken|allocated)|connection in use: \("),
        "its port is taken: {said}",
        ("Give one of them another port: containers of a pod share its ports.",), True, "no",
    ),
    Message(
        "LG10", _words(r"bind\(?\)?:? [^\n]{0,120}permission denied|permission denied[^\n]{0,80}(?:could not bind|make_sock)|listen EACCES[^\n]{0,80}"
                       r"|could not bind to address[^\n]{0,80}permission denied|permission ?denied[^\n]{0,40}\bport [1-9]\d{0,2}\b|BindException: permission denied"),
        "it may not open its port: {said}",
        ("A port below 1024 takes root, or the capability NET_BIND_SERVICE: give the program a higher one; its Service may keep the old one.",), True, "no",
    ),
    Message(
        "LG10", _words(r"read-only file system|EROFS|permission denied \(os error 13\)|kind: PermissionDenied|\bEACCES\b|\beacces\b|:erofs\b"
                       # Python, nginx, Java, .NET, Go, shells: what the kernel calls EACCES, and a path
                       r"|\[Errno 13\] permission denied|\(13: permission denied\)|AccessDeniedException: /|FileNotFoundException: /[^\n]{1,200} \(permission denied\)"
                       r"|access to the path '/[^'\n]{1,200}' is denied|open(?:ed)?[^\n]{0,80}: permission denied|permission denied @ \w+ - /|\bis not writable\b"
                       r"|unable to write to the backend"
                       r"|(?:cannot|can't|could not|unable to) (?:create|open|touch|write|make|remove|access)[^\n]{0,160}: permission denied"
                       r"|\b(?:open|mkdir|create|touch|rename|remove|chmod|chown|stat|write|unlink) [‘'\"]?\S*/[^\n]{0,160}: permission denied"),
        "it may not write where it wants to: {said}",
        ("Mount a volume (an emptyDir will do for temporary files) at that path, or let it use another one.",
         "For a port below 1024: give it a higher one."), True, "no",
    ),
    Message(
        "LG02", _words(r"(?:(?-i:[A-Z]_PORT\b)|invalid|pars(?:e|ing)|strconv|NumberFormat|not a number|received|\bport [\"'])[^\n]{0,120}?"
                       r"\btcp://\d+\.\d+\.\d+\.\d+"
                       r"|\btcp://\d+\.\d+\.\d+\.\d+[^\n]{0,80}?(?:too many colons|invalid|not an? (?:number|integer|port)|pars(?:e|ing))"),
        "it takes a variable of a Service of this namespace for its own setting: {said}",
        ("Set enableServiceLinks: false for its pods: Kubernetes gives every pod variables such as NAME_PORT=tcp://... for the "
         "Services there are.",),
        True, "no",
    ),
    Message(
        "LG02", _words(r"\$\([A-Z][A-Z0-9_]+\)|invalid (?:database |redis |connection )?(?:url|uri|dsn|connection string)"
                       r"|invalid port(?: number)?|relative url without a base|failed to parse (?:as |\w+ )?url|could not parse \w+ url"
                       # Java, .NET, Node.js, Go, Python, libpq, redis-py, MongoDB, Prisma
                       r"|claims to not accept jdbcUrl|no suitable driver found for|format of the initialization string|ERR_INVALID_URL|first path segment in URL"
                       r"|port could not be cast to integer|missing \"=\" after \"|invalid integer value \"[^\"\n]*\" for connection option|must specify one of the following schemes"
                       r"|invalid (?:connection )?scheme, expected|must start with the protocol|(?:url|uri|dsn)\W{1,3}must start with|unknown (?:database )?scheme|malformed (?:uri|url)|MongoParseError"),
        "its address of a database or cache is not an address",
        (
            "A literal $(NAME) means that NAME is defined after the variable that uses it, or not at all.",
            "A password with one of / @ : # ? % has to be percent-encoded in an address.",
        ),
        True, "no",
    ),
    Message(
        "LG24", _words(r"unrecognized configuration parameter \"[^\"]+\"|invalid value for parameter \"[^\"]+\"|configuration file \"[^\"]*\" contains errors"
                       r"|parameter \"[^\"]+\" requires a|is outside the valid range for parameter|^>>> '[^\n]+'|bad directive or wrong number of arguments"),
        "a setting is not taken: {said}",
        ("Correct that setting where it comes from (a ConfigMap, or an argument of the server): its name, its value, and the version that knows it.",),
        True, "no",
    ),
    Message(
        "LG09", _words(r"(?<!ReferenceError: )(?-i:\b(?P<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b)\W{0,4}(?:(?:environment )?variable |env(?:ironment)? var )?"
                       r"(?:(?:is |was |has to be |must be |field )?(?:not set|unset|not found|not defined|undefined|missing|not present|required)|(?:must|has to|needs to) be set)\b"
                       r"|(?:missing|undefined|required|KeyError:)[^\n]{0,40}?(?-i:\b(?P<named>[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b)"
                       r"|\"?invalid_type\"?[^\n]{0,200}(?-i:\"(?P<path>[A-Z][A-Z0-9_]{2,})\")|environment variable not found|set the (?-i:[A-Z][A-Z0-9_]+) environment variable|validation errors? for \w+ \w+ field required|could not resolve placeholder '(?P<setting>[^'\n]{1,120})'"),
        "a variable that it needs is not set: {said}",
        ("Set it again, or go back to the revision that had it.",), True, "no",
    ),
    Message(
        # Go's crypto/x509, OpenSSL and libpq, Python, Node.js, Java, rustls, .NET
        "LG25", _words(r"x509: [^\n]{0,200}|certificate verify failed[^\n]{0,120}|CERTIFICATE_VERIFY_FAILED|self[- ]signed certificate|unable to verify the first certificate"
                       r"|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|CERT_HAS_EXPIRED|does not match certificate's altnames"
                       r"|server certificate for \"[^\"]+\"[^\n]{0,60} does not match host name|root certificate file \"[^\"]+\" does not exist"
                       r"|PKIX path (?:building|validation) failed|no subject alternative (?:names|DNS name) [^\n]{0,80}|invalid peer certificate"
                       r"|the remote certificate (?:is invalid|was rejected)|could not be verified by hostnameverifier|no name matching \S+ found"),
        "it does not trust the certificate of what it calls: {said}",
        ("An authority that it does not know: give it the CA's certificate (a mounted file; sslrootcert, SSL_CERT_FILE or the like).",
         "Expired, or for another name: have a new one issued, for the name that it calls."),
        True, "no", ("Don't switch the verification off: whoever stands between them could read and change everything.",),
    ),
    Message(
        # Vert.x and others that keep the reason to themselves
        "LG25", _words(r"\bSSL handshake failed\W*$"),
        "its TLS handshake with what it calls fails",
        ("See whether the server speaks TLS at that port, and whether its certificate is valid, for the name that is called, and of an authority that the program knows.",),
        True, "no", ("Don't switch the verification off: whoever stands between them could read and change everything.",), wrapper=True,
    ),
    Message(
        # V8, HotSpot, .NET, PHP, Ruby, Python, Go, BEAM, C++, Rust
        "LG26", _words(r"JavaScript heap out of memory|ineffective mark-compacts near heap limit|OutOfMemoryError: (?:Java heap space|Metaspace|GC overhead|Direct buffer)"
                       r"|(?:terminating|aborting) due to java\.lang\.OutOfMemoryError|System\.OutOfMemoryException|allowed memory size of \d+ bytes exhausted"
                       r"|failed to allocate memory|^MemoryError\b|\bNoMemoryError\b|runtime: out of memory|eheap_alloc: cannot allocate|std::bad_alloc"
                       r"|memory allocation of \d+ bytes failed|ERR_WORKER_OUT_OF_MEMORY"),
        "its runtime has used up the memory that it allows itself: {said}",
        ("Raise the runtime's own limit (-XX:MaxRAMPercentage or -Xmx; NODE_OPTIONS=--max-old-space-size; DOTNET_GCHeapHardLimit; memory_limit of PHP) together with the "
         "container's memory limit.", "If it comes back after a while, it keeps what it no longer needs: see what grows."),
        False, "no",
    ),
    Message(
        # Node.js, Python, Ruby, PHP, Java, the dynamic linkers of glibc and musl, databases' drivers
        "LG27", _words(r"cannot find (?:module|package) '[^'\n]+'|ERR_MODULE_NOT_FOUND|ModuleNotFoundError[^\n]{0,120}|no module named \S+|could not import module \"[^\"\n]+\""
                       r"|cannot load such file|\bdlopen\b[^\n]{0,80}cannot open|Bundler::GemNotFound|could not find \S+ in (?:any of the sources|locally installed gems)|could not find driver|Class \"[^\"\n]+\" not found"
                       r"|failed opening required '[^'\n]+'|could not find or load main class \S+|unable to access jarfile \S+|(?:ClassNotFoundException|NoClassDefFoundError)\b[^\n]{0,120}"
                       r"|no main manifest attribute|\bGLIBC(?:XX)?_[\d.]+' not found|error while loading shared libraries[^\n]{0,120}|error loading shared library[^\n]{0,120}"
                       r"|cannot open shared object file|could not load file or assembly[^\n]{0,120}|query engine (?:library )?for current platform|\b(?:[A-Z]\w*::)+\w+ is required (?:for|to|by)\b"),
        "its image has not all that the program needs: {said}",
        ("Go back to the image that ran, or build it again with what is missing: a module, a library, or the file that its command names.",
         "A volume that is mounted over the program's folder hides what the image has there."),
        True, "no",
    ),
    Message(
        # the API server's words (k8s.io/apimachinery, errors.NewForbidden), in any client
        "LG29", _words(r"User \"?system:serviceaccount:[^\n]{1,120} cannot (?P<verb>\w+) resource[^\n]{0,160}|is forbidden: User [^\n]{1,200}"),
        "its account may not do in the cluster what it tries: {said}",
        ("Give its ServiceAccount a Role with that verb and resource, and a RoleBinding in the namespace named; or set the account that has them.",),
        True, "no", ("Don't bind it to cluster-admin to get around one missing rule.",),
    ),
    Message(
        "LG30", _words(r"too many open files|\bEMFILE\b|\bENFILE\b|(?:inotify|fsnotify) (?:instances|watch(?:es|er))|number of inotify|unable to create (?:new )?native thread"
                       r"|pthread_create failed|(?:fork|clone)[^\n]{0,60}: resource temporarily unavailable|can't start new thread|failed to create new OS thread|\bnewosproc\b|\bENOSPC: System limit for number of file watchers"),
        "a limit of its processes is used up, and not memory: {said}",
        ("Open files: the program's own leak, or the runtime's limit (LimitNOFILE). Watches: fs.inotify of the node. Threads: the kubelet's podPidsLimit.",
         "Whoever runs the nodes can raise a limit; a number that only grows is the program's."),
        False, "unknown",
    ),
    Message(
        # S3's error codes (Amazon, MinIO, Ceph), Azure, Google Cloud
        "LG31", _words(r"InvalidAccessKeyId|SignatureDoesNotMatch|RequestTimeTooSkewed|NoSuchBucket|AuthorizationFailure|ContainerNotFound"
                       r"|access key id you provided does not exist|the specified bucket does not exist|could not find default credentials|no ?credential ?providers?|unable to locate credentials"),
        "the object store takes neither its key nor its bucket: {said}",
        ("Compare the key, the secret, the bucket and the address with those of the store; RequestTimeTooSkewed means that a clock is wrong.",), True, "no",
    ),
    Message(
        "LG05", _words(r"server does not (?:support|handle) (?:TLS|SSL)|SSL is not enabled on the server|SSL off|no encryption"
                       r"|wrong[_ ]version[_ ]number|tls handshake (?:failed|eof)|rejected SSL upgrade|refuse[sd] (?:TLS|SSL)|first record does not look like a TLS handshake"
                       r"|unsupported or unrecognized SSL message|SSL connection is required|insecure transport|disconnected before secure TLS connection was established|NoTlsError|no SSL enabled connection|InvalidContentType|packet length too long"
                       r"|cannot determine the frame size|when SSL support is not compiled in|(?-i:\bP1011\b)"),
        "it wants TLS and the server it calls has none, or the other way round",
        ("Set the sslMode of the connection to what the server does, or switch TLS on there.",), True, "no",
    ),
    Message(
        "LG03", _words(r"could not translate host name|failed to (?:look ?up address information|resolve)"
                       r"|\blookup \S+(?: on \S+)?: (?:no such host|i/o timeout|server misbehaving|(?:read|dial) udp|no answer|device or resource busy)"
                       r"|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|cannot resolve|name or service not known"
                       r"|temporary failure in name resolution|no such host|name resolution|nodename nor servname|NXDOMAIN|UnknownHostException|name does not resolve"
                       # nginx, HAProxy, Kafka, curl, MySQL, PHP, glibc, Java's NIO, .NET
                       r"|host not found in (?:upstream|resolver)|(?:could ?n[o']t|could not|unable to) resolve (?:host|address|server|hostname)\b|no resolvable bootstrap urls|DNS resolution failed"
                       r"|unknown MySQL server host|getaddrinfo(?: for \S+)?(?:\(\))?:? failed|getaddrinfo: |no address associated with hostname|UnresolvedAddressException"
                       r"|SocketException \(\d+, 11\)|\(SocketError\)"
                       r"|bad address '"),
        "the name {host} does not resolve",
        ("Correct the host of the connection, or make the Service of that name.",
         "If other names do not resolve either, it is the cluster's DNS."), False, "unknown", waits=True,
    ),
    Message(
        "LG21", _words(r"pool timed? ?out|PoolTimedOut|timed out (?:while )?waiting for an? (?:open|free|idle)? ?connection"
                       r"|connection is not available, request timed out|QueuePool limit of|TimeoutError: ResourceRequest timed out"
                       r"|timeout exceeded when trying to connect|(?:acquiring|obtaining|getting) (?:a )?connection from (?:the )?pool"
                       r"|couldn't get a connection after|timed out fetching a new connection|ConnectionAcquireTimeoutError|could not obtain a connection from the pool"
                       r"|pooled connections were in use|pool initialization incomplete|timeout acquiring a connection|request was dropped from queue|obtaining a connection from the pool|connection pool has been exhausted"
                       r"|timeout waiting for (?:idle object|connection from pool)|pool exhausted|(?-i:\bP2024\b)"),
        "its pool got no connection to {host} in time",
        ("If nothing answers there: see whether it runs, is ready and may be reached.",
         "If it answers: it is slow, or all connections are in use. See what the database does, and the size of the pool."),
        False, "unknown", waits=True, wrapper=True,
    ),
    Message(
        "LG04", _words(r"connection refused|ConnectionRefusedError|connect call failed|connect(?:ion)?(?: attempt)? timed out|ECONNREFUSED|ETIMEDOUT|no route to host|i/o timeout"
                       r"|could not connect to (?:\w+ )?server|connection to server at [^\n]{0,250}failed(?=\s*$|: (?:\w+ timed out|timeout|host is|server closed|could not|connection))"
                       r"|timed out (?:while )?connecting|EHOSTUNREACH|network is unreachable"
                       # Prisma, Npgsql, Lettuce and Jedis, redis-py, psycopg, node-postgres, StackExchange.Redis
                       r"|can't reach database server|failed to connect to (?:any host|\[?[\d.:]+\]?:\d+)|unable to connect to \S+:\d+|timeout connecting to server"
                       r"|connection timeout expired|connection terminated due to connection timeout|not possible to connect to the redis server"
                       # MySQL, Prisma, Kafka, curl, .NET, Rust
                       r"|CONNECT_TIMEOUT"
                       r"|communications link failure|can't connect to (?:local )?(?:MySQL )?server|(?-i:\bP1001\b|\bP1017\b)|could not be established\. (?:broker|node) may not be available"
                       r"|all broker connections are down|failed to connect to \S+ port \d+|host is unreachable|operation timed out|timeout(?: was)? reached|server selection timed? ?out"
                       r"|no servers? (?:available|found)"),
        "nothing answers at {host}",
        ("See whether what it calls runs and is ready, and whether the port is right.",), False, "unknown", waits=True,
    ),
    Message(
        # what a client says once its connection is away, and no more
        "LG04", _words(r"connection reset\b|ECONNRESET|\bEPIPE\b|broken pipe|(?:socket|read) error on (?:read socket|connection)|socket hang up|server (?:has )?closed the connection"
                       r"|connection (?:was )?closed (?:by|unexpectedly)|connection was aborted|i/o error: end of file|unexpected EOF|connection is closed|max retries per request|socket closed unexpectedly|the client is closed|unexpected end of stream|\b(?:redis|database|store|cache|broker|connect\w*|ping|dial)\b[^\n]{0,60}: EOF$"
                       r"|\btimed ?out\W*$|timeout expired|deadline exceeded|timeout reading from socket|^(?:asyncio\.(?:exceptions\.)?)?TimeoutError\W*$|read timed out|error while (?:reading from|writing to) \w+ server"
                       r"|(?:^|Caused by: |Connect\w{0,24}Exception: )java\.util\.concurrent\.TimeoutException\W*$"),
        "{host} closes its connection, or does not answer in time",
        ("See whether what it calls runs and is ready, whether the port is right, and what its own log says.",
         "Where one side speaks TLS and the other does not, this is all that is seen of it."), False, "unknown", waits=True, wrapper=True,
        unless=_words(r"\bclient (?:closed|disconnected|aborted|connection|prematurely|request)|(?:from|to|reading) client|ClientAbort|handshake error from|processing request"
                      r"|uwsgi_|\b(?:during|while serving|request:?) \"?(?:GET|POST|PUT|HEAD|PATCH|DELETE)\b|\"(?:GET|POST|PUT|HEAD|PATCH|DELETE) /"),
    ),
    Message(
        # nginx, HAProxy, Apache httpd, Envoy, Caddy, Prometheus; parsers of YAML, TOML, XML and JSON; Viper, Spring
        "LG24", _words(r"unknown directive|invalid number of arguments in|unexpected \"[^\"\n]+\" in /|unrecognized directive|syntax error on line \d+ of /|invalid command '[^'\n]+', perhaps misspelled"
                       r"|config(?:uration)? ?: parsing \[|missing LF on last line|error initializing config|no such field: |field \S+ not found in type|yaml: (?:line \d+|unmarshal errors)"
                       r"|did not find expected|mapping values are not allowed|SAXParseException|TOML parse error|toml: |YAMLException|while parsing a (?:block|flow)"
                       r"|(?:error|failure) (?:while |when )?(?:parsing|loading|reading|unmarshal\w+|decoding) (?:the )?[\w ]{0,24}config\w*|(?:failed|unable|could not|cannot|couldn't) (?:to )?(?:parse|load|read|unmarshal|decode) (?:the )?[\w ]{0,24}config\w*"
                       r"|invalid configuration|bad configuration|configuration (?:error|is invalid|file is invalid)|(?:config|settings)[^\n]{0,40}\.json[^\n]{0,80}(?:unexpected token|JSON)"),
        "its configuration is not taken: {said}",
        ("Correct the file or the setting at the place that it names; a ConfigMap is mounted again when its pods start anew.",), True, "no", wrapper=True,
    ),
)  # fmt: skip
"""The most specific messages first. Their words are those of PostgreSQL, Redis, libc and the usual clients."""
