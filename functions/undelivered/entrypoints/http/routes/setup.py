"""How far the account is set up: what the console's first page shows."""

import msgspec

from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.audit import Time, optional_timestamp


class LastEventsView(msgspec.Struct, frozen=True):
    """When an event about an email and about a text was last received. Null if there was never one."""

    email: Time | None
    sms: Time | None


class SetupView(msgspec.Struct, frozen=True):
    """How far the account is set up.

    Times are noted at most once a minute, so an event of the past minute may be missing. ``has_colleagues`` is whether
    the list of people has more than one, which is known once a manager has opened it.
    """

    last_events: LastEventsView
    has_customers: bool
    has_colleagues: bool


def show_setup(request: ApiRequest) -> ApiResponse:
    """Return whether feedback arrives, and whether the account has customers and several people."""
    setup = request.use_cases.read_setup(request.account_id)
    email, sms = (optional_timestamp(setup.last_events.get(channel)) for channel in (Channel.EMAIL, Channel.SMS))
    return ApiResponse(SetupView(LastEventsView(email, sms), setup.has_customers, setup.has_colleagues))


ROUTES = (Route("GET", "/setup", Access.READ, show_setup, "See how far the account is set up", SetupView, tag="setup"),)
