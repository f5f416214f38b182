"""Clients of AWS services, made once per container.

botocore is used as it is: its higher layer boto3 would add to every cold start and is not needed.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

# A function has seconds, not minutes: connect and read deadlines leave room for a retry.
_TIMEOUTS = Config(connect_timeout=2, read_timeout=10)
_RETRYING = _TIMEOUTS.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}))
# Presigned links in the form that every region takes; botocore's own choice depends on the region.
_SIGNING = {"s3": Config(signature_version="s3v4")}
# A send whose answer was lost may have been taken: only the caller can decide to send again.
_ONCE = _TIMEOUTS.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


class _WhenUsed:
    """A client that is made when something is first asked of it.

    Making one costs as much as a tenth of a cold start, and few invocations use all that their function may.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._made = cache(make)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        return getattr(self._made(), name)


@cache
def client(service: str, *, once: bool = False) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
    """Return the client of a service, such as ``sesv2``; endpoint and region come from the environment.

    ``once`` makes it try every call a single time.
    """
    config = (_ONCE if once else _RETRYING).merge(_SIGNING.get(service, Config()))
    return _WhenUsed(lambda: _session().create_client(service, config=config))
