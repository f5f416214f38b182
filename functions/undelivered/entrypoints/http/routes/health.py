"""``GET /health`` says that the API is there."""

import msgspec

from undelivered.entrypoints.http.router import Access, Answer, Call, Route


class Health(msgspec.Struct, frozen=True):
    """The API is there."""

    status: str


def health(_call: Call) -> Answer:
    """Answer that the API is there; asks nothing else, so that it says just that."""
    return Answer(Health("ok"))


ROUTES = (Route("GET", "/health", Access.PUBLIC, health, "Check that the API is running", Health, tag="system"),)
