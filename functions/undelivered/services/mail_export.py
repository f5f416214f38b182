"""Send a user an email when an export is ready or failed. It has a link to the console, not to the file."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from undelivered.domain.digest import DIGEST_PREFIX
from undelivered.domain.export import Export, ExportState
from undelivered.domain.language import Language, Texts
from undelivered.services.own_mail import OwnMail
from undelivered.services.ports import AccountStore

_LONGEST_WAIT: Final = 20.0
"""Seconds to wait for a slot. If there is none, the queue delivers the export's message again."""


class MailExport(Struct, frozen=True):
    """The use case after an export has ended. Only users who asked for an email get one, each once."""

    mail: OwnMail
    accounts: AccountStore
    link: str
    texts: Callable[[Language], Texts]

    def __call__(self, export: Export) -> None:
        """Send the email; raises RetryableError if it is to be tried again."""
        if not export.mail_to or export.state is ExportState.RUNNING:
            return
        settings = self.accounts.settings(export.account_id)
        subject, text = _words(export, self.link, self.texts(settings.locale))
        name = f"{DIGEST_PREFIX}export-{export.export_id}"
        deadline = self.mail.pace.now() + _LONGEST_WAIT
        self.mail.send_once(settings, name, export.mail_to, subject=subject, text=text, deadline=deadline)


def _words(export: Export, link: str, texts: Texts) -> tuple[str, str]:
    """Return the subject and the text in the language of the account."""
    sentence = texts.sentence
    if export.state is ExportState.DONE:
        subject = sentence("Your export is ready")
        ended = sentence("The export that you asked for is ready. It has {n} rows.", n=export.rows)
        what_to_do = sentence("Download it within seven days: {link}", link=link)
    else:
        subject = sentence("Your export failed")
        ended = sentence("The export that you asked for could not be written.")
        what_to_do = sentence("Start it again in the console: {link}", link=link)
    return subject, f"{ended}\n\n{what_to_do}\n"
