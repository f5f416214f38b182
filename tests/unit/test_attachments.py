"""Files of emails: which are accepted, how they are kept, sent and resent, and when they are gone."""

import hashlib
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, a_customer, a_notification, an_item
from tests.builders.sending import FIRST, Product
from tests.fakes import (
    FakeAccountMappings,
    FakeAccountStore,
    FakeAttachmentFiles,
    FakeCustomerStore,
    FakeNotificationStore,
    FakeQueue,
    FakeUndeliveredStore,
)
from undelivered.domain.attachment import (
    MAX_FILE_BYTES,
    MAX_MESSAGE_BYTES,
    REFUSED_EXTENSIONS,
    Attachment,
    checked_content_type,
    checked_file_name,
    encoded_size,
    new_key,
)
from undelivered.domain.errors import InvalidInputError, NotFoundError, OutOfTimeError, PermanentSendError, RefusedError
from undelivered.domain.item import State
from undelivered.domain.notification import SendOutcome
from undelivered.domain.taxonomy import Channel, Reason
from undelivered.services.accept_notifications import AcceptNotifications, NewNotification
from undelivered.services.download_attachment import DownloadAttachment
from undelivered.services.in_parallel import in_threads
from undelivered.services.keep_attachments import KeepAttachments, NewAttachment
from undelivered.services.sender_rule import SenderRule
from undelivered.services.start_upload import StartUpload

RULE = SenderRule(FakeAccountMappings(), ACCOUNT, "us@example.com")
PDF = b"%PDF-1.7 an invoice"
INLINE = NewAttachment(file_name="terms.txt", content_type="text/plain", content=b"our terms")
HELD = Attachment("invoice.pdf", "application/pdf", len(PDF), "held/2026-12-30/acc-1/1", "a" * 32)


class Host:
    """A host application that uploads files and sends notifications."""

    def __init__(self):
        self.now = NOW
        self.files, self.queue = FakeAttachmentFiles(), FakeQueue()
        self.notifications, self.customers = FakeNotificationStore(clock=self.clock), FakeCustomerStore()
        self.customers.save(a_customer(phone="+12065550100"))
        keep = KeepAttachments(self.files, FakeAccountStore(), in_threads)
        self.accept = AcceptNotifications(
            self.notifications,
            self.customers,
            FakeUndeliveredStore(clock=self.clock),
            FakeAccountStore(),
            self.queue,
            lambda: keep,
            lambda: RULE,
            self.clock,
        )
        self.start_upload = StartUpload(self.files, self.clock)

    def clock(self):
        return self.now

    def upload(self, content=PDF, name="invoice.pdf", kind="application/pdf", account_id=ACCOUNT):
        started = self.start_upload(account_id, name, kind)
        self.files.upload(account_id, started.attachment_id, content)
        return NewAttachment(started.attachment_id)

    def send(self, *attachments, notification_id="n-1", channel=Channel.EMAIL, text="Dear Ada"):
        new = NewNotification("c-1", channel, "Invoice", text, notification_id, attachments=attachments)
        (result,) = self.accept(ACCOUNT, [new])
        return result

    def kept(self):
        return [self.files.kept[each.key] for each in self.notifications.find(ACCOUNT, "n-1").attachments]


@pytest.fixture
def host():
    return Host()


class TestWhatIsAccepted:
    @pytest.mark.parametrize("name", ["invoice.pdf", "Rechnung März.PDF", "請求書.xlsx", "a.tar.gz", "  x.pdf "])
    def test_names_that_people_give_their_files(self, name):
        assert checked_file_name(name, "filename") == name.strip()

    @pytest.mark.parametrize(
        "name",
        ["", " ", "invoice", ".pdf", "..", "invoice.", "a/b.pdf", "a\\b.pdf", "a:b.pdf", "what?.pdf",
         "<a>.pdf", "a|b.pdf", "*.pdf",
         'a".pdf', "a\r\n.pdf", "a\u202efdp.txt",
         "a\ud800.pdf", "x" * 252 + ".pdf"],
    )  # fmt: skip
    def test_but_no_name_that_breaks_a_header_hides_its_extension_or_has_none(self, name):
        with pytest.raises(InvalidInputError):
            checked_file_name(name, "filename")

    @pytest.mark.parametrize("extension", sorted(REFUSED_EXTENSIONS))
    def test_and_no_extension_that_ses_refuses_in_either_case(self, extension):
        for written in (extension, extension.upper()):
            with pytest.raises(InvalidInputError, match=rf"extension \.{extension}, which Amazon SES does not send"):
                checked_file_name(f"invoice.pdf.{written}", "filename")

    def test_content_types_in_lower_case_and_without_parameters(self):
        assert checked_content_type(" Application/PDF ", "content_type") == "application/pdf"

    @pytest.mark.parametrize(
        "kind",
        ["", "pdf", "text/plain; charset=utf-8", "a/b\r\nX: y", "multipart/mixed", "message/rfc822", "a/" + "b" * 77],
    )
    def test_but_none_that_is_no_media_type_or_cannot_be_encoded(self, kind):
        with pytest.raises(InvalidInputError):
            checked_content_type(kind, "content_type")

    def test_a_file_of_the_largest_size_fits_in_a_message(self):
        assert encoded_size(MAX_FILE_BYTES) < MAX_MESSAGE_BYTES - 300_000

    def test_the_encoded_size_counts_four_bytes_for_three_and_the_ends_of_lines(self):
        assert encoded_size(57) - encoded_size(0) == 76 + 2
        assert encoded_size(58) - encoded_size(57) == 4 + 2


class TestNotificationsWithFiles:
    def test_an_upload_and_a_file_in_the_request_are_both_kept_and_the_message_is_queued(self, host):
        assert host.send(host.upload(), INLINE) == "n-1"

        first, second = host.notifications.find(ACCOUNT, "n-1").attachments
        assert (first.file_name, first.content_type, first.size) == ("invoice.pdf", "application/pdf", len(PDF))
        assert (second.file_name, second.source) == ("terms.txt", f"sha256:{hashlib.sha256(b'our terms').hexdigest()}")
        assert host.kept() == [PDF, b"our terms"]
        assert len(host.queue.orders) == 1

    def test_a_file_is_kept_until_the_day_on_which_the_content_expires(self, host):
        host.send(INLINE)

        (kept,) = host.notifications.find(ACCOUNT, "n-1").attachments
        content_days = FakeAccountStore().settings(ACCOUNT).content_days
        assert kept.key.startswith(f"held/{(NOW + timedelta(days=content_days)).date()}/{ACCOUNT}/")

    def test_one_upload_can_be_sent_with_several_notifications_each_of_which_has_its_own_copy(self, host):
        upload = host.upload()

        assert host.send(upload) == "n-1"
        assert host.send(upload, notification_id="n-2") == "n-2"

        assert sorted(host.files.kept.values()) == [PDF, PDF]

    def test_an_upload_that_changes_after_it_was_sent_does_not_change_the_message(self, host):
        upload = host.upload()
        host.send(upload)

        host.files.upload(ACCOUNT, upload.attachment_id, b"something else")
        host.send(upload)

        assert host.kept() == [PDF]

    @pytest.mark.parametrize("attachment_id", ["0" * 32, "not-uploaded", "foreign"])
    def test_an_unknown_a_foreign_or_an_empty_upload_is_refused_with_its_field(self, host, attachment_id):
        if attachment_id == "not-uploaded":
            attachment_id = host.start_upload(ACCOUNT, "a.pdf", "application/pdf").attachment_id
        elif attachment_id == "foreign":
            attachment_id = host.upload(account_id="acc-2").attachment_id

        refused = host.send(INLINE, NewAttachment(attachment_id))

        assert (refused.code, refused.field) == ("unknown_attachment", "attachments[1].attachment_id")
        assert host.notifications.find(ACCOUNT, "n-1") is None
        assert (host.files.kept, host.queue.orders) == ({}, [])

    def test_texts_have_no_files(self, host):
        refused = host.send(INLINE, channel=Channel.SMS)

        assert (refused.code, refused.field) == ("invalid_body", "attachments")

    def test_files_that_are_too_large_together_are_refused(self, host):
        upload = host.upload(bytes(16 * 1024 * 1024))

        refused = host.send(upload, upload)

        assert refused.code == "attachments_too_large"
        assert "43.8 MB after encoding" in refused.detail
        assert host.files.kept == {}

    def test_a_repeated_notification_is_accepted_once_also_when_its_upload_has_expired(self, host):
        upload = host.upload()
        host.send(upload, INLINE)
        host.files.uploads.clear()
        before = dict(host.files.kept)

        assert host.send(upload, INLINE) == "n-1"

        assert host.files.kept == before

    @pytest.mark.parametrize(
        "other",
        [(), (INLINE, INLINE), (NewAttachment(file_name="terms.txt", content_type="text/plain", content=b"new"),),
         (NewAttachment(file_name="t.txt", content_type="text/plain", content=INLINE.content),)],
    )  # fmt: skip
    def test_another_notification_with_the_same_id_but_other_files_is_a_conflict(self, host, other):
        host.send(INLINE)

        assert host.send(*other).code == "conflict"

        assert host.kept() == [INLINE.content]

    def test_a_repetition_stores_the_files_that_an_interrupted_request_did_not(self, host):
        upload = host.upload()
        host.send(upload, INLINE)
        host.files.kept.clear()

        assert host.send(upload, INLINE) == "n-1"

        assert host.kept() == [PDF, INLINE.content]

    def test_but_is_refused_when_the_upload_is_gone_by_then(self, host):
        upload = host.upload()
        host.send(upload)
        host.files.kept.clear()
        host.files.uploads.clear()
        host.queue.orders.clear()

        assert host.send(upload).code == "unknown_attachment"

        assert host.queue.orders == []


@pytest.fixture
def product():
    product = Product()
    product.notifications.erase(product.notifications.find(ACCOUNT, "n-1"))
    product.notifications.add(a_notification(created_at=NOW - timedelta(days=1), attachments=(HELD,)))
    product.files.keep(HELD.key, PDF)
    return product


class TestSending:
    def test_a_message_goes_out_with_its_files(self, product):
        product.send_message(FIRST)

        assert product.mail.sent[0].attachments == (HELD,)

    def test_and_so_does_its_resend(self, product):
        product.fail()
        product.send_message(product.press_resend())

        assert product.mail.sent[0].attachments == (HELD,)

    def test_without_time_for_it_nothing_is_claimed(self, product):
        with pytest.raises(OutOfTimeError):
            product.send_message(FIRST, has_time=lambda: False)

        assert product.notifications.attempts(ACCOUNT, "n-1") == []

    def test_a_message_whose_file_is_lost_is_not_sent_and_shows_why(self, product):
        product.mail.errors.append(PermanentSendError(Reason.ATTACHMENT_MISSING, "a file is no longer stored"))

        attempt = product.send_message(FIRST)

        assert attempt.outcome is SendOutcome.FAILED
        assert product.item().classification.reason is Reason.ATTACHMENT_MISSING

    def test_a_resend_without_its_file_is_refused_before_anything_changes(self, product):
        product.fail()
        product.files.kept.clear()

        with pytest.raises(RefusedError) as refused:
            product.press_resend()

        assert refused.value.code == "resend_content_not_held"
        assert (product.item().state, product.queue.orders) == (State.OPEN, [])

    def test_cleanup_deletes_files_on_the_day_after_their_content_expired(self, product):
        day = date.fromisoformat(HELD.key.split("/")[1])
        for today, deleted in ((day, 0), (day + timedelta(days=1), 1)):
            product.time = NOW.replace(year=today.year, month=today.month, day=today.day)
            assert product.run_cleanup().files == deleted

        assert product.files.kept == {}


class TestDownloading:
    @pytest.fixture
    def desk(self, product):
        product.desk = DownloadAttachment(product.items, product.notifications, product.files, product.clock)
        return product

    def download(self, desk, number=1, by="m@example.com"):
        return desk.desk(ACCOUNT, desk.item().entry_key, number, by=by)

    def test_a_manager_gets_a_link_for_some_minutes_and_the_audit_trail_says_so_once(self, desk):
        desk.fail()

        link = self.download(desk)
        self.download(desk)
        self.download(desk, by="other@example.com")

        assert link.url.startswith(f"https://files.test/{HELD.key}?name=invoice.pdf")
        assert link.expires_at == NOW + timedelta(minutes=5)
        audit = [(entry.by, entry.action, entry.detail) for entry in desk.item().audit]
        assert audit == [(by, "download", "invoice.pdf") for by in ("m@example.com", "other@example.com")]

    @pytest.mark.parametrize("number", [0, 2, 10**9])
    def test_there_is_no_other_file(self, desk, number):
        desk.fail()

        with pytest.raises(NotFoundError):
            self.download(desk, number)

    def test_nor_one_that_is_lost(self, desk):
        desk.fail()
        desk.files.kept.clear()

        with pytest.raises(NotFoundError):
            self.download(desk)

        assert desk.item().audit == ()

    def test_nothing_is_downloaded_that_cannot_be_recorded(self, desk):
        desk.items.save(None, an_item(days_ago=29.5, notification_id="n-1"))
        desk.pass_time(days=1)

        with pytest.raises(RefusedError) as refused:
            self.download(desk)

        assert refused.value.code == "conflict"


def test_keys_cannot_be_guessed_and_sort_by_the_day_of_their_end():
    first, second = (new_key(ACCOUNT, NOW, 60) for _ in range(2))

    assert first != second
    assert first < new_key(ACCOUNT, NOW, 61)
    assert replace(HELD, source="sha256:1").upload_id == ""
    assert HELD.upload_id == HELD.source
