"""What each function is told by its environment; read here and nowhere else, once per container.

Named tuples, because making the class of one is a tenth of a data class's part in a cold start.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from undelivered.services.record_feedback import AccountMapping


class SettingsError(Exception):
    """A function's environment lacks something or holds what cannot be read; the text names it."""


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"the environment variable {name} is not set")
    return value


TABLES = ("undelivered", "history", "counts", "notifications", "customers", "suppressions", "accounts")


def table_names(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the tables' names from ``<TABLE>_TABLE``; raises SettingsError for one that is missing."""
    return {table: _required(environment, f"{table.upper()}_TABLE") for table in TABLES}


class SendingSettings(NamedTuple):
    """What the sending functions need: how mail goes out, whom it is from, and where its links lead."""

    configuration_set: str
    resend_configuration_set: str
    sender: str
    signing_secret_arn: str
    public_url: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings; raises SettingsError for one that is missing."""
        return cls(
            _required(environment, "CONFIGURATION_SET"),
            _required(environment, "RESEND_CONFIGURATION_SET"),
            _required(environment, "SENDER"),
            _required(environment, "SIGNING_SECRET_ARN"),
            _required(environment, "PUBLIC_URL"),
        )


class AnnouncementSettings(NamedTuple):
    """Where changes of items are announced, and whether addresses are told."""

    topic_arn: str
    with_address: bool

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings; raises SettingsError for one that is missing."""
        return cls(_required(environment, "OUTCOME_TOPIC_ARN"), environment.get("ANNOUNCE_ADDRESSES") == "true")


def _origins(text: str) -> frozenset[str]:
    """Return origins separated by commas; raises SettingsError for one that is none: a typo would open nothing."""
    origins = frozenset(origin for each in text.split(",") if (origin := each.strip()))
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}" or "*" in origin:
            raise SettingsError(f"ALLOWED_ORIGINS: {origin!r} is not an origin, for example https://app.example.com")
    return origins


class ApiSettings(NamedTuple):
    """What the API needs: whose tokens are believed, and what its own links are signed with."""

    cognito_issuer: str
    cognito_client_ids: tuple[str, ...]
    cognito_jwks_url: str
    signing_secret_arn: str
    allowed_origins: frozenset[str] = frozenset()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings; raises SettingsError for one that is missing."""
        return cls(
            _required(environment, "TOKEN_ISSUER"),
            (_required(environment, "CONSOLE_CLIENT_ID"), _required(environment, "HOST_CLIENT_ID")),
            environment.get("TOKEN_KEYS_URL", ""),
            _required(environment, "SIGNING_SECRET_ARN"),
            _origins(environment.get("ALLOWED_ORIGINS", "")),
        )


class ExportSettings(NamedTuple):
    """Where exports are kept, and the function that writes them."""

    bucket: str
    function: str

    @classmethod
    def read(cls, environment: Mapping[str, str], *, function: str = "EXPORT_FUNCTION") -> Self:
        """Return the settings, the function's name from the variable ``function``.

        Raises SettingsError for one that is missing.
        """
        return cls(_required(environment, "EXPORTS_BUCKET"), _required(environment, function))


def account_mapping(environment: Mapping[str, str]) -> "AccountMapping":
    """Return whose mail it is that carries no tags: ``DEFAULT_ACCOUNT_ID`` and the JSON in ``ACCOUNT_MAPPING``."""
    from undelivered.services.record_feedback import AccountMapping

    default = _required(environment, "DEFAULT_ACCOUNT_ID")
    try:
        told = json.loads(environment.get("ACCOUNT_MAPPING") or "{}")
        return AccountMapping(default, dict(told.get("tenants", {})), dict(told.get("identities", {})))
    except (ValueError, TypeError, AttributeError) as error:
        raise SettingsError('ACCOUNT_MAPPING must have the form {"tenants": {…}, "identities": {…}}') from error


def erasure_secret(environment: Mapping[str, str]) -> str:
    """Return the ARN of the secret that stands behind keyed hashes; raises SettingsError when it is missing."""
    return _required(environment, "ERASURE_SECRET_ARN")


def exports_bucket(environment: Mapping[str, str]) -> str:
    """Return the name of the bucket that exports are in; raises SettingsError when it is missing."""
    return _required(environment, "EXPORTS_BUCKET")


def queue_url(environment: Mapping[str, str], name: str) -> str:
    """Return a queue's URL; raises SettingsError when the variable is missing."""
    return _required(environment, name)


class ConsoleSettings(NamedTuple):
    """What the console is told: as whom it asks for tokens, and where."""

    client_id: str
    sign_in_url: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings; raises SettingsError for one that is missing."""
        return cls(_required(environment, "CONSOLE_CLIENT_ID"), _required(environment, "SIGN_IN_URL").rstrip("/"))
