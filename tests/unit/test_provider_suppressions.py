"""Lifting a suppression at the providers: the very calls, and what their answers mean."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from undelivered.adapters.aws.suppression_lists import AwsSuppressionLists
from undelivered.domain.errors import SuppressionNotLiftedError
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import ListedAddress, ListPosition

ADDRESS, NUMBER = "ada@example.com", "+12065550100"
DELETE, OPT_IN = "delete_suppressed_destination", "opt_in_phone_number"
CHECK = "check_if_phone_number_is_opted_out"
LIST, OPTED_OUT = "list_suppressed_destinations", "list_phone_numbers_opted_out"
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def lists():
    """Return the adapter, and the stubs of SES and SNS: every call must be expected."""
    clients = [
        boto3.client(name, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        for name in ("sesv2", "sns")
    ]
    with Stubber(clients[0]) as ses, Stubber(clients[1]) as sns:
        yield AwsSuppressionLists(*clients), ses, sns
        ses.assert_no_pending_responses()
        sns.assert_no_pending_responses()


def test_an_address_is_taken_off_the_accounts_list(lists):
    adapter, ses, _ = lists
    ses.add_response(DELETE, {}, {"EmailAddress": ADDRESS})

    adapter.lift(Channel.EMAIL, ADDRESS, opt_in=False)


def test_an_address_that_is_not_on_the_list_is_as_good_as_taken_off(lists):
    adapter, ses, _ = lists
    ses.add_client_error(DELETE, "NotFoundException", http_status_code=404)

    adapter.lift(Channel.EMAIL, ADDRESS, opt_in=False)


def test_a_domain_of_other_letters_is_taken_off_as_mail_carries_it(lists):
    adapter, ses, _ = lists
    ses.add_response(DELETE, {}, {"EmailAddress": "ada@xn--mller-kva.example"})

    adapter.lift(Channel.EMAIL, "ada@müller.example", opt_in=False)


def test_an_address_is_taken_off_in_every_spelling_that_ses_reported(lists):
    adapter, ses, _ = lists
    ses.add_response(DELETE, {}, {"EmailAddress": "Ada@Example.com"})
    ses.add_client_error(DELETE, "NotFoundException", expected_params={"EmailAddress": "ADA@example.com"})
    ses.add_client_error(DELETE, "NotFoundException", expected_params={"EmailAddress": ADDRESS})

    adapter.lift(Channel.EMAIL, ADDRESS, spellings=["Ada@Example.com", "ADA@example.com"], opt_in=False)


def test_an_address_that_ses_cannot_send_to_is_not_on_its_list(lists):
    adapter, _, _ = lists

    adapter.lift(Channel.EMAIL, "zoë@example.com", opt_in=False)


@pytest.mark.parametrize("code", ["TooManyRequestsException", "AccessDeniedException", "InternalServiceErrorException"])
def test_any_other_answer_means_that_the_provider_does_not_know(lists, code):
    adapter, ses, _ = lists
    ses.add_client_error(DELETE, code)

    with pytest.raises(SuppressionNotLiftedError, match=code):
        adapter.lift(Channel.EMAIL, ADDRESS, opt_in=False)


def test_a_number_that_opted_out_is_opted_in_again(lists):
    adapter, _, sns = lists
    sns.add_response(CHECK, {"isOptedOut": True}, {"phoneNumber": NUMBER})
    sns.add_response(OPT_IN, {}, {"phoneNumber": NUMBER})

    adapter.lift(Channel.SMS, NUMBER, opt_in=True)


def test_a_number_that_did_not_opt_out_needs_no_call(lists):
    adapter, _, _ = lists

    adapter.lift(Channel.SMS, NUMBER, opt_in=False)


def test_a_number_that_is_not_on_the_list_of_sns_is_not_opted_in_which_is_possible_only_once(lists):
    adapter, _, sns = lists
    sns.add_response(CHECK, {"isOptedOut": False}, {"phoneNumber": NUMBER})

    adapter.lift(Channel.SMS, NUMBER, opt_in=True)


def test_a_second_opt_in_within_thirty_days_is_refused_with_the_reason(lists):
    adapter, _, sns = lists
    sns.add_response(CHECK, {"isOptedOut": True})
    sns.add_client_error(OPT_IN, "InvalidParameter")

    with pytest.raises(SuppressionNotLiftedError, match="only once every 30 days"):
        adapter.lift(Channel.SMS, NUMBER, opt_in=True)


def test_the_list_of_ses_is_read_page_by_page_within_the_dates(lists):
    adapter, ses, _ = lists
    entry = {"EmailAddress": "Ada@Example.com", "Reason": "COMPLAINT", "LastUpdateTime": SINCE}
    bounds = {"StartDate": SINCE, "EndDate": UNTIL}
    ses.add_response(LIST, {"SuppressedDestinationSummaries": [entry], "NextToken": "t"}, {"PageSize": 100, **bounds})
    ses.add_response(LIST, {"SuppressedDestinationSummaries": []}, {"PageSize": 100, "NextToken": "t", **bounds})

    page, token = adapter.page(Channel.EMAIL, ListPosition(SINCE, UNTIL))
    rest, end = adapter.page(Channel.EMAIL, ListPosition(SINCE, UNTIL, token))

    assert page == [ListedAddress("Ada@Example.com", SuppressionReason.COMPLAINT, SINCE)]
    assert (rest, end) == ([], "")


def test_the_numbers_that_opted_out_are_read_page_by_page(lists):
    adapter, _, sns = lists
    sns.add_response(OPTED_OUT, {"phoneNumbers": [NUMBER], "nextToken": "t"}, {})
    sns.add_response(OPTED_OUT, {"phoneNumbers": []}, {"nextToken": "t"})

    page, token = adapter.page(Channel.SMS, ListPosition())

    assert page == [ListedAddress(NUMBER, SuppressionReason.OPTED_OUT)]
    assert adapter.page(Channel.SMS, ListPosition(token=token)) == ([], "")


def test_a_token_that_has_expired_reads_the_list_from_its_start(lists):
    adapter, ses, _ = lists
    ses.add_client_error(LIST, "InvalidNextTokenException")
    ses.add_response(LIST, {"SuppressedDestinationSummaries": []}, {"PageSize": 100})

    assert adapter.page(Channel.EMAIL, ListPosition(token="old")) == ([], "")


def test_any_other_refusal_to_read_a_list_is_an_error(lists):
    adapter, ses, _ = lists
    ses.add_client_error(LIST, "AccessDeniedException")

    with pytest.raises(ClientError):
        adapter.page(Channel.EMAIL, ListPosition(token="t"))
