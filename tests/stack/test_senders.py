"""Accounts, their senders and their members, on the deployed template."""

import itertools
import subprocess
import sys

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


def accounts(stack, *arguments, exit_code=0):
    command = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", "accounts", *arguments]
    done = subprocess.run(
        [*command, "--state-dir", str(stack.state_dir)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == exit_code, done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_members_are_added_listed_and_removed_by_account(acting):
    stack, account = acting.stack, acting.name("acc")
    ada, bob = f"ada@{account}.example", f"bob@{account}.example"
    missing = accounts(stack, "members", "add", account, ada, exit_code=1)
    accounts(stack, "create", account)
    accounts(stack, "members", "add", account, ada, "--role", "manager")
    accounts(stack, "members", "add", account, bob)

    again = accounts(stack, "members", "add", OTHER_ACCOUNT, ada, exit_code=1)
    foreign = accounts(stack, "members", "remove", OTHER_ACCOUNT, ada, exit_code=1)
    before = accounts(stack, "members", "list", account)
    accounts(stack, "members", "remove", account, ada)
    after = accounts(stack, "members", "list", account)

    assert f"The account {account} does not exist" in missing
    assert f"The user {ada} already exists" in again
    assert f"{ada} is not a member of {OTHER_ACCOUNT}" in foreign
    assert {f"{ada}: manager;", f"{bob}: viewer;"} <= {" ".join(pair) for pair in pairs(before)}
    assert ada not in after
    assert bob in after


def pairs(text):
    words = text.split()
    return itertools.pairwise(words)
