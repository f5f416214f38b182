"""The OpenAPI document passes its linters, and clients that are generated from it run the story without any change."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.local.scenario import call_api
from tests.builders.node import node_folder

HERE = Path(__file__).parent / "generated_clients"
SPECTRAL_RULES = 'extends: ["spectral:oas"]\n'
TSC = "--strict --noUncheckedIndexedAccess --target es2022 --module nodenext --moduleResolution nodenext --skipLibCheck"


@pytest.fixture(scope="module")
def document(acting):
    return call_api(acting.manager, "GET", "/openapi.json")


@pytest.fixture(scope="module")
def document_file(document, tmp_path_factory):
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_text(json.dumps(document, indent=2))
    return file


@pytest.fixture(scope="session")
def packages():
    return node_folder(HERE / "package.json")


@pytest.fixture
def environment(acting):
    """What the stories need, without any setting of this process's."""
    user = acting.stack.user()
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "API_URL": acting.stack.api_url,
        "HOST_TOKEN": acting.stack.host_token(),
        "MANAGER_TOKEN": acting.stack.token(user.email),
        "ACCOUNT_ID": user.account_id,
        "SUFFIX": acting.story.suffix,
    }


def run(command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=300, **options)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_spectral_finds_nothing_in_the_document(document_file, packages):
    rules = document_file.parent / "spectral.yaml"
    rules.write_text(SPECTRAL_RULES)
    tool = packages / "node_modules/.bin/spectral"

    said = run([tool, "lint", document_file, "--ruleset", rules, "--format", "json", "--fail-severity", "hint"])

    assert json.loads(said.strip().removesuffix("No results with a severity of 'hint' or higher found!")) == []


def test_redocly_finds_nothing_in_the_document(document_file, packages):
    tool = packages / "node_modules/.bin/redocly"
    options = ["--extends", "recommended", "--format", "stylish", "--max-problems", "20"]
    quiet = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}

    said = run([tool, "lint", document_file, *options], env=quiet)

    assert said.strip() == ""


def test_a_client_of_openapi_python_client_runs_the_story(document_file, environment, tmp_path):
    generator = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    run(
        [
            *generator,
            "--config",
            HERE / "generator.yaml",
            "--path",
            document_file,
            "--output-path",
            tmp_path / "undelivered_client",
        ]
    )

    said = run([sys.executable, HERE / "story.py"], env={**environment, "PYTHONPATH": str(tmp_path)})

    assert json.loads(said)["attempts"] == 2


def test_a_client_of_openapi_typescript_and_openapi_fetch_compiles_and_runs_the_story(
    document_file, packages, environment
):
    modules = packages / "node_modules" / ".bin"
    (packages / "story.ts").write_text((HERE / "story.ts").read_text())
    run([modules / "openapi-typescript", document_file, "-o", packages / "api.d.ts"])
    run([modules / "tsc", *TSC.split(), "story.ts"], cwd=packages)

    said = run(["node", "story.js"], cwd=packages, env=environment)

    assert json.loads(said)["attempts"] == 2
