"""Troubles that need no server; the first argument says which."""

import http.server
import json
import os
import pathlib
import sys


def port():
    host, number = os.environ["LISTEN"].rsplit(":", 1)
    http.server.HTTPServer((host, int(number)), http.server.BaseHTTPRequestHandler).serve_forever()


def file():
    pathlib.Path(os.environ["CONFIG"]).read_text()


def config_json():
    json.loads(pathlib.Path(os.environ["CONFIG"]).read_text())


def config_yaml():
    import yaml

    yaml.safe_load(pathlib.Path(os.environ["CONFIG"]).open())


def write():
    with open(os.environ["OUTPUT"], "w") as output:
        output.write("1")


def module():
    import acme_pricing_rules  # noqa: F401


def library():
    import ctypes

    ctypes.CDLL("libodbc.so.2")


def environment():
    print(os.environ["PRICING_API_KEY"])


def pydantic():
    from pydantic_settings import BaseSettings

    class Settings(BaseSettings):
        pricing_api_key: str

    Settings()


def types():
    prices = None
    prices["gpt"]


print("cost-api 1.0 starting", flush=True)
globals()[sys.argv[1]]()
