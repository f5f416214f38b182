"""The digest email for managers: when it is due, which days it covers, and its text."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.language import Texts
from undelivered.domain.taxonomy import Reason

DIGEST_PREFIX: Final = "undelivered-digest-"
"""The prefix of digest ids. Notifications of the host must not have it, and events about digests are ignored."""

_WEEK = 7


class Digest(Struct, frozen=True):
    """The content of a digest: the failures from the first to the last day, and the number of items ready to resend."""

    first: date
    last: date
    by_reason: Mapping[Reason, int]
    ready: int

    @property
    def is_empty(self) -> bool:
        """Whether the digest has no content."""
        return not self.by_reason and not self.ready


def days_due(settings: AccountSettings, now: datetime) -> tuple[date, date] | None:
    """Return the first and the last day of the digest that is due in this hour, or None if no digest is due.

    A digest covers the days since the digest before it: on Monday, for example, Friday to Sunday.
    """
    local = now.astimezone(ZoneInfo(settings.time_zone))
    digest = settings.digest
    if not digest.recipients or local.hour != digest.hour or local.weekday() not in digest.days:
        return None
    today = local.date()
    since = next(back for back in range(1, _WEEK + 1) if (today - timedelta(days=back)).weekday() in digest.days)
    return today - timedelta(days=since), today - timedelta(days=1)


def failures_by_reason(by_day: Mapping[date, Mapping[str, int]]) -> Mapping[Reason, int]:
    """Return the failures by reason, most frequent first. ``by_day`` counts them by ``<class code>.<reason>``."""
    total = Counter[Reason]()
    for counts in by_day.values():
        for name, number in counts.items():
            total[Reason(name.partition(".")[2])] += number
    return {reason: number for reason, number in total.most_common() if number > 0}


def subject_of(digest: Digest, texts: Texts) -> str:
    """Return the digest's subject line."""
    failed = sum(digest.by_reason.values())
    parts = [texts.sentence("{n} undelivered", n=failed)] if failed else []
    if digest.ready:
        parts.append(texts.sentence("{n} ready to resend", n=digest.ready))
    return texts.sentence("Notifications: {parts}", parts=", ".join(parts))


def text_of(digest: Digest, link: str, texts: Texts) -> str:
    """Return the digest as plain text. It names no customer; the link leads to the report."""
    sentence = texts.sentence
    days = sentence("{day:%d %B %Y}", day=digest.first)
    if digest.last != digest.first:
        days = sentence("{first:%d %B} to {last:%d %B %Y}", first=digest.first, last=digest.last)
    lines = [sentence("Undelivered notifications, {days}", days=days), ""]
    lines += [f"  {number:>5}  {texts.reason(reason)}" for reason, number in digest.by_reason.items()]
    if not digest.by_reason:
        lines.append(f"  {sentence('None.')}")
    if digest.ready:
        ready = "{n} ready to resend: the customer's contact details have been corrected."
        lines += ["", sentence(ready, n=digest.ready)]
    return "\n".join([*lines, "", sentence("Open the report: {link}", link=link), ""])
