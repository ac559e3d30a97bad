import acme_pricing_rules


def app(environ, start_response):
    return acme_pricing_rules.answer(environ, start_response)
