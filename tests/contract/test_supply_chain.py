"""What is shipped: built the same every time, from locked files, under known licences, with a bill that is true."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infrastructure.build import layer as layer_module
from infrastructure.build import supply_chain
from infrastructure.build.archives import delete_old_archives
from infrastructure.build.layer import build_layer
from infrastructure.build.supply_chain import Audit, Distribution, distributions_of, licence_problems, write_bill
from infrastructure.build.target import Target
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


def test_the_bill_lists_exactly_what_is_locked_and_in_the_layer(layer, tmp_path):
    write_bill(layer, tmp_path / "bill.json")

    bill = json.loads((tmp_path / "bill.json").read_text())
    listed = {(each["name"], each["version"]) for each in bill["components"]}
    assert listed == {(each.name, each.version) for each in distributions_of(layer)} == locked()
    assert all(each["licenses"] for each in bill["components"])
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    (boto3,) = [ref for ref in needs if ref.startswith("boto3@")]
    assert {ref.split("@")[0] for ref in needs[boto3]} == {"botocore", "jmespath", "s3transfer"}


def test_the_bill_of_a_layer_is_the_same_every_time(layer, tmp_path):
    for name in ("one", "two"):
        write_bill(layer, tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_licence_of_everything_in_the_layer_is_allowed(layer):
    assert licence_problems(distributions_of(layer)) == []


@pytest.mark.parametrize(
    ("licence", "is_refused"),
    [
        ("MIT", False),
        ("GPL-3.0-only", True),
        ("Apache-2.0 OR GPL-3.0-only", False),
        ("Apache-2.0 AND GPL-3.0-only", True),
        ("", True),
    ],
)
def test_licences_are_judged_by_what_must_be_agreed_to(licence, is_refused):
    assert bool(licence_problems([Distribution("some", "1.0", licence, ())])) is is_refused


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
    monkeypatch.setattr(supply_chain, "known_vulnerabilities", lambda: found)

    told = CliRunner().invoke(app, ["audit", *options])

    assert told.exit_code == code
    assert said in told.output
    assert "pynamodb" in told.output


def test_what_earlier_builds_left_is_removed_but_not_what_may_be_in_use(tmp_path):
    now, just_before, long_ago = (tmp_path / f"functions-{name}.zip" for name in ("now", "before", "long-ago"))
    for file in (now, just_before, long_ago):
        file.touch()
    os.utime(long_ago, (0, 0))
    os.utime(now, (0, 0))

    delete_old_archives(now, "functions-*.zip")

    assert {Path(file).name for file in tmp_path.iterdir()} == {now.name, just_before.name}
