"""What the probe's container runs: PostgreSQL's own programs, whose words `words.py` reads. Nothing is written in the database."""

from __future__ import annotations

from typing import Final

BEGIN: Final = "probe: pg_isready"
LOGIN: Final = "probe: psql"
END: Final = "probe: ended"

_FACTS: Final = """
SELECT fact FROM (VALUES
  (1, 'version=' || current_setting('server_version')),
  (2, 'number=' || current_setting('server_version_num')),
  (3, 'tls=' || coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), '')),
  (4, 'recovery=' || pg_is_in_recovery()),
  (5, 'read_only=' || current_setting('transaction_read_only')),
  (6, 'schema=' || coalesce(current_schema(), '')),
  (7, 'create=' || coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)),
  (8, 'connections=' || (SELECT sum(numbackends) FROM pg_stat_database)),
  (9, 'most=' || (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int)),
  (10, 'of_database=' || (SELECT datconnlimit FROM pg_database WHERE datname = current_database())),
  (11, 'of_role=' || (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)),
  (12, 'tables=' || (SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()))
) AS found(place, fact) ORDER BY place
"""
# One line and no double quotes, as it stands between those of the shell.
SCRIPT: Final = f"""\
echo '{BEGIN}'
echo "client=$(psql --version)"
pg_isready -t 5 2>&1
echo '{LOGIN}'
psql -XwAtq -v ON_ERROR_STOP=1 -c "{" ".join(_FACTS.split())}" 2>&1
echo '{END}'
"""
"""Reads where it connects from the variables of libpq; ends within 15 s for a name with one address."""
