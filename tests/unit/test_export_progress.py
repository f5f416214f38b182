"""What an export stores about its progress, compared as a whole."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item
from tests.fakes import FakeAccountStore, FakeExportFiles, FakeExportRunner, FakeExportStore
from undelivered.adapters.language_files import texts
from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import LimitReachedError, NotFoundError, RetryableError, StaleWriteError
from undelivered.domain.export import Export, ExportPosition, ExportState
from undelivered.domain.language import Language
from undelivered.domain.report_query import Period, ReportFilter
from undelivered.services import report_csv
from undelivered.services.export_report import ATTEMPTS, ExportProgress, ExportReport
from undelivered.services.ports import Page
from undelivered.services.request_export import MAX_UNDER_WAY, QUEUED_AGAIN_AFTER, SILENT_AFTER, Exports, ExportStatus

FILTER = ReportFilter(Period(NOW - timedelta(days=30), NOW))
LATER = NOW + timedelta(minutes=1)

ENGLISH = texts(Language.ENGLISH)


class World:
    """A report of some pages, of which each holds one item."""

    def __init__(self, pages=1, *, part_bytes=1_000_000):
        self.now = NOW
        self.store, self.files, self.runner = FakeExportStore(), FakeExportFiles(), FakeExportRunner()
        self.accounts = FakeAccountStore()
        self.items = [an_item(number=number) for number in range(pages)]
        self.asked = []
        self.mailed = []
        self.error = None
        self.exports = Exports(self.store, self.files, self.runner, self.accounts, self.clock)
        self.write = ExportReport(
            self.store,
            self.files,
            self.runner,
            self,
            self.accounts,
            self.clock,
            texts,
            self.mailed.append,
            part_bytes=part_bytes,
        )
        self.export = self.exports.request(ACCOUNT, FILTER, by="ada")
        self.runner.events.clear()
        self.now = LATER

    def clock(self):
        return self.now

    def page(self, account_id, report_filter, limit, after, now):
        if self.error:
            raise self.error
        self.asked.append((account_id, report_filter, limit, after, now))
        number = int(after or 0)
        is_last = number + 1 >= len(self.items)
        return Page(tuple(self.items[number : number + 1]), None if is_last else str(number + 1))

    def rows(self, *places, zone="UTC"):
        """Return the rows of some items as the file has them."""
        settings = AccountSettings(ACCOUNT, time_zone=zone)
        return b"".join(report_csv.rows([self.items[place]], settings, ENGLISH, LATER) for place in places)

    def run(self, has_time=lambda: True):
        return self.write(ACCOUNT, self.export.export_id, has_time)

    def stored(self):
        return self.store.find(ACCOUNT, self.export.export_id)

    def status(self):
        return self.exports.status(ACCOUNT, self.export.export_id)


def test_a_requested_export_is_stored_and_started():
    world = World()

    assert world.export == Export(ACCOUNT, world.export.export_id, FILTER, NOW, "ada", touched_at=NOW, version=1)
    assert world.stored() == world.export
    assert world.export.file == f"exports/{ACCOUNT}/{world.export.export_id}.csv"
    assert world.status() == ExportStatus(ExportState.RUNNING, 0)


def test_a_complete_export_is_one_file_with_all_rows():
    world = World(pages=2)

    assert world.run() == ExportProgress(2)

    assert world.files.files[world.export.file] == report_csv.header() + world.rows(0, 1)
    stored = world.stored()
    assert (stored.state, stored.rows, stored.attempts, stored.touched_at) == (ExportState.DONE, 2, 0, LATER)
    assert (stored.position.rows, stored.position.is_read, stored.position.remainder) == (2, True, "")
    assert world.asked == [(ACCOUNT, FILTER, 1_000, None, LATER), (ACCOUNT, FILTER, 1_000, "1", LATER)]
    assert world.runner.events == []
    assert world.status() == ExportStatus(
        ExportState.DONE,
        2,
        f"https://files.test/{world.export.file}?name=undelivered-2026-11-23.csv&expires=900",
    )


def test_an_export_without_time_keeps_its_rows_and_starts_another_invocation():
    world = World(pages=3)

    assert world.run(lambda: False) == ExportProgress(1)

    stored = world.stored()
    name = f"rests/{ACCOUNT}/{world.export.export_id}.2"
    assert stored.position == ExportPosition(upload=f"{world.export.file}#1", remainder=name, rows=1, after="1")
    assert (stored.rows, stored.attempts, stored.next_part, stored.state) == (1, 0, 2, ExportState.RUNNING)
    assert world.files.files[name].startswith(report_csv.header())
    assert world.runner.events == [(ACCOUNT, world.export.export_id)]
    assert world.status() == ExportStatus(ExportState.RUNNING, 1)


def test_the_times_in_a_file_are_of_the_accounts_zone():
    world = World()
    world.accounts.save_settings(replace(world.accounts.settings(ACCOUNT), time_zone="Pacific/Auckland"))

    world.run()

    content = world.files.files[world.export.file]
    assert content == report_csv.header() + world.rows(0, zone="Pacific/Auckland")
    assert b"+13:00" in content


def test_an_invocation_that_continues_an_export_counts_the_rows_that_it_adds():
    world = World(pages=3)
    world.run(lambda: False)

    assert world.run() == ExportProgress(2)
    assert world.stored().rows == 3


def test_an_error_after_some_progress_is_returned_with_the_rows_that_were_added():
    world = World(pages=4, part_bytes=len(report_csv.header()) + 1)
    world.run(lambda: False)
    error, read = RetryableError("busy"), world.page

    def page(*arguments):
        if arguments[3] == "3":
            raise error
        return read(*arguments)

    world.page = page

    assert world.run() == ExportProgress(2, error)
    assert world.stored().position.rows == 3
    assert world.runner.events == [(ACCOUNT, world.export.export_id)] * 2


def test_rows_that_an_invocation_read_but_did_not_keep_are_not_counted_by_the_next():
    world = World()
    world.store.save(replace(world.stored(), rows=7))
    world.error = RetryableError("busy")

    with pytest.raises(RetryableError):
        world.run()

    assert world.status().rows == 0


def test_rows_are_uploaded_as_a_part_of_the_file_as_soon_as_they_have_its_size():
    world = World(pages=2)
    first = report_csv.header() + world.rows(0)
    world.write = replace(world.write, part_bytes=len(first))
    add_part, added = world.files.add_part, []

    def keep(file, upload, number, content):
        added.append((file, upload, content))
        return add_part(file, upload, number, content)

    world.files.add_part = keep

    world.run()

    upload = f"{world.export.file}#1"
    assert added == [(world.export.file, upload, first), (world.export.file, upload, world.rows(1))]


def test_an_export_that_is_removed_while_it_is_written_ends_quietly():
    world = World()
    read = world.page

    def page(*arguments):
        world.store.remove(world.stored())
        return read(*arguments)

    world.page = page

    assert world.run() == ExportProgress()


def test_an_invocation_that_fails_after_another_has_claimed_the_export_leaves_it_to_that_one():
    world = World()

    def page(*_):
        world.error = RetryableError("busy")
        del world.page
        with pytest.raises(RetryableError):
            world.run()
        raise ValueError("broken")

    world.page = page

    assert world.run() == ExportProgress()
    assert (world.stored().state, world.stored().attempts) == (ExportState.RUNNING, 2)
    assert world.runner.events == []


def test_parts_have_numbers_that_no_invocation_has_used():
    world = World(pages=3, part_bytes=1)

    world.run(lambda: False)
    world.run()

    position = world.stored().position
    assert [part.number for part in position.parts] == [1, 3, 4, 5]
    assert world.stored().state is ExportState.DONE


def test_an_export_that_fails_without_progress_is_given_up_after_its_attempts():
    world = World()
    for error in [*[RetryableError("busy")] * (ATTEMPTS - 1), ValueError("broken")]:
        assert world.stored().state is ExportState.RUNNING
        world.error = error
        with pytest.raises(type(error)):
            world.run()

    stored = world.stored()
    assert (stored.state, stored.touched_at, stored.rows) == (ExportState.FAILED, LATER, 0)
    detail = "The export failed several times because of a problem on our side. Start it again later."
    assert world.status() == ExportStatus(ExportState.FAILED, 0, detail=detail)
    assert world.run() == ExportProgress()


def test_an_export_is_given_up_for_a_busy_database_with_what_to_do():
    world = World()
    world.store.save(replace(world.stored(), attempts=ATTEMPTS - 1))
    world.error = RetryableError("busy")

    with pytest.raises(RetryableError):
        world.run()

    assert world.status().detail == "The database was too busy. Start the export again later."


def test_an_export_that_is_given_up_removes_the_parts_of_its_file():
    world = World(pages=3, part_bytes=1)
    world.run(lambda: False)
    world.store.save(replace(world.stored(), attempts=ATTEMPTS))
    abandoned = []
    world.files.abandon = lambda *arguments: abandoned.append(arguments)

    assert world.run() == ExportProgress()

    assert abandoned == [(world.export.file, f"{world.export.file}#1")]
    detail = "The export failed several times because of a problem on our side. Start it again later."
    assert world.status() == ExportStatus(ExportState.FAILED, 0, detail=detail)


def test_the_number_of_rows_is_stored_every_two_seconds():
    world = World(pages=4)
    rows = []

    def has_time():
        world.now += timedelta(seconds=1)
        rows.append(world.stored().rows)
        return True

    world.run(has_time)

    assert rows[:4] == [0, 0, 2, 2]


@pytest.mark.parametrize(("silent", "state"), [(0, ExportState.RUNNING), (1, ExportState.FAILED)])
def test_an_export_without_progress_for_an_hour_counts_as_failed(silent, state):
    world = World(pages=2)
    world.run(lambda: False)
    world.now = LATER + SILENT_AFTER + timedelta(seconds=silent)

    assert (world.status().state, world.status().rows) == (state, 1)


def test_an_export_of_another_account_is_not_found():
    with pytest.raises(NotFoundError):
        World().exports.status("acc-2", "export-1")


class Account:
    """An account whose request for an export was killed before the export was queued."""

    def __init__(self):
        self.world = World()
        self.lost = self.world.export
        others = [self.request() for _ in range(MAX_UNDER_WAY - 1)]
        self.world.runner.events.clear()
        for other in others:
            self.world.store.save(replace(other, claimed_by="somebody"))

    def request(self):
        return self.world.exports.request(ACCOUNT, FILTER, by="ada")

    def refused_request(self):
        with pytest.raises(LimitReachedError):
            self.request()

    @property
    def queued(self):
        return self.world.runner.events


def test_an_export_that_was_never_queued_does_not_hold_its_place_for_an_hour():
    account = Account()

    account.refused_request()
    assert account.queued == [(ACCOUNT, account.lost.export_id)]
    account.world.write(*account.queued.pop(), lambda: True)

    assert account.world.stored().state is ExportState.DONE
    account.request()


def test_an_export_that_waits_in_the_queue_is_queued_again_once_a_minute_at_most():
    account = Account()

    for _ in range(3):
        account.refused_request()
    assert len(account.queued) == 1
    account.world.now += QUEUED_AGAIN_AFTER - timedelta(seconds=1)
    account.refused_request()
    assert len(account.queued) == 1
    account.world.now += timedelta(seconds=1)
    account.refused_request()
    assert len(account.queued) == 2


def test_an_export_that_is_claimed_meanwhile_is_not_queued_again():
    account = Account()
    save = account.world.store.save
    account.world.store.save = lambda _: (_ for _ in ()).throw(StaleWriteError("claimed"))

    account.refused_request()

    account.world.store.save = save
    assert account.queued == []


def test_an_export_that_has_ended_is_mailed_about_again_when_its_message_is_delivered_again():
    world = World(pages=2)
    world.write(ACCOUNT, world.export.export_id, lambda: True)
    world.write(ACCOUNT, world.export.export_id, lambda: True)

    assert [(export.export_id, export.state) for export in world.mailed] == [
        (world.export.export_id, ExportState.DONE)
    ] * 2
