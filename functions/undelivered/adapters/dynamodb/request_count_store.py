"""The store of the numbers of requests on DynamoDB."""

from datetime import datetime, timedelta
from typing import Final

from pynamodb.exceptions import UpdateError

from undelivered.adapters.dynamodb.client import busy_is_retryable, is_condition_failure
from undelivered.adapters.dynamodb.models import AccountModel

_KEPT_FOR: Final = timedelta(hours=1)


class DynamoRequestCountStore:
    """``ports.RequestCountStore`` on the table Accounts: a row for each account, kind of work and minute."""

    def add(self, account_id: str, work: str, start: datetime, number: int, limit: int) -> bool:
        """Add to a count, unless it would be above its limit; see ``ports.RequestCountStore``.

        botocore repeats a write whose response was lost. The number is then counted twice.
        """
        model = AccountModel(account_id, f"requests~{work}~{start:%Y-%m-%dT%H:%MZ}")
        fits = AccountModel.number.does_not_exist() | (AccountModel.number <= limit - number)
        with busy_is_retryable():
            try:
                model.update(
                    [AccountModel.number.add(number), AccountModel.purge_at.set(start + _KEPT_FOR)], condition=fits
                )
            except UpdateError as error:
                if is_condition_failure(error):
                    return False
                raise
        return True
