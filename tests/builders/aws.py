"""Clients of AWS services that answer what a test says, to the very calls that it expects."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.stub import Stubber


@cache
def _client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


@contextmanager
def stubbed(service: str) -> Iterator[tuple[Any, Stubber]]:
    """Return a client and its stub: every call must be expected, and what is expected must be called.

    The stub also checks every call and every answer against AWS's own model of the service.
    """
    client = _client(service)
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def errors_of(service: str, operation: str) -> list[str]:
    """Return the codes of the errors that AWS's model names for an operation."""
    shapes = _client(service).meta.service_model.operation_model(operation).error_shapes
    return sorted((shape.metadata.get("error") or {}).get("code", shape.name) for shape in shapes)
