import os
import urllib.parse

scheme = "rediss" if os.environ["REDIS_TLS"] == "yes" else "redis"
login = f"{os.environ.get('REDIS_USERNAME', '')}:{urllib.parse.quote(os.environ.get('REDIS_PASSWORD', ''))}@"
options = "?socket_timeout=3&socket_connect_timeout=3"
if scheme == "rediss":
    options += f"&ssl_ca_certs={os.environ.get('REDIS_CA', '')}"
place = f"{os.environ['REDIS_HOST']}:{os.environ['REDIS_PORT']}/{os.environ['REDIS_DB']}"
URL = f"{scheme}://{login if login != ':@' else ''}{place}{options}"
