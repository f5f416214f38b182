"""Customers and suppressions of another system, on a stack: the commands, and what others put on providers' lists."""

import subprocess
import sys

import pytest

from infrastructure.local.scenario import eventually
from tests.stack.acting import WITHIN

REFUSED_NUMBER = "+14085550154"
"""A number that the simulator refuses as opted out. No other test uses its area code."""


def imported(acting, *words):
    """Run the command and return its output; exit code 1 says that rows were refused."""
    command = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", "import", *words, "--yes"]
    account = ["--account", acting.stack.user().account_id, "--state-dir", str(acting.stack.state_dir)]
    done = subprocess.run([*command, *account], check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


def suppressed(acting, channel, address):
    found = acting.suppression(channel, address)
    return found.json() if found.status_code == 200 and found.json()["active"] else None


def test_customers_of_a_file_are_created_then_replaced_and_the_refused_rows_are_kept(acting, tmp_path):
    file, prefix = tmp_path / "customers.csv", acting.name("imported")
    rows = [
        f"{prefix}-{number};José {number};jose{number}@example.com;+49 170 {1_000_000 + number}"
        for number in range(700)
    ]
    wrong = f"{prefix}-wrong;Bo;bo@@example.com;"
    file.write_text("\n".join(["Kundennummer;Name;E-Mail;Handy", *rows, wrong]), encoding="cp1252")

    assert "700 created, 1 refused" in imported(acting, "customers", str(file))
    assert "1 refused, 700 updated" in imported(acting, "customers", str(file))
    customer = acting.call_api("GET", f"/customers/{prefix}-699")
    assert (customer["name"], customer["phone"]) == ("José 699", "+491701000699")
    refused = (tmp_path / "customers.refused.csv").read_text("utf-8-sig").splitlines()
    assert refused[1].startswith(f"{wrong};")
    assert not (tmp_path / "customers.csv.progress.json").exists()


def test_bounces_of_sendgrid_are_dropped_and_say_why(acting, tmp_path):
    address = acting.mailbox("fine", "sendgrid")
    file = tmp_path / "bounces.csv"
    file.write_text(f"email,reason,status,created\n{address},550 5.1.1 no such user,5.1.1,1614834367\n")

    imported(acting, "suppressions", str(file))
    item = acting.undelivered("sendgrid", address)

    assert (item["status"], item["reason"]) == ("dropped", "suppressed_bounce")
    diagnostic = acting.page(item)["diagnostic"]
    assert diagnostic.startswith("suppressed: bounce since 2021-03-04; imported from SendGrid on ")
    assert diagnostic.endswith(": 5.1.1 550 5.1.1 no such user")
    acting.call_api("DELETE", f"/suppressions/email/{address}", json={"why": "the test is over"})


@pytest.fixture
def listed(acting):
    """Put addresses on the list of SES, as others do; they are removed at the end."""
    ses, names = acting.stack.client("sesv2"), []

    def put(name, reason="BOUNCE"):
        names.append(f"{name.title()}.{acting.story.suffix}@Example.com")
        ses.put_suppressed_destination(EmailAddress=names[-1], Reason=reason)
        return names[-1]

    yield put
    for name in names:
        ses.delete_suppressed_destination(EmailAddress=name)


def test_the_list_of_ses_is_imported_with_its_reasons(acting, listed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    address = listed("seslist", "COMPLAINT").lower()

    imported(acting, "suppressions", "--from-ses")

    assert suppressed(acting, "email", address)["reason"] == "complaint"


def test_what_others_put_on_the_lists_is_found_where_it_is_a_customers_contact(acting, listed):
    address, unknown = listed("others").lower(), listed("nobody").lower()
    customer = f"/customers/{acting.name('others')}"
    acting.call_api("PUT", customer, json={"name": "Otto", "email": address, "phone": REFUSED_NUMBER})
    sns = acting.stack.client("sns")
    with pytest.raises(sns.exceptions.ClientError, match="opted out"):
        sns.publish(PhoneNumber=REFUSED_NUMBER, Message="hi")

    def found():
        acting.invoke("SyncSuppressions")
        return suppressed(acting, "email", address) and suppressed(acting, "sms", REFUSED_NUMBER)

    number = eventually(found, "they are not suppressed", WITHIN)

    assert number["reason"] == "opted_out"
    assert number["audit"][0]["detail"] == "found on SNS's list of opted-out numbers"
    assert suppressed(acting, "email", address)["reason"] == "bounce"
    assert suppressed(acting, "email", unknown) is None
