"""Exports, whatever happens to the invocations that write them."""

import csv
from datetime import timedelta
from io import StringIO
from itertools import count

import pytest
from msgspec.structs import replace

from tests.builders.items import ACCOUNT, NOW, an_item
from tests.fakes import (
    FakeAccountStore,
    FakeExportFiles,
    FakeExportRunner,
    FakeExportStore,
    FakeReportReader,
    FakeUndeliveredStore,
)
from undelivered.adapters.language_files import texts
from undelivered.domain.errors import NotFoundError, RetryableError
from undelivered.domain.export import EXPORT_LIFETIME, ExportState
from undelivered.domain.item import LIVE_STATES
from undelivered.domain.report_query import Period, ReportFilter, window_start
from undelivered.domain.taxonomy import Reason
from undelivered.services.export_report import ATTEMPTS, ExportProgress, ExportReport
from undelivered.services.request_export import SILENT_AFTER, Exports

ALL = ReportFilter(Period(window_start(NOW), NOW + timedelta(days=1)), LIVE_STATES)
PLENTY = 1_000_000


class CutError(RetryableError):
    """The network was cut."""


class Cutting:
    """A port of which one call, counted over all ports, is cut: before it does anything, or before it answers."""

    def __init__(self, port, counter, place, *, after):
        self._port, self._counter, self._place, self._after = port, counter, place, after

    def __getattr__(self, name):
        call = getattr(self._port, name)

        def cut(*args):
            is_it = next(self._counter) == self._place
            if is_it and not self._after:
                raise CutError(name)
            answer = call(*args)
            if is_it:
                raise CutError(name)
            return answer

        return cut


class World:
    """A report of some items, an export of it, and its queue, which delivers every message five times."""

    def __init__(self, items=25, *, page_size=4, part_bytes=1_500):
        self.now, self.mailed = NOW, []
        self.store, self.runner = FakeExportStore(), FakeExportRunner()
        self.files = FakeExportFiles(least_part=part_bytes)
        self.undelivered, self.accounts = FakeUndeliveredStore(clock=self.clock), FakeAccountStore()
        for number in range(1, items + 1):
            self.undelivered.save(None, an_item(Reason.MAILBOX_FULL, number=number, days_ago=number / 10))
        self.write = ExportReport(
            self.store,
            self.files,
            self.runner,
            FakeReportReader(self.undelivered),
            self.accounts,
            self.clock,
            texts,
            self.mailed.append,
            page_size,
            part_bytes,
        )
        self.exports = Exports(self.store, self.files, self.runner, self.accounts, self.clock)

    def clock(self):
        return self.now

    def request(self, wanted=ALL):
        return self.exports.request(ACCOUNT, wanted, by="viewer@example.com").export_id

    def news(self, export_id):
        return self.exports.status(ACCOUNT, export_id)

    def run(self, *, pages=PLENTY, write=None):
        """Carry out all events; each invocation has time for some pages. Return how many there were."""
        invocations = 0
        while self.runner.events:
            event = self.runner.events.pop(0)
            for attempt in range(ATTEMPTS):
                invocations += 1
                try:
                    (write or self.write)(*event, time_for(pages))
                except CutError:
                    assert attempt + 1 < ATTEMPTS
                else:
                    break
        return invocations

    def recipients(self, export_id):
        text = self.files.files[self.store.find(ACCOUNT, export_id).file].decode("utf-8-sig")
        return [row["recipient"] for row in csv.DictReader(StringIO(text, newline=""))]

    def expected(self):
        return [item.recipient for item in self.undelivered.all_items(ACCOUNT)]


def time_for(pages):
    asked = count(1)
    return lambda: next(asked) < pages


def test_an_export_holds_every_row_once_newest_first():
    world = World()
    export_id = world.request()

    assert world.news(export_id).state is ExportState.RUNNING
    assert world.run() == 1

    news = world.news(export_id)
    assert (news.state, news.rows) == (ExportState.DONE, 25)
    assert "name=undelivered-2026-11-23.csv&expires=900" in news.url
    assert world.recipients(export_id) == world.expected() == [f"person-{n}@example.com" for n in range(1, 26)]


@pytest.mark.parametrize("items", [0, 1, 4, 5])
def test_small_reports_make_files_too(items):
    world = World(items)
    export_id = world.request()

    world.run()

    assert (world.news(export_id).rows, world.recipients(export_id)) == (items, world.expected())


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_an_export_goes_on_where_its_time_ran_short(pages):
    world = World()
    export_id = world.request()

    assert world.run(pages=pages) > 2

    assert world.recipients(export_id) == world.expected()
    assert world.news(export_id).rows == 25


def test_rows_are_told_while_it_runs():
    world = World()
    export_id = world.request()
    told = []

    def has_time():
        world.now += timedelta(seconds=3)
        told.append(world.news(export_id).rows)
        return True

    world.write(ACCOUNT, export_id, has_time)

    assert told == sorted(told)
    assert 0 < told[-2] < 25


def test_a_filter_is_kept_to():
    world = World()
    export_id = world.request(replace(ALL, customer_id="c-7"))

    world.run(pages=1)

    assert world.recipients(export_id) == ["person-7@example.com"]


def test_an_event_delivered_again_changes_nothing():
    world = World()
    export_id = world.request()
    world.run()
    done = world.store.find(ACCOUNT, export_id)

    assert world.write(ACCOUNT, export_id, time_for(PLENTY)) == ExportProgress()
    assert world.write(ACCOUNT, "unknown", time_for(PLENTY)) == ExportProgress()
    assert world.store.find(ACCOUNT, export_id) == done


@pytest.mark.parametrize("second_pages", [1, PLENTY])
@pytest.mark.parametrize("moment", range(8))
def test_two_invocations_at_once_write_every_row_once(moment, second_pages):
    world = World()
    export_id = world.request()
    event = world.runner.events[0]
    pages = count()

    class Disturbed(FakeReportReader):
        def page(self, *args):
            if next(pages) == moment:
                world.write(*event, time_for(second_pages))
            return super().page(*args)

    world.run(pages=3, write=replace(world.write, reports=Disturbed(world.undelivered)))

    assert world.news(export_id).state is ExportState.DONE
    assert world.recipients(export_id) == world.expected()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("pages", [2, PLENTY])
@pytest.mark.parametrize("place", range(40))
def test_any_call_may_be_cut(place, pages, after):
    world = World()
    export_id = world.request()
    counter = count()
    ports = {
        name: Cutting(getattr(world.write, name), counter, place, after=after)
        for name in ("store", "files", "runner", "reports", "accounts")
    }

    world.run(pages=pages, write=replace(world.write, **ports))

    assert world.news(export_id).state is ExportState.DONE
    assert world.recipients(export_id) == world.expected()


class Failing(FakeReportReader):
    """A report that cannot be read beyond a number of pages."""

    def __init__(self, store, pages):
        super().__init__(store)
        self.pages = pages

    def page(self, *args):
        self.pages -= 1
        if self.pages < 0:
            raise CutError("too busy")
        return super().page(*args)


def test_an_export_fails_with_a_reason_when_it_does_not_get_on():
    world = World()
    export_id = world.request()
    write = replace(world.write, reports=Failing(world.undelivered, pages=0))

    for _ in range(ATTEMPTS):
        assert world.news(export_id).state is ExportState.RUNNING
        with pytest.raises(CutError):
            write(*world.runner.events[0], time_for(PLENTY))

    news = world.news(export_id)
    assert (news.state, news.url) == (ExportState.FAILED, "")
    assert news.detail.startswith("The database was too busy")
    assert write(*world.runner.events[0], time_for(PLENTY)) == ExportProgress()


def test_an_export_that_got_on_has_all_its_attempts_again():
    world = World()
    export_id = world.request()
    event = world.runner.events.pop()
    for _ in range(ATTEMPTS - 1):
        with pytest.raises(CutError):
            replace(world.write, reports=Failing(world.undelivered, pages=0))(*event, time_for(PLENTY))

    written = replace(world.write, reports=Failing(world.undelivered, pages=4))(*event, time_for(PLENTY))

    assert isinstance(written.error, CutError)
    assert world.runner.events == [event]
    world.run()
    assert world.recipients(export_id) == world.expected()


def test_the_parts_of_an_export_that_failed_are_thrown_away():
    world = World()
    export_id = world.request()
    event = world.runner.events[0]
    replace(world.write, reports=Failing(world.undelivered, pages=4))(*event, time_for(PLENTY))
    assert world.files.uploads

    for _ in range(ATTEMPTS):
        with pytest.raises(CutError):
            replace(world.write, reports=Failing(world.undelivered, pages=0))(*event, time_for(PLENTY))

    assert world.news(export_id).state is ExportState.FAILED
    assert not world.files.uploads


def test_invocations_that_end_without_a_word_do_not_go_on_for_ever():
    world = World()
    export_id = world.request()
    known = world.store.find(ACCOUNT, export_id)
    world.store.save(replace(known, attempts=ATTEMPTS))

    world.run()

    assert world.news(export_id).state is ExportState.FAILED


def test_an_export_that_nobody_works_on_is_told_as_failed():
    world = World()
    export_id = world.request()

    world.now += SILENT_AFTER + timedelta(seconds=1)

    news = world.news(export_id)
    assert (news.state, news.detail) == (ExportState.FAILED, "The export was interrupted. Start it again.")


def test_nothing_is_told_of_an_export_of_another_account():
    world = World()
    export_id = world.request()

    with pytest.raises(NotFoundError):
        world.exports.status("acc-2", export_id)


def test_the_file_is_named_by_the_day_of_the_account():
    world = World(0)
    settings = world.accounts.settings(ACCOUNT)
    world.accounts.save_settings(replace(settings, time_zone="Pacific/Auckland"))
    export_id = world.request()

    world.run()

    assert "undelivered-2026-11-24.csv" in world.news(export_id).url


def test_a_link_is_shorter_lived_than_the_export():
    assert timedelta(minutes=15) < EXPORT_LIFETIME
