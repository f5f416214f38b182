"""The likely spelling of an email address, to show before the address is saved."""

from typing import Annotated

import msgspec

from undelivered.domain.address_suggestions import suggest_address
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route


class SpellingQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address as it was written."""

    address: Annotated[str, msgspec.Meta(max_length=320, description="An email address.", examples=["ada@gmial.com"])]


class Spelling(msgspec.Struct, frozen=True):
    """The address that was probably meant, null if there is no typo of a well-known domain."""

    suggestion: str | None


def suggest_spelling(request: ApiRequest) -> ApiResponse:
    """Return the likely spelling of an address. An address with a suggestion can still be right, and is accepted."""
    return ApiResponse(Spelling(suggest_address(request.query(SpellingQuery).address) or None))


ROUTES = (
    Route(
        "GET", "/address-suggestions", Access.READ, suggest_spelling, "Get the likely spelling of an address", Spelling,
        query=SpellingQuery, tag="customers",
    ),
)  # fmt: skip
