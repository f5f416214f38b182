"""Lists of customers and of suppressions: each row has a result of its own."""

from typing import ClassVar

import pytest
from msgspec.structs import replace

from tests.builders.api import MANAGER_NAME, Api, believe_test_tokens, host, viewer
from tests.builders.items import ACCOUNT, NOW, a_customer, a_suppression, an_item
from undelivered.domain.identifiers import item_id
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel, Reason


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


class TestCustomers:
    def put(self, api, *rows, **more):
        return api.put("/customers", {"customers": [*rows], **more})

    def test_each_row_is_created_updated_or_refused_with_the_reason(self, api):
        api.customers.save(a_customer("c-1"))

        answer = self.put(
            api,
            {"customer_id": "c-1", "name": "Ada Byron", "email": "Ada@Example.com"},
            {"customer_id": "c-2", "name": "Grace Hopper", "phone": "+1 206 555 0100"},
            {"customer_id": "c-3", "name": "Alan Turing", "email": "alan@gmial,com"},
            {"customer_id": "c 4", "name": "Nobody"},
            {"customer_id": "c-5", "name": "Nobody", "mail": "x@example.com"},
            {"customer_id": "c-2", "name": "Twice"},
            "not a row",
        )

        assert answer.status == 200
        results = answer.json["results"]
        assert [(row["customer_id"], row["outcome"]) for row in results] == [
            ("c-1", "updated"), ("c-2", "created"), ("c-3", "refused"), ("c 4", "refused"), ("c-5", "refused"),
            ("c-2", "refused"), ("", "refused"),
        ]  # fmt: skip
        assert [[error["field"] for error in row["errors"]] for row in results] == [
            [], [], ["email"], ["customer_id"], ["mail"], ["customer_id"], [""],
        ]  # fmt: skip
        assert results[2]["errors"][0]["suggestion"] == "alan@gmail.com"
        assert api.customers.find(ACCOUNT, "c-1").email == "ada@example.com"
        assert {customer_id for _, customer_id in api.customers.stored} == {"c-1", "c-2"}

    def test_a_dry_run_gives_the_same_results_and_writes_nothing(self, api):
        rows = ({"customer_id": "c-1", "name": "Ada"}, {"customer_id": "c-2", "name": "Bo", "email": "bo@"})

        tried = self.put(api, *rows, dry_run=True).json
        stored = dict(api.customers.stored)

        assert stored == {}
        assert tried == self.put(api, *rows).json

    def test_a_new_address_that_may_have_a_typo_is_accepted_with_its_likely_spelling(self, api):
        known = {"customer_id": "c-1", "name": "Ada", "email": "ada@gmial.com"}
        other = {"customer_id": "c-2", "name": "Bo", "email": "bo@gmail.com"}

        tried = self.put(api, known, other, dry_run=True).json["results"]
        first = self.put(api, known, other).json["results"]
        again = self.put(api, known | {"name": "Ada Byron"}, other).json["results"]

        assert first == tried
        assert [row["suggestion"] for row in first] == ["ada@gmail.com", None]
        # Whoever has seen it once, and kept it, is not asked again.
        assert [row["suggestion"] for row in again] == [None, None]
        assert api.customers.find(ACCOUNT, "c-1").email == "ada@gmial.com"

    def test_a_changed_contact_makes_items_ready_to_resend_as_for_one_customer(self, api):
        api.customers.save(a_customer("c-1", email="old@example.com"))
        item = an_item(Reason.ADDRESS_NOT_FOUND, customer_id="c-1", recipient="old@example.com")
        api.add(item)

        self.put(api, {"customer_id": "c-1", "name": "Ada Byron", "email": "new@example.com"})

        assert api.get("/customers/c-1").json["ready_to_resend"] == [item_id(item.entry_key)]

    def test_a_row_that_changed_since_it_was_read_is_read_again(self, api, monkeypatch):
        api.customers.save(a_customer("c-1"))
        save_many = api.customers.save_many

        def too_late(customers):
            api.customers.save(replace(api.customers.find(ACCOUNT, "c-1"), phone="+12065550100"))
            return save_many(customers)

        monkeypatch.setattr(api.customers, "save_many", too_late)

        (result,) = self.put(api, {"customer_id": "c-1", "name": "Grace"}).json["results"]

        customer = api.customers.find(ACCOUNT, "c-1")
        assert (result["outcome"], customer.name, customer.phone) == ("updated", "Grace", "")

    def test_a_number_without_country_code_is_read_as_one_of_the_country_that_is_given(self, api):
        row = {"customer_id": "c-1", "name": "Ada", "phone": "912 34 56 78"}

        alone = self.put(api, row).json["results"][0]
        given = self.put(api, row, country="ES").json["results"][0]

        assert (alone["outcome"], given["outcome"]) == ("refused", "created")
        assert api.customers.find(ACCOUNT, "c-1").phone == "+34912345678"
        assert self.put(api, row, country="Spain").json["errors"][0]["field"] == "country"

    def test_a_list_has_at_most_500_rows(self, api):
        rows = [{"customer_id": f"c-{number}", "name": "Ada"} for number in range(501)]

        assert self.put(api, *rows[:500]).status == 200
        assert (self.put(api, *rows).status, self.put(api, *rows).json["code"]) == (400, "too_many_items")

    def test_viewers_may_not_and_the_host_application_may(self, api):
        body = {"customers": [{"customer_id": "c-1", "name": "Ada"}]}

        assert api.put("/customers", body, viewer()).status == 403
        assert api.put("/customers", body, host()).status == 200


class TestSuppressions:
    ROW: ClassVar = {
        "channel": "email",
        "address": "Ada@Example.com",
        "reason": "complaint",
        "since": "2021-03-04T05:06:07Z",
    }

    def put(self, api, *rows, **more):
        return api.put("/suppressions", {"suppressions": [*rows], **more})

    def test_reason_and_date_of_another_system_are_kept(self, api):
        self.put(api, {**self.ROW, "why": "Imported from SendGrid: marked as spam"})

        (shown,) = api.get("/suppressions").json["items"]
        assert (shown["reason"], shown["since"]) == ("complaint", "2021-03-04T05:06:07Z")
        assert shown["audit"][0] == {
            "at": "2026-11-23T18:00:00Z", "by": MANAGER_NAME, "action": "suppress",
            "detail": "Imported from SendGrid: marked as spam",
        }  # fmt: skip

    def test_one_address_can_be_suppressed_with_reason_and_date_too(self, api):
        body = {"reason": "unsubscribed", "since": "2021-03-04T05:06:07Z"}

        shown = api.put("/suppressions/email/ada%40example.com", body).json

        assert (shown["reason"], shown["since"]) == ("unsubscribed", "2021-03-04T05:06:07Z")

    def test_an_imported_complaint_cannot_be_lifted(self, api):
        self.put(api, self.ROW)

        answer = api.delete("/suppressions/email/ada%40example.com", {"why": "asked"})

        assert (answer.status, answer.json["code"]) == (409, "suppression_blocked_by_complaint")

    def test_a_lift_removes_the_spelling_that_was_imported_from_the_list_of_ses(self, api):
        self.put(api, {**self.ROW, "reason": "bounce"})

        api.delete("/suppressions/email/ada%40example.com", {"why": "asked"})

        assert api.provider.spellings == ["Ada@Example.com"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"since": "2027-01-01T00:00:00Z"}, "since"),
            ({"since": "yesterday"}, "since"),
            ({"reason": "opted_out"}, "reason"),
            ({"reason": "boredom"}, "reason"),
            ({"channel": "sms", "address": "+12065550100", "reason": "unsubscribed"}, "reason"),
            ({"address": "ada"}, "address"),
            ({"channel": "post"}, "channel"),
        ],
        ids=str,
    )
    def test_a_wrong_row_is_refused_with_its_field_and_the_others_are_kept(self, api, change, field):
        good = {**self.ROW, "address": "bo@example.com"}

        refused, kept = self.put(api, {**self.ROW, **change}, good).json["results"]

        assert (refused["outcome"], kept["outcome"]) == ("refused", "suppressed")
        assert [error["field"] for error in refused["errors"]] == [field]
        assert len(api.get("/suppressions").json["items"]) == 1

    @pytest.mark.parametrize("change", [{"since": "2027-01-01T00:00:00Z"}, {"reason": "opted_out"}], ids=str)
    def test_one_address_is_refused_for_the_same_reasons(self, api, change):
        assert api.put("/suppressions/email/ada%40example.com", change).status == 400

    def test_what_is_known_already_or_was_lifted_later_is_unchanged(self, api):
        strong = a_suppression("ada@example.com", reason=SuppressionReason.COMPLAINT)
        api.suppressions.save(None, strong)
        api.suppressions.save(None, a_suppression("bo@example.com", since=NOW, lifted_at=NOW))

        results = self.put(
            api,
            {"channel": "email", "address": "ada@example.com", "reason": "bounce", "since": "2021-03-04T05:06:07Z"},
            {"channel": "email", "address": "bo@example.com", "reason": "bounce", "since": "2021-03-04T05:06:07Z"},
        ).json["results"]

        assert [row["outcome"] for row in results] == ["unchanged", "unchanged"]
        assert not api.suppressions.find(ACCOUNT, Channel.EMAIL, "bo@example.com").active

    def test_a_repeated_import_changes_nothing(self, api):
        self.put(api, self.ROW)
        before = dict(api.suppressions.stored)

        (result,) = self.put(api, self.ROW).json["results"]

        assert (result["outcome"], api.suppressions.stored) == ("unchanged", before)

    def test_a_dry_run_writes_nothing(self, api):
        (result,) = self.put(api, self.ROW, dry_run=True).json["results"]

        assert (result["outcome"], api.suppressions.stored) == ("suppressed", {})
