"""Clients of AWS services whose requests a function answers, as they are on the wire."""

import io
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

Answer = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]
"""Returns the status, headers and body for a method, target, headers and body."""


def client_answered_by(service: str, answer: Answer) -> Any:
    client = boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="caller",
        aws_secret_access_key="test",
        endpoint_url="http://aws.test",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def take(request: Any, **_event: Any) -> AWSResponse:
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        body = body.encode() if isinstance(body, str) else body
        url = urlsplit(request.url)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        status, answered, content = answer(request.method, f"{url.path}?{url.query}", headers, body)
        raw = io.BytesIO(content)
        raw.stream = lambda *_: iter([content])  # type: ignore[attr-defined]
        return AWSResponse(request.url, status, answered, raw)

    client.meta.events.register("before-send", take)
    return client


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
