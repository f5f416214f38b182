"""How far the account is set up: what the console's first page shows."""

from http import HTTPStatus

import msgspec

from undelivered.domain.identifiers import timestamp
from undelivered.domain.setup_test import SetupTest, TestState
from undelivered.domain.taxonomy import Channel
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.audit import Time, optional_timestamp
from undelivered.services.request_limits import LimitedWork


class LastEventsView(msgspec.Struct, frozen=True):
    """When an event about an email and about a text was last received. Null if there was never one."""

    email: Time | None
    sms: Time | None


class SetupTestView(msgspec.Struct, frozen=True):
    """An email to Amazon's mailbox simulator. ``answered_at`` is when its bounce was received, or null.

    ``state`` is ``late`` if the bounce has not come for five minutes, and ``not_sent`` if Amazon SES did not accept the
    email. The report then has an item that says why.
    """

    sent_at: Time
    answered_at: Time | None
    state: TestState


class SetupView(msgspec.Struct, frozen=True):
    """How far the account is set up.

    Times are noted at most once a minute, so an event of the past minute may be missing. ``has_colleagues`` is whether
    the list of people has more than one, which is known once a manager has opened it. ``test`` is the last test, null
    if there was none.
    """

    last_events: LastEventsView
    has_customers: bool
    has_colleagues: bool
    test: SetupTestView | None


def show_setup(request: ApiRequest) -> ApiResponse:
    """Return whether feedback arrives, and whether the account has customers and several people."""
    setup = request.use_cases.read_setup(request.account_id)
    email, sms = (optional_timestamp(setup.last_events.get(channel)) for channel in (Channel.EMAIL, Channel.SMS))
    last = request.use_cases.check_setup.last(request.account_id)
    test = _test_view(*last) if last else None
    return ApiResponse(SetupView(LastEventsView(email, sms), setup.has_customers, setup.has_colleagues, test))


def start_setup_test(request: ApiRequest) -> ApiResponse:
    """Send an email to Amazon's mailbox simulator, which bounces. The bounce makes no item and suppresses nothing."""
    request.use_cases.request_limits.take(request.account_id, LimitedWork.NOTIFICATIONS)
    test = request.use_cases.check_setup.send(request.account_id)
    return ApiResponse(_test_view(test, TestState.WAITING), HTTPStatus.ACCEPTED)


def _test_view(test: SetupTest, state: TestState) -> SetupTestView:
    return SetupTestView(timestamp(test.sent_at), optional_timestamp(test.answered_at), state)


ROUTES = (
    Route("GET", "/setup", Access.READ, show_setup, "See how far the account is set up", SetupView, tag="setup"),
    Route(
        "POST", "/setup/test", Access.CONFIGURE, start_setup_test, "Test whether feedback arrives", SetupTestView,
        status=HTTPStatus.ACCEPTED, limit="Too many notifications in a minute: `too_many_notifications`.", tag="setup",
    ),
)  # fmt: skip
