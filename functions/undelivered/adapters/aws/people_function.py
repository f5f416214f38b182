"""The function ``manage_people``, called by ``api_handler``: the form of its requests and answers, and the call."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.domain.errors import InvalidInputError, NotFoundError, RefusedError, RetryableError, UndeliveredError
from undelivered.domain.people import Person, PersonRole
from undelivered.services.ports.people import Caller, People

_BUSY: Final = frozenset({"TooManyRequestsException", "ServiceException", "EC2ThrottledException"})


class PeopleRequest(Struct, frozen=True):
    """A request to the function. ``operation`` is the name of a method of ``ports.people.People``."""

    operation: str
    account_id: str
    caller: Caller
    person_id: str = ""
    email: str = ""
    role: PersonRole = PersonRole.VIEWER


class _Failure(Struct, frozen=True):
    kind: str
    code: str = ""
    detail: str = ""
    field: str = ""
    suggestion: str = ""


class _Answer(Struct, frozen=True):
    people: tuple[Person, ...] = ()
    failure: _Failure | None = None


def answer_request(people: People, event: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the function to the event of a request. Errors that a caller can correct are answers."""
    request = msgspec.convert(event, PeopleRequest)
    try:
        answer = _Answer(tuple(_OPERATIONS[request.operation](people, request)))
    except UndeliveredError as error:
        answer = _Answer(failure=_failure_of(error))
    found: dict[str, Any] = msgspec.to_builtins(answer)
    return found


_OPERATIONS: Final[dict[str, Callable[[People, PeopleRequest], Sequence[Person]]]] = {
    "find_all": lambda people, asked: people.find_all(asked.account_id, asked.caller),
    "invite": lambda people, asked: [people.invite(asked.account_id, asked.caller, asked.email, asked.role)],
    "invite_again": lambda people, asked: [people.invite_again(asked.account_id, asked.caller, asked.person_id)],
    "change_role": lambda people, asked: [
        people.change_role(asked.account_id, asked.caller, asked.person_id, asked.role)
    ],
    "remove": lambda people, asked: [people.remove(asked.account_id, asked.caller, asked.person_id)],
}


def _failure_of(error: UndeliveredError) -> _Failure:
    match error:
        case NotFoundError():
            return _Failure("not_found")
        case RefusedError():
            return _Failure("refused", error.code, error.detail, error.field)
        case InvalidInputError():
            return _Failure("invalid", detail=error.message, field=error.field, suggestion=error.suggestion)
        case RetryableError():
            return _Failure("busy")
    raise error


def _error_of(failure: _Failure) -> UndeliveredError:
    match failure.kind:
        case "not_found":
            return NotFoundError("person not found")
        case "refused":
            return RefusedError(failure.code, failure.detail, failure.field)
        case "invalid":
            return InvalidInputError(failure.field, failure.detail, failure.suggestion)
        case _:
            return RetryableError("the user pool is busy")


class PeopleFunction(Struct, frozen=True):
    """``ports.people.People`` in the function, which alone may change the user pool."""

    client: Any
    function: str

    def find_all(self, account_id: str, caller: Caller) -> Sequence[Person]:
        """Return the people of an account."""
        return self._ask(PeopleRequest("find_all", account_id, caller))

    def invite(self, account_id: str, caller: Caller, email: str, role: PersonRole) -> Person:
        """Invite a person."""
        return self._ask(PeopleRequest("invite", account_id, caller, email=email, role=role))[0]

    def invite_again(self, account_id: str, caller: Caller, person_id: str) -> Person:
        """Send a person another invitation."""
        return self._ask(PeopleRequest("invite_again", account_id, caller, person_id))[0]

    def change_role(self, account_id: str, caller: Caller, person_id: str, role: PersonRole) -> Person:
        """Change the role of a person."""
        return self._ask(PeopleRequest("change_role", account_id, caller, person_id, role=role))[0]

    def remove(self, account_id: str, caller: Caller, person_id: str) -> Person:
        """Remove a person."""
        return self._ask(PeopleRequest("remove", account_id, caller, person_id))[0]

    def _ask(self, request: PeopleRequest) -> Sequence[Person]:
        try:
            response = self.client.invoke(FunctionName=self.function, Payload=msgspec.json.encode(request))
        except ClientError as error:
            if error.response["Error"]["Code"] in _BUSY:
                raise RetryableError("the function is busy") from error
            raise
        except BotoCoreError as error:
            raise RetryableError(f"the function cannot be reached: {type(error).__name__}") from error
        payload = response["Payload"].read()
        if "FunctionError" in response:
            raise RuntimeError("the function manage_people failed; its log says why")
        answer = msgspec.json.decode(payload, type=_Answer)
        if answer.failure:
            raise _error_of(answer.failure)
        return answer.people
