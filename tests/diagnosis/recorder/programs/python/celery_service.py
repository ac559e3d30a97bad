import os
import urllib.parse

from celery import Celery

scheme = "rediss" if os.environ["REDIS_TLS"] == "yes" else "redis"
login = f"{os.environ.get('REDIS_USERNAME', '')}:{urllib.parse.quote(os.environ.get('REDIS_PASSWORD', ''))}@"
query = f"?ssl_cert_reqs=required&ssl_ca_certs={os.environ.get('REDIS_CA', '')}" if scheme == "rediss" else ""
app = Celery(
    "reports",
    broker=f"{scheme}://{login if login != ':@' else ''}{os.environ['REDIS_HOST']}:{os.environ['REDIS_PORT']}/{os.environ['REDIS_DB']}{query}",
)
app.conf.broker_connection_retry_on_startup = os.environ.get("RETRY", "") == "yes"
app.conf.broker_connection_max_retries = 2
app.conf.broker_transport_options = {"socket_timeout": 3, "socket_connect_timeout": 3}
