import os
import pathlib
import tempfile

from alembic import command
from alembic.config import Config
from sqlalchemy import URL

folder = pathlib.Path(tempfile.mkdtemp())
(folder / "versions").mkdir()
(folder / "versions" / "0001_usage.py").write_text(
    "import os\nfrom alembic import op\nrevision = '0001'\ndown_revision = None\n\n\n"
    "def upgrade():\n    op.execute(os.environ['STATEMENT'])\n"
)
(folder / "env.py").write_text(
    "import logging, sys\nfrom alembic import context\nfrom sqlalchemy import create_engine\n"
    "logging.basicConfig(level=logging.INFO, format='%(levelname)-5.5s [%(name)s] %(message)s')\n"
    "with create_engine(context.config.attributes['url']).connect() as connection:\n"
    "    context.configure(connection=connection)\n"
    "    with context.begin_transaction():\n        context.run_migrations()\n"
)
options = {"sslmode": os.environ["DB_SSLMODE"], "connect_timeout": os.environ["TIMEOUT"]}
config = Config()
config.set_main_option("script_location", str(folder))
config.attributes["url"] = URL.create(
    "postgresql+psycopg2", os.environ["DB_USER"], os.environ.get("DB_PASSWORD"), os.environ["DB_HOST"],
    int(os.environ["DB_PORT"]), os.environ["DB_NAME"], options,
)
command.upgrade(config, "head")
