"""Makes the deployable template: what `chalice package` generates, merged with our commented YAML fragments.

The merge is done by Chalice itself and is trusting: an unknown resource name is simply added. So fragments are checked
before (nothing may be defined twice) and the result after (nothing may be without a type).
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

from infrastructure.build.archives import compile_tree, digest, forget_others, write_zip
from infrastructure.build.dashboard import dashboard
from infrastructure.build.layer import build_layer
from infrastructure.build.releases import published_anew, with_aliases
from infrastructure.build.request_models import with_request_models
from infrastructure.build.staging import stage
from infrastructure.build.target import Target
from infrastructure.build.template_rules import violations
from infrastructure.errors import ToolError
from infrastructure.paths import BUILD, RESOURCES

Template = dict[str, Any]

_SECTIONS: Final = frozenset({"Parameters", "Conditions", "Resources", "Outputs"})
_CHALICE: Final = "import sys; from chalice.cli import main; sys.exit(main())"  # main returns what it should exit with
_CHALICE_STAGE: Final = "live"


@dataclass(frozen=True, slots=True)
class Build:
    """A template and the two archives it refers to."""

    template: Template
    template_file: Path
    code: Path
    layer: Path

    def for_bucket(self, bucket: str, parameters: Mapping[str, str], attempt: str = "") -> Template:
        """Give the template with its code taken from `bucket`, under `code_key`, to be deployed with parameters.

        `attempt`: see `published_anew`.
        """
        template: Template = json.loads(json.dumps(self.template))
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": self.code_key}
        published_anew(template, parameters, attempt)
        return template

    @property
    def code_key(self) -> str:
        """Name of the functions' code in a bucket: by content, so that unchanged code is not deployed again."""
        return f"functions-{digest(self.code)}.zip"

    @property
    def layer_key(self) -> str:
        """Name of the layer in a bucket, by content."""
        return f"layer-{digest(self.layer)}.zip"


def build(target: Target, *, resources: Path = RESOURCES) -> Build:
    """Build code, layer and template for a target under `build/`; raise ToolError saying what is wrong."""
    folder = BUILD / target.name
    layer = build_layer(target)
    # Two builds may run at once (two stacks coming up): each works in a folder of its own until it is done.
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        generated = package(Path(scratch), target, resources=resources)
        code = Path(scratch) / "functions.zip"
        _repack(Path(scratch) / "package" / "deployment.zip", code)
        final_code = folder / f"functions-{digest(code)}.zip"
        code.replace(final_code)
    forget_others(final_code, "functions-*.zip")
    template_file = folder / "template.json"
    partial = folder / f"template.{os.getpid()}.partial"
    partial.write_text(json.dumps(generated, indent=2) + "\n")
    partial.replace(template_file)
    return Build(generated, template_file, final_code, layer)


def package(scratch: Path, target: Target, *, resources: Path = RESOURCES) -> Template:
    """Stage and package the application in `scratch`, and give the merged template.

    Leaves `package/deployment.zip` there.
    """
    project = scratch / "project"
    stage(project, target)
    merge_file = scratch / "fragments.json"
    merge_file.write_text(json.dumps(for_target(load_fragments(sorted(resources.glob("*.yaml"))), target)))
    _run_chalice(project, merge_file, scratch / "package")
    template = with_request_models(with_aliases(json.loads((scratch / "package" / "sam.json").read_text())))
    template["Resources"]["Dashboard"] = dashboard(template["Resources"])
    if broken := violations(template):
        raise ToolError("The template has problems: " + "; ".join(broken) + ".")
    return template


def load_fragments(files: Iterable[Path]) -> Template:
    """Join YAML fragments into one template; raise ToolError for a name defined twice or an unknown section.

    Top-level keys that begin with `x-` hold anchors for reuse within a file and are dropped.
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
    """Say in the layer what it was built for; it is the one resource that depends on the target."""
    layer = fragments["Resources"]["DependenciesLayer"]["Properties"]
    layer["CompatibleArchitectures"] = [target.architecture]
    layer["CompatibleRuntimes"] = [target.runtime]
    return fragments


def _run_chalice(project: Path, merge_file: Path, output: Path) -> None:
    command = [sys.executable, "-c", _CHALICE, "package", "--stage", _CHALICE_STAGE]
    command += ["--pkg-format", "cloudformation", "--template-format", "json", "--merge-template", str(merge_file)]
    # Chalice wants a region to be known, and imports app.py: no configuration of this machine may leak into it.
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
    """Compile the code Chalice packed: it ships sources only, and each cold start would compile them."""
    unpacked = deployment.parent / "code"
    with zipfile.ZipFile(deployment) as source:
        source.extractall(unpacked)
    compile_tree(unpacked)
    write_zip(unpacked, archive)
    shutil.rmtree(unpacked)


class _FragmentLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref`, `!GetAtt A.Arn`), refusing keys that stand twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = {key for key in keys if keys.count(key) > 1}
        self.flatten_mapping(node)
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"{', '.join(sorted(map(str, twice)))} appears twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.MappingNode):
        value: Any = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type] # a scalar node is all that is left
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_FragmentLoader.add_multi_constructor("!", _short_form)


def _read_fragment(file: Path) -> Template:
    try:
        content = yaml.load(file.read_text(), _FragmentLoader)  # noqa: S506 - a SafeLoader with tags of our own
    except yaml.YAMLError as error:
        raise ToolError(f"{file.name}: {error}") from error
    if not isinstance(content, dict):
        raise ToolError(f"{file.name}: a fragment must be a mapping of sections.")
    return content
