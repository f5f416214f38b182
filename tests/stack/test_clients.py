"""Host applications send with clients of their own, as the documentation shows; what becomes of it is on the report."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from infrastructure.deployed_stack import DeployedStack
from infrastructure.doctor import attribution_check
from infrastructure.doctor.checks import CheckStatus, run_checks
from infrastructure.doctor.snapshot import take_snapshot
from infrastructure.local.deployment import DEFAULT_ACCOUNT, OTHER_ACCOUNT
from infrastructure.local.scenario import call_api, eventually
from infrastructure.paths import ROOT
from tests.builders.docs import sections
from tests.builders.node import node_folder
from tests.stack.acting import WITHIN

PAGE = ROOT / "infrastructure" / "docs" / "integration.md"
SECTION = sections(PAGE)["point-your-own-software-at-the-local-stack"]
SNIPPETS = [
    (re.search(r"invoice-([\w-]+)", code)[1], language, code)
    for language, code in re.findall(r"```(python|js)\n(.*?)```", SECTION, re.DOTALL)
]
NODE_CLIENTS = Path(__file__).parent / "node_clients" / "package.json"
SUBJECT = "Invoice for November"


@pytest.fixture(scope="session")
def node_modules():
    """Return a folder with the clients in Node.js."""
    return node_folder(NODE_CLIENTS)


@pytest.fixture
def run(stack, request, tmp_path):
    """Return a function that runs a snippet as a program of its own, with the variables that `up` prints."""

    def start(language, code):
        if language == "js":
            folder = request.getfixturevalue("node_modules")
            file, command = folder / f"{request.node.callspec.id}.mjs", ["node"]
        else:
            file, command = tmp_path / "snippet.py", [sys.executable]
        file.write_text(code)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            [*command, str(file)],
            env=environment | stack.client_environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr

    return start


@pytest.fixture
def reported(acting):
    """Return a function that waits for an item to an address on an account's report; the items are dismissed."""
    clients = {}

    def client(account_id):
        if account_id not in clients:
            token = acting.stack.token(acting.stack.user(account_id=account_id).email)
            clients[account_id] = httpx.Client(
                base_url=acting.stack.api_url, headers={"Authorization": token}, timeout=30
            )
        return clients[account_id]

    found = []

    def wait(address, account_id=DEFAULT_ACCOUNT):
        def items():
            return acting.items_to(address, client(account_id))

        (item,) = eventually(items, f"{address} is not on the report of {account_id}", WITHIN)
        found.append((account_id, item))
        return item

    yield wait
    for account_id, item in found:
        call_api(client(account_id), "POST", f"/undelivered/{item['id']}/dismiss", json={"reason": "seen"})
    for each in clients.values():
        each.close()


@pytest.mark.parametrize(("name", "language", "code"), SNIPPETS, ids=[name for name, *_ in SNIPPETS])
def test_an_example_of_the_documentation_sends_with_its_tags(run, reported, name, language, code):
    run(language, code)

    item = reported(f"bounce+{name}@simulator.amazonses.com")

    assert (item["notification_id"], item["title"]) == (f"invoice-{name}", SUBJECT)
    assert (item["status"], item["reason"]) == ("invalid", "address_not_found")


def test_every_client_that_the_documentation_names_has_an_example():
    assert {name for name, *_ in SNIPPETS} == {"boto3-v1", "django-ses", "nodemailer-smtp"}


@contextmanager
def verified(stack, domain):
    """Verify an identity for a while."""
    ses = stack.client("sesv2")
    ses.create_email_identity(EmailIdentity=domain)
    try:
        yield f"rent@{domain}"
    finally:
        ses.delete_email_identity(EmailIdentity=domain)


def by_v1(stack, sender, to):
    message = {"Subject": {"Data": SUBJECT}, "Body": {"Text": {"Data": "Dear Ada"}}}
    call = {"Source": sender, "Destination": {"ToAddresses": [to]}, "Message": message}
    set_name = stack.outputs["SendsConfigurationSet"]
    return stack.client("ses").send_email(**call, ConfigurationSetName=set_name)["MessageId"]


def by_v2(stack, sender, to):
    message = {"Subject": {"Data": SUBJECT}, "Body": {"Text": {"Data": "Dear Ada"}}}
    call = {"FromEmailAddress": sender, "Destination": {"ToAddresses": [to]}, "Content": {"Simple": message}}
    set_name = stack.outputs["SendsConfigurationSet"]
    return stack.client("sesv2").send_email(**call, ConfigurationSetName=set_name)["MessageId"]


def raw(stack, sender, to):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, SUBJECT
    message["X-SES-CONFIGURATION-SET"] = stack.outputs["SendsConfigurationSet"]
    message.set_content("Dear Ada")
    return stack.client("ses").send_raw_email(RawMessage={"Data": message.as_bytes()})["MessageId"]


@pytest.mark.parametrize("send", [by_v1, by_v2, raw], ids=["v1", "v2", "raw"])
def test_an_untagged_email_belongs_to_the_account_of_its_identity(acting, reported, send):
    to = f"bounce+{send.__name__}-{acting.story.suffix}@simulator.amazonses.com"

    with verified(acting.stack, "meadow.example") as mapped:
        message_id = send(acting.stack, mapped, to)

    item = reported(to, OTHER_ACCOUNT)
    assert (item["notification_id"], item["title"]) == (message_id, SUBJECT)


def test_an_email_that_nothing_attributes_is_named_in_the_log_and_by_the_doctor(acting, reported):
    to = f"bounce+stray-{acting.story.suffix}@simulator.amazonses.com"
    domain = f"stray-{acting.story.suffix}.example"

    with verified(acting.stack, domain) as unmapped:
        message_id = by_v2(acting.stack, unmapped, to)

    assert reported(to, DEFAULT_ACCOUNT)["notification_id"] == message_id
    snapshot = take_snapshot(DeployedStack("undelivered", acting.stack.client))
    eventually(lambda: attribution_check.unattributed(snapshot)[0][domain], "the log does not name it", WITHIN)
    senders, account = attribution_check.unattributed(snapshot)
    assert (senders[domain], account) == (1, DEFAULT_ACCOUNT)
    (found,) = run_checks(snapshot, {"it": attribution_check.attribution})
    assert found.status is CheckStatus.WARNING
