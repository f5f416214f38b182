"""The page "Your first hour" does what it says: each way of sending, step by step, as a reader would run it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from infrastructure.paths import ROOT
from tests.builders.docs import sections
from tests.builders.node import node_folder

PAGE = ROOT / "infrastructure" / "docs" / "first-hour.md"
STEPS, PARTS = sections(PAGE), sections(PAGE, level=3)
NODE_CLIENTS = Path(__file__).parent / "node_clients" / "package.json"
SECONDS = 120

HANDED_OVER, OWN = ("if-you-handed-it-over",), ("if-your-software-sent-it",)
OVER_TO_US = ("our-api-with-curl", *HANDED_OVER)
ASKED = ("or-when-a-manager-presses-resend",)
WAYS = {
    "our-api-with-curl": HANDED_OVER,
    "our-api-with-python": HANDED_OVER,
    "your-ses-client": OWN,
    "smtp": OWN,
    "django": OWN,
    "rails": OWN,
    "nodejs": OWN,
}
"""The parts of step 6 that follow each way of step 3."""


def introduction(step):
    """Return a step of the page up to its first part."""
    return STEPS[step].split("\n### ")[0]


def commands(text, folder):
    """Save the files of a part of the page, and return its commands in order."""
    for name, code in re.findall(
        r"ave (?:this|it|the program) as `([\w.]+)`[^`]*\n\n```\w+\n(.*?)```", text, re.DOTALL
    ):
        (folder / name).write_text(code)
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def no_queue_left(stack):
    """Delete the queue that a reader makes, and its subscription."""
    yield
    sns, sqs = stack.client("sns"), stack.client("sqs")
    for subscription in sns.list_subscriptions_by_topic(TopicArn=stack.outputs["OutcomeTopicArn"])["Subscriptions"]:
        if subscription["Endpoint"].endswith(":resend-requests"):
            sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    for url in sqs.list_queues(QueueNamePrefix="resend-requests").get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def follow(stack, request, tmp_path):
    """Return a function that follows a way of sending through the page, with the variables that `up` prints."""

    def run(way, resend):
        account = f"acc-hour-{request.node.callspec.id}"
        headers = {"Authorization": f"Bearer {stack.host_token()}", "X-Account-Id": account}
        httpx.put(f"{stack.api_url}/settings", headers=headers, json={}, timeout=30).raise_for_status()
        texts = [
            introduction("2-bring-your-customers-along"),
            introduction("3-send-an-invoice"),
            PARTS[way],
            introduction("4-see-it-fail"),
            introduction("5-correct-the-address"),
            *(PARTS[part] for part in resend),
            PARTS["see-it-leave"],
        ]
        script = [tools(stack, way, request), *(block for text in texts for block in commands(text, tmp_path))]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", "\n".join(script)],
            env=environment | stack.client_environment | {"ACCOUNT_ID": account},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return account, tmp_path

    return run


def tools(stack, way, request):
    """Return the tools of the page: `uv run` in the environment of the tests, on their stack, and npm's packages."""
    python = shlex.quote(sys.executable)
    undelivered = shlex.quote(str(Path(sys.executable).with_name("undelivered")))
    npm = f"ln -s {node_folder(NODE_CLIENTS)}/node_modules node_modules" if way == "nodejs" else "false"
    if way == "rails" and not has_action_mailer():
        pytest.skip("the mailer of Rails needs Ruby and its gem actionmailer, which are not on this machine")
    return f"""
        uv() {{
          if [ "$2" = undelivered ]; then {undelivered} "${{@:3}}" --state-dir {shlex.quote(str(stack.state_dir))}
          else {python} "${{@:3}}"; fi
        }}
        npm() {{ {npm}; }}
    """


def has_action_mailer():
    ruby = shutil.which("ruby")
    return bool(ruby) and subprocess.run([ruby, "-r", "action_mailer", "-e", ""], check=False).returncode == 0


@pytest.mark.parametrize(
    ("way", "resend"),
    [*WAYS.items(), ("your-ses-client", OVER_TO_US), ("your-ses-client", ASKED)],
    ids=[*WAYS, "content-handed-over-afterwards", "your-software-is-asked"],
)
@pytest.mark.usefixtures("no_queue_left")
def test_every_step_of_a_way_does_what_the_page_says(stack, follow, way, resend):
    account, folder = follow(way, resend)

    messages = httpx.get(f"{stack.simulator_url}/_simulator/messages", timeout=30).json()["messages"]
    sent = [message for message in messages if message["tags"].get("undelivered-account") == [account]]
    assert [(*message["recipients"], message["attachments"][0]["filename"]) for message in sent] == [
        ("bounce+ada@simulator.amazonses.com", "invoice.pdf"),
        ("success+ada@simulator.amazonses.com", "invoice.pdf"),
    ]
    report = (folder / "report.json").read_text()
    assert '"reason":"address_not_found"' in report
    assert '"name":"Ada Byron"' in report


def test_the_page_starts_the_stack_as_the_command_line_does():
    (start, folder), table = commands(STEPS["1-start"], ROOT), introduction("choose-your-way")

    assert start.strip().endswith("uv run undelivered up")
    assert folder.startswith("mkdir -p build/")
    assert set(re.findall(r"\(#([\w-]+)\)", table)) == {
        *WAYS,
        "if-you-handed-it-over",
        *OWN,
        "or-hand-the-content-over",
    }
