"""Messages of real programs are shown whole; what a name or a shape tells to be a secret is masked."""

from __future__ import annotations

import base64

import pytest

from wizard.core.text.redaction import MASK, hide, telling

SHOWN_WHOLE = [
    # container runtimes and registries, as the kubelet passes them on
    'Failed to pull image "ghcr.io/acme/api:1.2": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'failed to pull and unpack image "docker.io/acme/api:1": failed to resolve reference "docker.io/acme/api:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    "Error response from daemon: pull access denied for acme/api, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    'failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?scope=repository%3Aacme%2Fapi%3Apull&service=registry.docker.io: 401 Unauthorized',
    "failed to fetch oauth token: unexpected status: 403 Forbidden",
    "unauthorized: authentication required",
    "unauthorized: incorrect username or password",
    "denied: Permission denied for \"latest\" from request \"/v2/acme/api/manifests/latest\".",
    'WWW-Authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:acme/api:pull"',
    'www-authenticate: Basic realm="Registry Realm"',
    "no basic auth credentials",
    "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.",
    "Back-off pulling image \"registry.example.com:5000/acme/api@sha256:0f3a9b1c\"",
    'Error: ImagePullBackOff: pulling oci://registry.example.com:5000/charts/api@sha256:0f3a9b1c failed',
    # kubelet
    'MountVolume.SetUp failed for volume "tls" : secret "api-tls" not found',
    'Error: secret "llm-cost-ops-app-credentials" not found',
    "Error: couldn't find key jwt-secret in Secret default/llm-cost-ops-app-credentials",
    'couldn\'t find key jwt-secret in Secret "default/app"',
    "MountVolume.SetUp failed for volume \"kube-api-access-x2x4q\" : failed to fetch token: serviceaccounts \"api\" not found",
    'failed to sync secret cache: timed out waiting for the condition',
    'references non-existent secret key: password',
    '"Unable to retrieve pull secret, the image pull may not succeed." pod="default/api-0" secret="default/reg-cred" err="secret \\"reg-cred\\" not found"',
    "Liveness probe failed: HTTP probe failed with statuscode: 401",
    "Readiness probe failed: Get \"http://10.244.0.9:8080/health\": dial tcp 10.244.0.9:8080: connect: connection refused",
    'spec.containers[app].env[DB_PASSWORD]: (none) -> {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"key": "password"}}}',
    "  DB_PASSWORD:  <set to the key 'password' in secret 'llm-cost-ops-postgresql-credentials'>  Optional: false",
    # Kubernetes API
    "Unauthorized: the server has asked for the client to provide credentials",
    'secrets "app" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "prod"',
    "serviceaccounts is forbidden: exceeded quota: compute, requested: secrets=1, used: secrets=10, limited: secrets=10".replace("secrets=", "count/"),
    'error: You must be logged in to the server (the server has asked for the client to provide credentials)',
    'Deployment.apps "api" is invalid: spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value',
    'spec.template.spec.imagePullSecrets[0].name: Invalid value: "": must be set',
    "tokenreviews.authentication.k8s.io is forbidden: token: expired",
    "invalid bearer token, Token has been invalidated",
    "invalid bearer token, service account token has expired",
    # helm
    "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
    "Error: INSTALLATION FAILED: execution error at (llm-cost-ops/templates/secret.yaml:4:4): postgresql.auth.password or postgresql.auth.existingSecret is required",
    'Error: query: failed to query with labels: secrets is forbidden: User "view" cannot list resource "secrets"',
    "Error: failed to login: authorization failed: no basic auth credentials",
    "coalesce.go:286: warning: cannot overwrite table with non table for api.auth.password (map[])",
    'Error: values don\'t meet the specifications of the schema(s): - at \'/jwt/secret\': minLength: got 3, want 32',
    # Postgres
    'FATAL:  password authentication failed for user "llm_cost_ops"',
    'DETAIL:  Role "app" does not exist. Connection matched pg_hba.conf line 100: "host all all all scram-sha-256"',
    "FATAL:  no pg_hba.conf entry for host \"10.0.0.7\", user \"app\", database \"app\", no encryption",
    "Error: Database is uninitialized and superuser password is not specified. You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.",
    'psycopg2.OperationalError: connection to server at "db" (10.96.0.12), port 5432 failed: fe_sendauth: no password supplied',
    'ERROR:  duplicate key value violates unique constraint "users_pkey"',
    "DETAIL:  Key (id)=(42) already exists.",
    "password: incorrect",
    # Redis
    "WRONGPASS invalid username-password pair or user is disabled.",
    "NOAUTH Authentication required.",
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    "redis.exceptions.AuthenticationError: invalid password",
    # Go and Python programs
    "x509: certificate signed by unknown authority",
    "tls: failed to find any PEM data in key input",
    "tls: private key does not match public key",
    "token: expired",
    "secret: not found",
    "jwt: token is expired by 3m20s",
    "jwt.exceptions.InvalidSignatureError: Signature verification failed",
    "KeyError: 'JWT_SECRET'",
    "pydantic_core.ValidationError: 1 validation error for Settings jwt_secret Field required [type=missing, input_value={}, input_type=dict]",
    "panic: open /etc/secrets/password: no such file or directory",
    "oauth2: cannot fetch token: 400 Bad Request Response: invalid_grant",
    'level=info msg="token refreshed" component=auth expires_in=3600 token_type=bearer',
    "level=info prompt_tokens=1840 completion_tokens=212 total_tokens=2052 model=gpt-4o cost_usd=0.0142",
    "usage: max_tokens: 4096, tokens: 512",
    "openai.AuthenticationError: Error code: 401 - incorrect API key provided",
    "cache_key=report:2026-11 hit=true primary_key=42",
    "dial https://registry.example/v2/: connect: connection refused; git@github.com is not asked",
    "postgres://app@db:5432/costs does not answer; see http://10.0.0.9:8080/docs?mail=a@b.example",
    "postgres://postgres:$(DB_PASSWORD)@db:5432/x",
    "ALTER ROLE app PASSWORD is needed",
    # our own lines
    "llm-cost-ops-wizard install --preset dev --secret-file jwt=./jwt.txt --secret-file postgres=/run/keys/pg",
    "llm-cost-ops-wizard upgrade --existing-secret jwt=app-jwt --answer secret.redis=generate --answer secret.jwt.file=./jwt.txt",
    "kubectl create secret generic llm-cost-ops-app-credentials --from-file=jwt-secret=./jwt.txt -n llm-cost-ops",
    "data.key: changed, not shown",
    "Secret/llm-cost-ops-app-credentials created with jwt-secret, smtp-password",
]  # fmt: skip


@pytest.mark.parametrize("message", SHOWN_WHOLE, ids=lambda text: text[:40])
def test_a_message_that_speaks_of_secrets_and_holds_none_is_shown_whole(message: str) -> None:
    assert hide(message) == message


C = "Canary7x"
"""What must not be seen; a word with a digit, as a weak password is."""
KEY = f"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA{C}abcdefghij\n{C}\n-----END RSA PRIVATE KEY-----"
BYTES = " ".join(str(byte) for byte in KEY.encode())

MASKED = [
    # addresses
    f"postgres://app:{C}@db:5432/x", f"redis://:{C}/a#s@cache:6379", f"bad url postgres://app:{C}/host", f"http://{C}@proxy:3128",
    f"https://user:p%40{C}%2F@api.example.com/v1", f"amqps://svc:{C}@mq:5671/%2F", f"mongodb+srv://u:{C}@h1,h2/db?retryWrites=true",
    f"https%3A%2F%2Fuser%3A{C}%40api.example.com", f"HTTPS_PROXY=http://u:a/{C}@proxy.example.com:3128", f"https_proxy: u:a/{C}@proxy:3128",
    f'parse "postgres://app:{C}#x@db": invalid port ":{C}" after host', f"Get \"https://u:{C}@10.0.0.1:6443/api\": EOF",
    f"sqlalchemy.exc.OperationalError: mysql+pymysql://root:{C}@db/x (Background on this error)",
    # headers
    f"Authorization: Bearer {C}.def", f"authorization: basic {C}==", f"Authorization: token {C}", f"Proxy-Authorization: Basic {C}=",
    f'map[Authorization:[Bearer {C}]]', f"-H 'Authorization: Bearer {C}'", f'{{"authorization":"Bearer {C}"}}', f"sent Bearer {C}q9 to api",
    f"X-Api-Key: {C}", f"Cookie: {C}=; path=/", f"Set-Cookie: {C}",
    # tokens that are marked
    f"ghp_{C}0123456789abcdefghij", f"glpat-{C}0123456789ab", f"xoxb-{C}-1234567890", "AKIACANARY7X00000", f"eyJhbGciOiJIUzI1NiJ9.{C}eyJ.{C}sig",
    f"sk-proj-{C}0123456789", f"sk_live_{C}0123456", f"hvs.{C}0123456789abcdef", f"npm_{C}0123456789abcdefghij", f"sha256~{C}0123456789abcdefghijk",
    # keys
    KEY, KEY.replace("\n", "\\n"), KEY.replace("\n", "\u23ce"), KEY[:90], base64.b64encode(KEY.encode()).decode(),
    f"{{admin {{[] [{BYTES}] }}}}", "[]byte{" + ", ".join(hex(byte) for byte in KEY.encode()) + "}",
    # assignments
    f"password={C} user=app", f'{{"db_password": "{C}", "port": 1}}', f"api_key: {C}, next", f"DB_PASSWORD={C}", f"export PGPASSWORD='{C}'",
    f"host=db user=app password={C} sslmode=disable", f"password: {C}", f"  adminPassword: {C}", f'client_secret = "{C} with words"',
    f'{{\\"token\\":\\"{C}\\"}}', f"Settings(jwt_secret='{C}', port=8080)", f"map[password:{C} user:app]", f"&{{Password:{C} User:app}}",
    f"?access_token={C}&page=2", f"private_key: {C}", f"SESSION_TOKEN => {C}", f"refresh-token: '{C}'", f"level=error password=\"{C} x\" n=1",
    f"helm upgrade x --set db.password={C}", f"--from-literal=password={C}", f"mysql --password={C}", f"vault login --token {C}",
    f"ALTER ROLE app WITH PASSWORD '{C}'", f"CREATE USER u IDENTIFIED BY '{C}'", f"FILE_TOKEN={C}", f"REFRESH_TOKEN={C}", f"USERNAME_PASSWORD={C}",
    # pairs
    f"- name: DB_PASSWORD\n  value: {C}", f'{{"name":"DB_PASSWORD","value":"{C}"}}', f'{{"value":"{C}","name":"DB_PASSWORD"}}',
    f"{{key: api-token, value: {C}}}", f"map[name:DB_PASSWORD value:{C}]", f'{{\\"name\\":\\"DB_PASSWORD\\",\\"value\\":\\"{C}\\"}}',
    f"{{Name:DB_PASSWORD Value:{C} ValueFrom:nil}}", f"name: DB_PASSWORD\u23ce  value: {C}", f'  - name: "SMTP_PASSWORD"\n    value: "{C} two"',
]  # fmt: skip


@pytest.mark.parametrize("message", MASKED, ids=lambda text: text[:40])
def test_a_secret_that_its_name_or_its_shape_tells_is_masked(message: str) -> None:
    shown = hide(message)
    assert MASK in shown
    assert "canary7x" not in shown.lower()
    assert shown.count("\n") == message.count("\n"), "lines stay lines"
    assert hide(shown) == shown


def test_a_masked_text_keeps_what_is_no_secret() -> None:
    assert hide("password=hunter2 user=app") == f"password={MASK} user=app"
    assert hide('{"db_password": "hunter2", "port": 1}') == f'{{"db_password": "{MASK}", "port": 1}}'
    assert hide("Authorization: Bearer abc.def") == f"Authorization: Bearer {MASK}"
    assert hide("redis://:p/a#s@cache:6379") == f"redis://:{MASK}@cache:6379"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            "password DB_PASSWORD dbPassword PGPASSWORD smtp-password jwt.secret client_secret apiKey API_KEY ACCESS_KEY_ID_SECRET REFRESH_TOKEN PROFILE_TOKEN "
            "USERNAME_PASSWORD CLASSIFIER_API_KEY client-key-data DATABASE_URL Authorization OLD_PASSWORD_2 ENCRYPTION_KEY secretKey tokens",
            True,
        ),
        (
            "existingSecret secretName passwordFile PASSWORD_FILE secretRef imagePullSecret imagePullSecrets topologyKey cacheKey cache_key public_key key "
            "tokenPath createSecret automountServiceAccountToken checksum/secret LOG_LEVEL bypass compass monkey name TOKEN_TTL author",
            False,
        ),
    ],
)
def test_the_last_word_of_a_name_tells(names: str, told: bool) -> None:
    assert [name for name in names.split() if telling(name) is not told] == []
