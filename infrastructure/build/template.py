"""Build the template: `chalice package` generates it and merges our YAML fragments into it.

Chalice's merge reports no error: it adds a resource with an unknown name. So the fragments are checked before the merge
(no name may be defined twice) and the template after it (see `template_rules.py`).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from infrastructure.build.archives import checksum, compile_tree, delete_old_archives, write_zip
from infrastructure.build.dashboard import dashboard
from infrastructure.build.gateway_responses import with_gateway_responses
from infrastructure.build.layer import build_layer
from infrastructure.build.releases import set_release, with_aliases
from infrastructure.build.request_models import with_request_models
from infrastructure.build.staging import stage
from infrastructure.build.target import Target
from infrastructure.build.template_rules import template_problems
from infrastructure.errors import ToolError
from infrastructure.paths import BUILD, RESOURCES
from undelivered import __version__

Template = dict[str, Any]

_SECTIONS: Final = frozenset({"Parameters", "Conditions", "Resources", "Outputs"})
_CHALICE: Final = "import sys; from chalice.cli import main; sys.exit(main())"  # main returns the exit code
_CHALICE_STAGE: Final = "live"


@dataclass(frozen=True, slots=True)
class Build:
    """A template, and its archives with the code and the layer."""

    template: Template
    template_file: Path
    code: Path
    layer: Path

    def for_bucket(self, bucket: str, parameters: Mapping[str, str], attempt: str = "") -> Template:
        """Return the template for a deployment with `parameters`, with the code in `bucket` under `code_key`.

        For `attempt`, see `set_release`.
        """
        template: Template = json.loads(json.dumps(self.template))
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": self.code_key}
        set_release(template, parameters, attempt)
        return template

    @property
    def code_key(self) -> str:
        """The key of the code in a bucket. It depends on the content, so that unchanged code is not deployed again."""
        return f"functions-{checksum(self.code)}.zip"

    @property
    def layer_key(self) -> str:
        """The key of the layer in a bucket. It depends on the content."""
        return f"layer-{checksum(self.layer)}.zip"


def build(target: Target, *, resources: Path = RESOURCES) -> Build:
    """Build the code, the layer and the template for a target in `build/`. Raises ToolError if the build fails."""
    folder = BUILD / target.name
    layer = build_layer(target)
    # Each build works in its own folder, because two builds can run at the same time.
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        generated = package(Path(scratch), target, resources=resources)
        code = Path(scratch) / "functions.zip"
        _repack(Path(scratch) / "package" / "deployment.zip", code)
        final_code = folder / f"functions-{checksum(code)}.zip"
        code.replace(final_code)
    delete_old_archives(final_code, "functions-*.zip")
    template_file = folder / "template.json"
    partial = folder / f"template.{os.getpid()}.partial"
    partial.write_text(json.dumps(generated, indent=2) + "\n")
    partial.replace(template_file)
    return Build(generated, template_file, final_code, layer)


def package(scratch: Path, target: Target, *, resources: Path = RESOURCES) -> Template:
    """Package the application in the folder `scratch`, and return the merged template.

    The code is in `package/deployment.zip` of that folder. Raises ToolError if packaging fails or the template breaks
    a rule.
    """
    project = scratch / "project"
    stage(project, target)
    merge_file = scratch / "fragments.json"
    merge_file.write_text(json.dumps(for_target(load_fragments(sorted(resources.glob("*.yaml"))), target)))
    _run_chalice(project, merge_file, scratch / "package")
    generated = json.loads((scratch / "package" / "sam.json").read_text())
    template = with_gateway_responses(with_request_models(with_aliases(generated)))
    template["Description"] = f"Undelivered {__version__}"
    template["Resources"]["Dashboard"] = dashboard(template["Resources"])
    if problems := template_problems(template):
        raise ToolError("The template has problems: " + "; ".join(problems) + ".")
    return template


def load_fragments(files: Iterable[Path]) -> Template:
    """Join YAML fragments into one template. Raises ToolError if a name is defined twice or a section is unknown.

    Top-level keys that start with `x-` hold YAML anchors for use in the same file. They are left out.
    """
    merged: Template = {}
    for file in files:
        for section, entries in _read_fragment(file).items():
            if section.startswith("x-"):
                continue
            if section not in _SECTIONS:
                raise ToolError(f"{file.name}: `{section}` is not a template section ({', '.join(sorted(_SECTIONS))}).")
            for name, value in entries.items():
                if name in merged.setdefault(section, {}):
                    raise ToolError(f"{file.name}: `{name}` in {section} is already defined in another fragment.")
                merged[section][name] = value
    return merged


def for_target(fragments: Template, target: Target) -> Template:
    """Set the layer's architecture and runtime. No other resource depends on the target."""
    layer = fragments["Resources"]["DependenciesLayer"]["Properties"]
    layer["CompatibleArchitectures"] = [target.architecture]
    layer["CompatibleRuntimes"] = [target.runtime]
    return fragments


def _run_chalice(project: Path, merge_file: Path, output: Path) -> None:
    command = [sys.executable, "-c", _CHALICE, "package", "--stage", _CHALICE_STAGE]
    command += ["--pkg-format", "cloudformation", "--template-format", "json", "--merge-template", str(merge_file)]
    # Chalice needs a region and imports app.py. The AWS configuration of this machine must not affect it.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    plain = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    environment = {**inherited, **plain, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": ""}
    done = subprocess.run(
        [*command, str(output)], cwd=project, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise ToolError(f"`chalice package` failed: {(done.stderr or done.stdout).strip()}")


def _repack(deployment: Path, archive: Path) -> None:
    """Compile the code in Chalice's archive, which has only sources that each cold start would compile."""
    unpacked = deployment.parent / "code"
    with zipfile.ZipFile(deployment) as source:
        source.extractall(unpacked)
    compile_tree(unpacked)
    write_zip(unpacked, archive)
    shutil.rmtree(unpacked)


class _FragmentLoader(yaml.CSafeLoader):
    """A YAML loader with CloudFormation's short forms (`!Ref`, `!GetAtt A.Arn`). It rejects duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        duplicates = {key for key in keys if keys.count(key) > 1}
        self.flatten_mapping(node)
        if duplicates:
            raise yaml.constructor.ConstructorError(
                None, None, f"{', '.join(sorted(map(str, duplicates)))} appears twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _short_form(loader: _FragmentLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.MappingNode):
        value: Any = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type] # only a scalar node remains
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_FragmentLoader.add_multi_constructor("!", _short_form)


def _read_fragment(file: Path) -> Template:
    try:
        content = _FragmentLoader(file.read_text()).get_single_data()
    except yaml.YAMLError as error:
        raise ToolError(f"{file.name}: {error}") from error
    if not isinstance(content, dict):
        raise ToolError(f"{file.name}: a fragment must be a mapping of sections.")
    return content
