"""Senders belong to accounts, on the deployed template."""

import httpx

from infrastructure.local.deployment import OTHER_ACCOUNT
from infrastructure.local.scenario import call_api

MEADOW = "Meadow <rent@meadow.example>"


def test_a_manager_sets_a_sender_of_his_own_account_only(acting):
    token = acting.stack.token(acting.stack.user(account_id=OTHER_ACCOUNT).email)
    with httpx.Client(base_url=acting.stack.api_url, headers={"Authorization": token}, timeout=30) as meadow:
        before = call_api(meadow, "GET", "/settings")

        answer = acting.call_api("PUT", "/settings", 400, json={"sender": MEADOW})
        saved = call_api(meadow, "PUT", "/settings", json={**before, "sender": MEADOW})
        call_api(meadow, "PUT", "/settings", json=before)

    assert answer["errors"][0]["field"] == "sender"
    assert saved["sender"] == MEADOW
