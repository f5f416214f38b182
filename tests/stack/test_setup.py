"""The first-run page's facts on the stack: feedback that arrives is noted by the function that ingests it."""

from infrastructure.local.scenario import eventually
from tests.stack.acting import WITHIN


def test_an_event_that_arrives_and_the_first_customer_are_seen_in_the_setup_of_the_account(acting):
    acting.send("selma", acting.mailbox("unknown-user", "selma"))

    def noted():
        return acting.call_api("GET", "/setup")["last_events"]["email"]

    assert eventually(noted, "no event was noted", WITHIN)
    assert acting.call_api("GET", "/setup")["has_customers"]
