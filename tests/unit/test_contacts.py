"""Contacts as they are taken in, likely spellings, and what becomes ready when a contact changes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, an_item, reported, resent
from tests.fakes import FakeCustomerStore, FakeUndeliveredStore
from undelivered.domain.address_suggestions import suggest_address
from undelivered.domain.errors import InvalidInputError, NotFoundError, StaleWriteError, UnassignedNumberError
from undelivered.domain.feedback import Outcome
from undelivered.domain.identifiers import item_id
from undelivered.domain.resend_policy import ready_contact
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.contact_validation import checked_email, checked_phone, well_formed_email, well_formed_phone
from undelivered.services.manage_customers import CustomerChange, ManageCustomers

LONGEST = f"{'a' * 64}@{'b' * 61}.{'b' * 61}.{'b' * 61}.com"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada+rent@example.com", "ada+rent@example.com"),
        ("ada@bücher.example", "ada@bücher.example"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("mailbox-full@bounces.test", "mailbox-full@bounces.test"),
        ("bounce@simulator.amazonses.com", "bounce@simulator.amazonses.com"),
        (LONGEST, LONGEST),
    ],
)
def test_an_address_is_stored_in_one_spelling(text, stored):
    assert checked_email(text, "email") == stored


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("ada", ""),
        ("ada@", ""),
        ("@example.com", ""),
        ("ada@localhost", ""),
        ("ada@@gmail.com", "ada@gmail.com"),
        ("ada@gmail,com", "ada@gmail.com"),
        ("ada byron@gmail.com", "adabyron@gmail.com"),
        ("ada@gmial..com", "ada@gmail.com"),
        ("ada@example.com.", "ada@example.com"),
        ("Xada@gmail,com", "Xada@gmail.com"),
        ("ada,byron@example.com", "ada.byron@example.com"),
        ("ada@.example.com", "ada@example.com"),
        ("ada@[127.0.0.1]", ""),
        ("x" * 65 + "@example.com", ""),
        ("ada@example.com\nBcc: eve@example.com", ""),
    ],
)
def test_a_wrong_address_is_refused_with_the_likely_spelling(text, suggestion):
    with pytest.raises(InvalidInputError) as told:
        checked_email(text, "email")

    assert (told.value.field, told.value.suggestion) == ("email", suggestion)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("+1 (206) 555-0100", "+12065550100"),
        ("+49 (0)30 123456", "+4930123456"),
        ("0049 30 123456", "+4930123456"),
        (" +44 20 7946 0958 ", "+442079460958"),
    ],
)
def test_a_number_is_stored_as_e164(text, stored):
    assert checked_phone(text, "phone") == stored


@pytest.mark.parametrize(
    "text", ["030 123456", "12345", "+999 12345678", "+1 206", "+1206555010012345", "abc", "", "+"]
)
def test_a_wrong_number_is_refused(text):
    with pytest.raises(InvalidInputError) as told:
        checked_phone(text, "phone")

    assert told.value.field == "phone"


def test_an_address_that_ses_cannot_send_to_is_refused_but_can_be_looked_up():
    with pytest.raises(InvalidInputError, match="ASCII") as refused:
        checked_email("zoë@example.com", "email")

    assert (refused.value.field, refused.value.suggestion) == ("email", "")
    assert well_formed_email("zoë@example.com", "email") == "zoë@example.com"


@pytest.mark.parametrize("number", ["+11234567890", "+1 555 555 0100"])
def test_a_number_that_is_not_assigned_is_refused_unless_the_caller_insists(number):
    with pytest.raises(UnassignedNumberError) as refused:
        checked_phone(number, "phone")

    plain = number.replace(" ", "")
    assert refused.value.field == "phone"
    assert checked_phone(number, "phone", accept_unassigned=True) == plain
    assert well_formed_phone(number, "phone") == plain


def test_an_address_that_is_too_long_in_lower_case_is_refused():
    with pytest.raises(InvalidInputError) as refused:
        well_formed_email(f"{'İ' * 30}@{LONGEST.rpartition('@')[2]}", "to")

    assert (refused.value.field, refused.value.message) == ("to", "is not a valid email address")


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("ada@gmial.com", "ada@gmail.com"),
        ("ada@gmail.con", "ada@gmail.com"),
        ("ada@hotmial.com", "ada@hotmail.com"),
        ("ada@yaho.com", "ada@yahoo.com"),
        ("Ada.B@outlok.com", "Ada.B@outlook.com"),
        ("ada@web.d", "ada@web.de"),
        ("ada@t-onlin.de", "ada@t-online.de"),
        ("ada@storage-company.con", "ada@storage-company.com"),
        ("ada@storage-company.con.", "ada@storage-company.com"),
        ("ada@storage-company,con", "ada@storage-company.com"),
        ("ada@storage-company..con", "ada@storage-company.com"),
        ("ada@gmail.com", ""),
        ("ada@ymail.com", ""),
        ("ada@gmx.net", ""),
        ("ada@example.com", ""),
        ("ada@company.de", ""),
        ("ada", ""),
        ("@gmial.com", ""),
    ],
)
def test_a_likely_spelling_is_suggested_only_where_one_is_near(address, meant):
    assert suggest_address(address) == meant


@given(st.text(max_size=60))
def test_a_suggestion_is_never_the_same_address_and_never_fails(text):
    suggestion = suggest_address(text)

    assert suggestion == "" or suggestion != text


class TestReady:
    def test_when_the_contact_differs_from_the_one_that_failed(self):
        item = an_item(recipient="ada@exmaple.com")

        assert ready_contact(item, a_customer(email="ada@example.com")) == "ada@example.com"
        assert ready_contact(item, a_customer(email="Ada@Exmaple.com")) == ""
        assert ready_contact(item, a_customer(email="")) == ""

    def test_not_for_another_channel(self):
        text = an_item(channel=Channel.SMS, recipient="+12065550100")

        assert ready_contact(text, a_customer(email="new@example.com", phone="+12065550100")) == ""

    def test_not_after_a_complaint(self):
        assert ready_contact(an_item(Reason.COMPLAINT), a_customer(email="new@example.com")) == ""

    def test_not_for_where_a_resend_is_going_but_for_a_third_address(self):
        item = resent(an_item(recipient="one@example.com"), to="two@example.com")

        assert ready_contact(item, a_customer(email="two@example.com")) == ""
        assert ready_contact(item, a_customer(email="three@example.com")) == "three@example.com"

    @pytest.mark.parametrize(
        ("first", "contact_again"), [(Reason.MAILBOX_DISABLED, ""), (Reason.MAILBOX_FULL, "one@example.com")]
    )
    def test_after_the_resend_failed_too_only_where_it_may_arrive(self, first, contact_again):
        item = resent(an_item(first, recipient="one@example.com"), to="two@example.com")
        item = reported(item, Outcome.FAILED, reason=Reason.ADDRESS_NOT_FOUND)

        assert ready_contact(item, a_customer(email="two@example.com")) == ""
        assert ready_contact(item, a_customer(email="one@example.com")) == contact_again
        assert ready_contact(item, a_customer(email="three@example.com")) == "three@example.com"

    def test_not_where_the_failed_number_is_unknown_and_the_contact_is_still_the_same(self):
        item = an_item(channel=Channel.SMS, recipient="")
        customer = a_customer(phone="+12065550100")

        assert ready_contact(item, customer) == ""
        assert ready_contact(item, replace(customer, phone_changed_at=NOW)) == "+12065550100"

    @pytest.mark.parametrize(
        ("channel", "changed"), [(Channel.EMAIL, "email_changed_at"), (Channel.SMS, "phone_changed_at")]
    )
    @pytest.mark.parametrize("seconds", [-1, 0, 1])
    def test_where_the_recipient_is_unknown_only_after_a_later_change_of_the_contact_for_its_channel(
        self, channel, changed, seconds
    ):
        item = an_item(channel=channel, recipient="")
        customer = a_customer(phone="+12065550100")
        moment = item.sent_at + timedelta(seconds=seconds)

        contact = ready_contact(item, replace(customer, **{changed: moment}))

        assert contact == (customer.contact(channel) if seconds > 0 else "")


class TestManagingCustomers:
    @pytest.fixture
    def items(self):
        return FakeUndeliveredStore(clock=lambda: NOW)

    @pytest.fixture
    def manage(self, items):
        return ManageCustomers(FakeCustomerStore(), items, lambda: NOW)

    def test_only_a_contact_that_changed_gets_a_new_date(self, manage):
        manage.customers.save(a_customer(phone="+12065550100"))

        changed = manage.update(ACCOUNT, "c-1", CustomerChange(email="new@example.com")).customer

        assert (changed.email_changed_at, changed.phone_changed_at) == (NOW, None)

    def test_replacing_removes_what_is_not_named(self, manage):
        manage.customers.save(a_customer(phone="+12065550100"))

        assert manage.replace(ACCOUNT, "c-1", CustomerChange("Ada")).customer.phone == ""

    def test_doing_it_again_writes_nothing(self, manage):
        first = manage.replace(ACCOUNT, "c-1", CustomerChange("Ada", "ada@example.com")).customer

        assert manage.replace(ACCOUNT, "c-1", CustomerChange("Ada", "ADA@example.com")).customer == first

    def test_doing_it_again_sets_the_flags_that_an_interrupted_call_left_out(self, manage, items):
        manage.customers.save(a_customer(email="new@example.com"))
        item = an_item(recipient="old@example.com", customer_id="c-1")
        items.save(None, item)

        ready = manage.update(ACCOUNT, "c-1", CustomerChange(email="new@example.com")).ready

        assert [item_id(one.entry_key) for one in ready] == [item_id(item.entry_key)]

    def test_items_of_others_and_past_items_are_left_alone(self, manage, items):
        manage.customers.save(a_customer())
        items.save(None, an_item(number=1, recipient="old@example.com", customer_id="c-2"))
        items.save(None, an_item(number=2, recipient="old@example.com", customer_id="c-1", days_ago=31))

        assert manage.update(ACCOUNT, "c-1", CustomerChange(email="new@example.com")).ready == []

    def test_an_item_written_in_between_is_read_again(self, manage, items, monkeypatch):
        manage.customers.save(a_customer())
        items.save(None, an_item(recipient="old@example.com", customer_id="c-1"))
        save, calls = items.save, []

        def contended(before, after):
            calls.append(after)
            if len(calls) == 1:
                save(before, replace(before, title="changed by somebody"))
                raise StaleWriteError("in between")
            save(before, after)

        monkeypatch.setattr(items, "save", contended)

        (ready,) = manage.update(ACCOUNT, "c-1", CustomerChange(email="new@example.com")).ready

        assert (ready.title, ready.ready_contact) == ("changed by somebody", "new@example.com")

    def test_a_number_that_is_not_assigned_is_stored_only_if_the_caller_insists(self, manage):
        change = CustomerChange("Ada", phone="+11234567890")

        with pytest.raises(UnassignedNumberError):
            manage.replace(ACCOUNT, "c-1", change)

        insisted = replace(change, accept_unassigned_number=True)
        assert manage.replace(ACCOUNT, "c-1", insisted).customer.phone == "+11234567890"
        assert manage.update(ACCOUNT, "c-1", CustomerChange(name="Ada B.")).customer.phone == "+11234567890"

    def test_a_customer_is_found_by_an_address_that_cannot_be_sent_to(self, manage):
        customer = manage.customers.save(a_customer(email="zoë@example.com", phone="+11234567890"))

        assert manage.find_by_address(ACCOUNT, "Zoë@Example.com") == [customer]
        assert manage.find_by_address(ACCOUNT, "+11234567890") == [customer]

    def test_an_unknown_customer_cannot_be_changed(self, manage):
        with pytest.raises(NotFoundError):
            manage.update(ACCOUNT, "nobody", CustomerChange(name="Ada"))
