"""The words of an API server that is overloaded, or whose etcd is."""

from __future__ import annotations

import re
from typing import Final

# Words: etcd api/v3rpc/rpctypes/error.go; apimachinery pkg/api/errors (NewGenericServerResponse for 429 and 504); apiserver
# pkg/endpoints/handlers/finisher, pkg/server/filters/timeout.go and pkg/admission/plugin/webhook.
_OVERLOADED: Final = re.compile(
    r"etcdserver: (?:request timed out|leader changed|too many requests|no leader|server stopped|unhealthy cluster)"
    r"|request did not complete within (?:the )?(?:requested|allotted) timeout"
    r"|the server was unable to return a response in the time allotted"
    r"|the server has received too many requests and has asked us to try again later"
)


def told(message: str) -> bool:
    """Whether a message says so. A context deadline alone does not: that is anybody's."""
    return _OVERLOADED.search(message) is not None
