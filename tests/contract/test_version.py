"""The package, the OpenAPI document, the template and the changelog have one version."""

import re
import tomllib

import undelivered
from infrastructure.build.target import Target
from infrastructure.build.template import build
from infrastructure.paths import ROOT
from undelivered.entrypoints.http.openapi import document
from undelivered.entrypoints.http.routes import ROUTES


def test_the_package_and_the_project_have_the_same_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["version"] == undelivered.__version__


def test_the_openapi_document_has_the_version():
    assert document(ROUTES)["info"]["version"] == undelivered.__version__


def test_the_description_of_the_template_has_the_version():
    assert build(Target.local()).template["Description"] == f"Undelivered {undelivered.__version__}"


def test_the_latest_release_in_the_changelog_is_the_version():
    changelog = (ROOT / "infrastructure" / "docs" / "changelog.md").read_text()

    assert re.search(r"^## (\d\S*)", changelog, re.MULTILINE)[1] == undelivered.__version__


def test_the_licence_is_the_declared_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["license"] == "Apache-2.0" == document(ROUTES)["info"]["license"]["identifier"]
    assert all("Apache License\n" in (ROOT / name).read_text() for name in project["license-files"])
