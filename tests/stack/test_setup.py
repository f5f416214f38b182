"""The first-run page's facts on the stack: feedback that arrives is noted by the function that ingests it."""

from infrastructure.local.scenario import eventually
from tests.stack.acting import WITHIN
from undelivered.domain.setup_test import TEST_PREFIX


def test_an_event_that_arrives_and_the_first_customer_are_seen_in_the_setup_of_the_account(acting):
    acting.send("selma", acting.mailbox("unknown-user", "selma"))

    def noted():
        return acting.call_api("GET", "/setup")["last_events"]["email"]

    assert eventually(noted, "no event was noted", WITHIN)
    assert acting.call_api("GET", "/setup")["has_customers"]


def test_the_test_of_the_first_run_page_comes_back_as_a_bounce_and_is_not_on_the_report(acting):
    acting.call_api("POST", "/setup/test", 202)

    def arrived():
        return acting.call_api("GET", "/setup")["test"]["state"] == "arrived"

    assert eventually(arrived, "the bounce of the test did not come back", WITHIN)
    assert acting.call_api("GET", "/undelivered", params={"customer_id": TEST_PREFIX.rstrip("-")})["items"] == []
