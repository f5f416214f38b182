"""What the documents name is there: pages, places, files, commands, options, parameters, routes, metrics."""

import json
import re
from pathlib import Path

import boto3
import pytest
import typer
from botocore.stub import ANY, Stubber

from infrastructure.build.template import load_fragments
from infrastructure.cli.main import app as command_line
from infrastructure.paths import CHALICE_CONFIG, FUNCTIONS, RESOURCES, ROOT
from tests.builders.docs import sections, slug
from tests.builders.metrics import metrics_of_the_code
from tests.builders.readme import documented
from undelivered.adapters.feedback.json_values import attribution
from undelivered.domain.identifiers import item_id
from undelivered.entrypoints.http.routes import ROUTES

TOOL = ROOT / "infrastructure"
DOCS = TOOL / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
PACKAGE = FUNCTIONS / "undelivered"
PLACES = (ROOT, FUNCTIONS, PACKAGE, PACKAGE / "entrypoints", CHALICE_CONFIG, TOOL, TOOL / "bench")
INTERNAL = {"LayerBucket", "LayerKey", "LocalEndpoint"}
FILE = re.compile(r"[\w/-]+\.(?:py|json|yaml|md|toml|txt|svg|png|js|css)|(?:[\w-]+/)+")
BEHIND_CHALICE = re.compile(r"console/.*")

each_page = pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])


def code_of(page):
    """Return what stands in code: blocks, and words between backticks."""
    text = page.read_text()
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return blocks, re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


@each_page
def test_every_link_leads_to_a_file_and_a_heading_that_there_is(page):
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", page.read_text()):
        path, _, anchor = "".join(target).partition("#")
        if path.startswith("http"):
            continue
        file = (page.parent / path) if path else page
        assert file.is_file(), path
        if anchor:
            assert anchor in {slug(heading) for heading in re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)}


def test_every_place_that_the_tool_points_to_is_there():
    code = "\n".join(file.read_text() for file in [*TOOL.rglob("*.py"), *RESOURCES.glob("*.yaml")])
    for name, anchor in re.findall(r"infrastructure/docs/([\w-]+\.md)(?:#([\w-]+))?", code):
        text = (DOCS / name).read_text()
        assert not anchor or anchor in {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def test_the_readme_leads_to_every_page():
    linked = {Path(target).name for target in re.findall(r"\]\((infrastructure/docs/[^)#]+)", PAGES[0].read_text())}

    assert linked == {page.name for page in DOCS.glob("*.md")}


@each_page
def test_every_file_that_is_named_is_there(page):
    _, words = code_of(page)
    saved_by_the_reader = set(re.findall(r"[Ss]ave (?:this|it) as `([^`]+)`", page.read_text()))
    for word in set(words) - saved_by_the_reader:
        if FILE.fullmatch(word) and not word.startswith(("build/", "/")):
            assert any((place / word).exists() for place in PLACES), word


COMMANDS = typer.main.get_command(command_line).commands


def options_of(command):
    """Return the options of a command, and of the commands below it."""
    own = {option for parameter in command.params for option in parameter.opts}
    return own.union(*map(options_of, getattr(command, "commands", {}).values()))


@each_page
def test_every_command_and_option_of_ours_is_one(page):
    blocks, words = code_of(page)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for text in [*lines, *words]:
        for name, rest in re.findall(r"(?:^|[ (])undelivered (\w+)([^#|)]*)", text.replace("\n", " ")):
            if name not in COMMANDS:
                assert not text.startswith(("uv run", "undelivered ")), text
                continue
            assert set(re.findall(r"--[a-z-]+", rest)) <= options_of(COMMANDS[name]), text


@each_page
def test_every_parameter_that_is_given_is_one_of_the_template(page):
    known = load_fragments([RESOURCES / "parameters.yaml"])["Parameters"]

    assert set(re.findall(r"--parameter (\w+)=", page.read_text())) <= set(known)


def test_the_deployment_guide_has_every_parameter_that_one_may_set():
    known = load_fragments([RESOURCES / "parameters.yaml"])["Parameters"]
    table = re.findall(r"^\| `(\w+)` \|", sections(DOCS / "deployment.md")["deploying"], re.MULTILINE)

    assert set(table) == set(known) - INTERNAL


@each_page
def test_every_route_that_is_named_is_one(page):
    def plain(path):
        return re.sub(r"\{\w+\}", "{}", path.split("?")[0])

    known = {(route.method, plain(route.path)) for route in ROUTES}
    blocks, words = code_of(page)
    named = [pair for text in words for pair in re.findall(r"^(GET|PUT|POST|PATCH|DELETE) (/[^\s`]*)", text)]
    named += [
        (method, re.sub(r"/(?:c-17|\$[A-Z_]+)(?=/|$)", "/{id}", path))
        for block in blocks
        for method, path in re.findall(r"(?:curl .*-X|\bapi) (\w+) \"?(?:\$API_URL)?(/[^\"\s]*)\"?", block)
    ]

    assert {(method, plain(path)) for method, path in named if not BEHIND_CHALICE.match(path[1:])} <= known


def test_the_runbook_has_every_metric_and_what_it_is_told_apart_by():
    written = metrics_of_the_code()
    rows = re.findall(r"^\| (`.+?) \|(.*?)\|", sections(DOCS / "runbook.md", level=3)["figures"], re.MULTILINE)
    told = [(re.findall(r"`(\w+)`", names), set(re.findall(r"`(\w+)`", apart))) for names, apart in rows]

    assert sorted(name for names, _ in told for name in names) == sorted(written)
    assert all(apart == set().union(*(written[name] for name in names)) for names, apart in told)


def test_the_tags_for_mail_of_ones_own_are_taken_by_ses_and_understood_by_us():
    first, _ = [block for block in code_of(DOCS / "integration.md")[0] if "Content=content" in block]

    told = attribution_of_the_send(first, content=CONTENT, configuration_set="undelivered-live-sends")

    assert (told.account_id, told.notification_id, told.customer_id) == ("acc-harbor", "invoice-2026-0017", "c-17")


def test_an_answer_to_a_request_for_a_resend_is_understood_as_the_attempt_that_was_requested():
    _, answer = [block for block in code_of(DOCS / "integration.md")[0] if "Content=content" in block]
    (request,) = [each for each in documented().examples if each["type"] == "undelivered.resend.requested"]

    told = attribution_of_the_send(
        answer,
        json=json,
        message={"Body": json.dumps(request)},
        content_of=lambda _: CONTENT,
        resends_configuration_set="undelivered-live-resends",
    )

    assert (told.account_id, told.notification_id, told.customer_id) == ("acc-harbor", "invoice-2026-0017", "c-17")
    assert (told.attempt, item_id(told.entry_key), told.title) == (2, request["item_id"], "Invoice for November")


CONTENT = {"Simple": {"Subject": {"Data": "Rent"}, "Body": {"Text": {"Data": "Dear Ada"}}}}


def attribution_of_the_send(code, **names):
    """Run documented code against SES's model and return the attribution of what it sends."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    ses = boto3.client("sesv2", region_name="eu-central-1", **keys)
    sent = {}
    ses.meta.events.register("provide-client-params.sesv2.SendEmail", lambda params, **_: sent.update(params))
    with Stubber(ses) as stubbed:
        wanted = dict.fromkeys(("FromEmailAddress", "Destination", "Content", "ConfigurationSetName", "EmailTags"), ANY)
        stubbed.add_response("send_email", {"MessageId": "m-1"}, wanted)
        exec(code, {"ses": ses, **names})
    tags = {tag["Name"]: tag["Value"] for tag in sent["EmailTags"]}
    return attribution(lambda name: tags.get(name, ""))
