"""What is shipped: built the same every time, from locked files, under known licences, with a bill that is true."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import pytest
from license_expression import get_spdx_licensing
from typer.testing import CliRunner

from infrastructure.build import layer as layer_module
from infrastructure.build import secrets_scan, supply_chain
from infrastructure.build.archives import delete_old_archives, unpack
from infrastructure.build.layer import build_layer
from infrastructure.build.secrets_scan import leaked_secrets
from infrastructure.build.supply_chain import (
    ALLOWED,
    BROWSER_PACKAGES,
    PRODUCT_LICENCE,
    Audit,
    Package,
    changed_browser_files,
    layer_packages,
    licence_problems,
    shipped_packages,
    write_bill,
)
from infrastructure.build.target import Target
from infrastructure.build.template import build
from infrastructure.cli import check
from infrastructure.cli.main import app
from infrastructure.errors import ToolError
from infrastructure.paths import LAYER_REQUIREMENTS, ROOT


@pytest.fixture(scope="module")
def layer():
    return build_layer(Target.local())


def locked():
    """Return name and version of all that the layer's requirements pin."""
    lines = LAYER_REQUIREMENTS.read_text().splitlines()
    pins = [line.split(";")[0].split("\\")[0].strip() for line in lines if "==" in line and not line.startswith(" ")]
    return {tuple(pin.split("==")) for pin in pins}


BUILD = """
import sys
from pathlib import Path
from infrastructure.build import layer, template
from infrastructure.build.target import Target
from infrastructure.build.template import build
layer.BUILD = template.BUILD = Path(sys.argv[1])
built = template.build(Target.local())
for file in (built.template_file, built.code, built.layer):
    print(file.relative_to(sys.argv[1]), file.stat().st_size)
"""


@pytest.mark.slow
def test_the_same_sources_make_the_same_archives_and_template_byte_for_byte(tmp_path):
    made = []
    for name, seed in (("one", "1"), ("two", "2")):
        subprocess.run(
            [sys.executable, "-c", BUILD, str(tmp_path / name)],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
        )
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        made.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})

    assert len(made[0]) == 3
    assert made[0].keys() == made[1].keys()
    assert made[0] == made[1]


def test_a_file_that_is_not_the_locked_one_fails_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(layer_module, "BUILD", tmp_path)
    other = tmp_path / "requirements.txt"
    other.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")

    with pytest.raises(ToolError, match="failed"):
        build_layer(Target.local(), other)


def test_a_requirement_without_a_hash_fails_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(layer_module, "BUILD", tmp_path)
    other = tmp_path / "requirements.txt"
    other.write_text("six==1.17.0\n")

    with pytest.raises(ToolError, match="failed"):
        build_layer(Target.local(), other)


def test_everything_that_is_locked_has_hashes():
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    from_indexes = [each for each in packages if "registry" in each["source"]]

    assert len(from_indexes) == len(packages) - 1
    for package in from_indexes:
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files
        assert all(file["hash"].startswith("sha256:") for file in files), package["name"]


def test_the_bill_lists_exactly_what_is_locked_and_in_the_layer_and_what_else_is_shipped(layer, tmp_path):
    write_bill(shipped_packages(layer), tmp_path / "bill.json")

    bill = json.loads((tmp_path / "bill.json").read_text())
    listed = {(each["name"], each["version"]) for each in bill["components"]}
    chalice = ("chalice", version("chalice"))
    assert {(each.name, each.version) for each in layer_packages(layer)} == locked()
    assert listed == {*locked(), chalice, ("dompurify", "3.5.0"), ("lean-qr", "2.7.4")}
    assert all(each["licenses"] for each in bill["components"])
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    (boto3,) = [ref for ref in needs if ref.startswith("boto3@")]
    assert {ref.split("@")[0] for ref in needs[boto3]} == {"botocore", "jmespath", "s3transfer"}


def test_the_bill_names_version_licence_and_checksum_of_the_library_for_browsers(layer, tmp_path):
    write_bill(shipped_packages(layer), tmp_path / "bill.json")

    (library,) = [
        each for each in json.loads((tmp_path / "bill.json").read_text())["components"] if each["name"] == "dompurify"
    ]
    file = ROOT / "functions" / "undelivered" / "console" / "assets" / "purify.min.js"
    assert library["licenses"] == [{"expression": "MPL-2.0 OR Apache-2.0"}]
    assert library["purl"] == f"pkg:npm/dompurify@{library['version']}"
    assert library["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}]
    assert f"DOMPurify {library['version']} " in file.read_text().splitlines()[0]


def test_every_file_of_others_in_the_console_is_in_the_bill():
    """A file of others comes minified, or has a notice. One whose notice is missing has it in a file beside it."""
    files = [file for file in (ROOT / "functions" / "undelivered" / "console").rglob("*") if file.is_file()]
    notices = {file for file in files if file.name.endswith(".licence.txt")}

    of_others = {
        file
        for file in set(files) - notices
        if ".min." in file.name or re.search(rb"@licen[cs]e|copyright|\(c\)", file.read_bytes(), re.IGNORECASE)
    }
    assert of_others == set(BROWSER_PACKAGES)
    assert {notice.name.replace(".licence.txt", ".min.js") for notice in notices} <= {file.name for file in of_others}


def test_a_changed_browser_library_is_noticed(tmp_path, monkeypatch):
    changed = tmp_path / "purify.min.js"
    changed.write_text("// nothing is purified")
    monkeypatch.setattr(supply_chain, "BROWSER_PACKAGES", {changed: next(iter(BROWSER_PACKAGES.values()))})

    (problem,) = changed_browser_files()

    assert problem.startswith("purify.min.js is not the file of dompurify 3.5.0")


def test_every_package_of_others_in_the_code_is_in_the_bill(layer, tmp_path):
    with zipfile.ZipFile(build(Target.local()).code) as code:
        folders = {name.split("/")[0] for name in code.namelist() if "/" in name} - {"__pycache__"}

    assert folders - {"undelivered"} == {"chalice"} <= {each.name for each in shipped_packages(layer)}


def test_the_bill_is_the_same_every_time(layer, tmp_path):
    for name in ("one", "two"):
        write_bill(shipped_packages(layer), tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_licence_of_everything_that_is_shipped_may_be_combined_with_ours(layer):
    assert licence_problems(shipped_packages(layer)) == []
    assert changed_browser_files() == []


def test_the_rule_for_licences_is_made_for_our_own_licence():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["license"] == PRODUCT_LICENCE
    assert all(get_spdx_licensing().validate(licence).errors == [] for licence in ALLOWED)
    assert all(ALLOWED.values())


@pytest.mark.parametrize(
    ("licence", "is_refused"),
    [
        ("MIT", False),
        ("GPL-3.0-only", True),
        ("Apache-2.0 OR GPL-3.0-only", False),
        ("Apache-2.0 AND GPL-3.0-only", True),
        ("(MIT OR ISC) AND GPL-3.0-only", True),
        ("(MIT OR GPL-3.0-only) AND ISC", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MPL-2.0", False),
        ("LGPL-3.0-only", True),
        ("AGPL-3.0-or-later", True),
        ("Made-Up-1.0", True),
        ("MIT OR Made-Up-1.0", True),
        ("Proprietary", True),
        ("", True),
    ],
)
def test_licences_are_judged_by_what_must_be_agreed_to(licence, is_refused):
    assert bool(licence_problems([Package("some", "1.0", licence)])) is is_refused


@pytest.mark.parametrize(
    ("found", "options", "code", "said"),
    [
        (Audit((), ()), [], 0, "No known vulnerabilities"),
        (Audit(("six 1.17.0: PYSEC-1, fixed in 2.0",), ()), [], 1, "PYSEC-1"),
        (Audit((), ("six: not found",)), [], 0, "NOT checked"),
        (Audit((), ("six: not found",)), ["--strict"], 1, "NOT checked"),
    ],
)
def test_the_audit_says_what_is_known_and_what_was_not_looked_up(monkeypatch, found, options, code, said):
    monkeypatch.setattr(supply_chain, "known_vulnerabilities", lambda _: found)

    told = CliRunner().invoke(app, ["audit", *options])

    assert told.exit_code == code
    assert said in told.output
    assert "pynamodb" in told.output


def test_the_audit_looks_up_every_python_package_that_is_shipped(layer, monkeypatch):
    looked_up = []

    def pip_audit(command, **_):
        looked_up.extend(Path(command[command.index("--requirement") + 1]).read_text().split())
        return subprocess.CompletedProcess(command, 0, json.dumps({"dependencies": []}), "")

    monkeypatch.setattr(subprocess, "run", pip_audit)

    assert supply_chain.known_vulnerabilities(shipped_packages(layer)) == Audit((), ())
    assert set(looked_up) == {"==".join(pin) for pin in locked()} | {f"chalice=={version('chalice')}"}


def test_what_earlier_builds_left_is_removed_but_not_what_may_be_in_use(tmp_path):
    now, just_before, long_ago = (tmp_path / f"functions-{name}.zip" for name in ("now", "before", "long-ago"))
    for file in (now, just_before, long_ago):
        file.touch()
    os.utime(long_ago, (0, 0))
    os.utime(now, (0, 0))

    delete_old_archives(now, "functions-*.zip")

    assert {Path(file).name for file in tmp_path.iterdir()} == {now.name, just_before.name}


def test_an_archive_is_unpacked_once_by_all_who_ask_at_the_same_time(tmp_path):
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(200):
            archive.writestr(f"package/module_{number}.py", "x = 1\n")

    with ThreadPoolExecutor(8) as workers:
        folders = set(workers.map(lambda _: unpack(content.getvalue(), tmp_path / "layers"), range(16)))

    (folder,) = folders
    assert len(list((folder / "package").iterdir())) == 200
    assert list((tmp_path / "layers").iterdir()) == [folder]


AWS_KEY = "AKIA" + "IOSFODNN7EXAMPLF"  # in two parts, so that this file passes the scan


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        (f'aws_access_key_id = "{AWS_KEY}"\n', "AWS Access Key"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----\n", "Private Key"),
        ("token: ghp_" + "a" * 36 + "\n", "GitHub Token"),
        ("url: https://user:" + "hunter2x@example.com/\n", "Basic Auth Credentials"),
    ],
)
@pytest.mark.parametrize("place", ["functions/keys.py", ".ci/run", "notes.md", "infrastructure/build/x.toml"])
def test_a_planted_secret_is_found(tmp_path, planted, kind, place):
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"first line\n{planted}")

    assert leaked_secrets(tmp_path) == [f"{place}, line 2: {kind}"]


def test_the_secrets_scan_leaves_out_what_is_no_part_of_the_checkout(tmp_path):
    for place in (".venv/lib/x.py", "build/app/x.py", ".undelivered/state.json", "functions/__pycache__/x.pyc"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text(AWS_KEY)

    assert leaked_secrets(tmp_path) == []


def test_no_file_of_the_project_contains_a_secret():
    assert leaked_secrets(ROOT) == []


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n", "B602"),
        ("import yaml\nyaml.load(open('x'))\n", "B506"),
        ("import hashlib\nhashlib.md5(b'x')\n", "B324"),
        ("import pickle\npickle.loads(b'x')\n", "B301"),
        ("import requests\nrequests.get('https://example.com', verify=False)\n", "B501"),
    ],
)
def test_bandit_reports_a_planted_fault(tmp_path, planted, rule):
    (tmp_path / "planted.py").write_text(planted)

    found = subprocess.run([*check.BANDIT, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)

    assert found.returncode == 1
    assert rule in found.stdout


def test_bandit_finds_nothing_in_the_project():
    found = subprocess.run([*check.BANDIT, *check.SOURCES], cwd=ROOT, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout


@pytest.mark.slow
@pytest.mark.parametrize("part", ["licence_problems", "changed_browser_files"])
def test_check_fails_for_a_licence_or_a_browser_library(monkeypatch, part):
    monkeypatch.setattr(supply_chain, part, lambda *_: ["some 1.0 is under GPL-3.0-only"])
    monkeypatch.setattr(check, "_passes", lambda *_: True)  # the other tools

    result = CliRunner().invoke(app, ["check"])

    assert result.exit_code == 1
    assert "some 1.0 is under GPL-3.0-only" in result.output


@pytest.mark.slow
def test_check_fails_for_a_secret(monkeypatch):
    monkeypatch.setattr(secrets_scan, "leaked_secrets", lambda _: ["notes.md, line 2: AWS Access Key"])
    monkeypatch.setattr(check, "_passes", lambda *_: True)

    result = CliRunner().invoke(app, ["check"])

    assert result.exit_code == 1
    assert "notes.md, line 2" in result.output
