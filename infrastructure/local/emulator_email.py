"""Corrections of the emulator: the simulator answers the calls of SES that send emails, or depend on what was sent.

ministack accepts emails without their tags, has neither a suppression list nor sending limits, and keeps the
configuration sets of SES's two APIs apart.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode

from infrastructure.local.emulator_internals import require
from infrastructure.local.ses_simulator.send_calls import SEND_OPERATIONS
from infrastructure.local.ses_simulator.ses_api_proxy import FORWARDED, end_to_end

_V1_ACTIONS: Final = {*SEND_OPERATIONS["ses"], "GetSendQuota"}
_V2_PATHS: Final = ("/v2/email/outbound-", "/v2/email/suppression/addresses")
_ACCOUNT: Final = ("GET", "/v2/email/account")
_TIMEOUT_SECONDS: Final = 60.0


def forward_to_simulator(url: str) -> None:
    """Let the simulator's proxy at a URL answer calls about emails. The calls that it forwards reach ministack."""
    import httpx
    from ministack.services import ses, ses_v2

    simulator = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS)

    async def answer(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> tuple[int, dict[str, str], bytes]:
        target = quote(path, safe="/@") + (f"?{urlencode(query, doseq=True)}" if query else "")
        response = await simulator.request(method, target, headers=end_to_end(headers), content=body)
        return response.status_code, end_to_end(response.headers), response.content

    def answered(handle: Any) -> Any:
        async def answer_or_handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Any:
            if FORWARDED not in headers and _is_simulated(method, path, body):
                return await answer(method, path, headers, body, query)
            return await handle(method, path, headers, body, query)

        return answer_or_handle

    for module in (ses, ses_v2):
        module.handle_request = answered(require(module, "handle_request"))


def _is_simulated(method: str, path: str, body: bytes) -> bool:
    if path.startswith("/v2/"):
        return path.startswith(_V2_PATHS) or (method, path) == _ACCOUNT
    actions = parse_qs(body.decode(errors="replace")).get("Action", [])
    return bool(_V1_ACTIONS.intersection(actions))


def share_configuration_sets() -> None:
    """Let a configuration set that one API creates exist in the other too."""
    from ministack.services import ses, ses_v2

    create_v1, create_v2 = require(ses, "_create_configuration_set"), require(ses_v2, "_create_config_set")
    sets: dict[str, Any] = require(ses, "_configuration_sets")
    known: dict[str, Any] = require(ses_v2, "_config_sets")
    name_of = require(ses, "_p")

    def create_in_v2(name: str, data: dict[str, Any]) -> Any:
        sets.setdefault(name, {"Name": name, "CreatedTimestamp": ses._iso_now()})  # noqa: SLF001 - see emulator.py
        return create_v2(name, data)

    def create_in_v1(parameters: dict[str, Any]) -> Any:
        response = create_v1(parameters)
        name = name_of(parameters, "ConfigurationSet.Name")
        if name not in known:
            create_v2(name, {})
        return response

    ses._create_configuration_set = create_in_v1  # noqa: SLF001 - see emulator.py
    ses_v2._create_config_set = create_in_v2  # noqa: SLF001 - see emulator.py
