import os
import sys

import django
from django.conf import settings

options = {"sslmode": os.environ["DB_SSLMODE"], "connect_timeout": int(os.environ["TIMEOUT"])}
if root := os.environ.get("DB_SSLROOTCERT"):
    options["sslrootcert"] = root
database = {
    "ENGINE": "django.db.backends.postgresql", "HOST": os.environ["DB_HOST"], "PORT": os.environ["DB_PORT"],
    "USER": os.environ["DB_USER"], "PASSWORD": os.environ.get("DB_PASSWORD", ""), "NAME": os.environ["DB_NAME"],
    "OPTIONS": options,
}
settings.configure(DATABASES={"default": database}, INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
django.setup()

if os.environ.get("MIGRATE"):
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "migrate", "--noinput"])
else:
    from django.db import connection

    print("Performing system checks...", file=sys.stderr, flush=True)
    with connection.cursor() as cursor:
        cursor.execute(os.environ["STATEMENT"])
