"""Clients of AWS services, created once per container.

botocore is used without boto3, which would slow down every cold start and is not needed.
"""

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

import botocore.session
from botocore.config import Config

# A function runs for seconds: these timeouts leave time for a retry.
_TIMEOUTS = Config(connect_timeout=2, read_timeout=10)
_WITH_RETRIES = _TIMEOUTS.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}))
# Every region accepts this signature of presigned links; botocore's default depends on the region. Without this style
# of addresses, links name no region. S3 redirects those to a new bucket, which breaks their signature (boto3#4768).
_SIGNING = {"s3": Config(signature_version="s3v4", s3={"addressing_style": "virtual"})}
# A send without a response may have been accepted: only the caller can decide to send again.
_WITHOUT_RETRIES = _TIMEOUTS.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


_creating = Lock()


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


class _LazyClient:
    """A client that is created at its first use.

    Creating one takes up to a tenth of a cold start, and few invocations use every client of their function. Several
    threads can use the client, but only one may create it, because botocore's session is not safe for threads.
    """

    def __init__(self, create: Callable[[], Any]) -> None:
        self._client = cache(create)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of the client
        with _creating:
            client = self._client()
        return getattr(client, name)


@cache
def client(service: str, *, retries: bool = True) -> Any:  # noqa: ANN401 - botocore creates its clients at run time
    """Return the client of a service, such as ``sesv2``. Endpoint and region come from the environment.

    Without ``retries``, every call is tried once.
    """
    config = (_WITH_RETRIES if retries else _WITHOUT_RETRIES).merge(_SIGNING.get(service, Config()))
    return _LazyClient(lambda: _session().create_client(service, config=config))
