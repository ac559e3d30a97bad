import os

KEY = os.environ["PRICING_API_KEY"]


def app(environ, start_response):
    start_response("200 OK", [])
    return [KEY.encode()]
