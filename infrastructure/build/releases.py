"""Publish a version of each function, and call it through an alias.

A deployment changes a function's code and its configuration (layer, environment) with two calls to Lambda. Between the
calls, the function would run new code with the old layer, or the reverse. A published version cannot change: its code,
layer and environment stay together (AWS Lambda Developer Guide, "Manage Lambda function versions"). CloudFormation
publishes a version after all changes, and then moves the alias to it with one call. So queues, streams, schedules, the
API and other functions call a function only through its alias. If an update fails, the alias keeps or regains its old
version.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

Template = dict[str, Any]

ALIAS: Final = "live"

_FUNCTION: Final = "AWS::Serverless::Function"
_PERMISSION: Final = "AWS::Lambda::Permission"


def alias_of(function: str) -> str:
    """Return the logical id of a function's alias (SAM, "Generated CloudFormation resources")."""
    return f"{function}Alias{ALIAS}"


def with_aliases(template: Template) -> Template:
    """Return the template with published functions, and with the alias in everything that Chalice generated."""
    functions = {name for name, resource in template["Resources"].items() if resource.get("Type") == _FUNCTION}
    text = json.dumps(template)
    for name in functions:  # the integrations of the API
        text = text.replace(f"functions/${{{name}.Arn}}/invocations", f"functions/${{{alias_of(name)}}}/invocations")
    aliased: Template = json.loads(text)
    for resource in aliased["Resources"].values():
        properties = resource.get("Properties", {})
        if resource.get("Type") == _FUNCTION:
            properties["AutoPublishAlias"] = ALIAS
        elif resource.get("Type") == _PERMISSION and properties["FunctionName"].get("Ref") in functions:
            properties["FunctionName"] = {"Ref": f"{properties['FunctionName']['Ref']}.Alias"}
    return aliased


def set_release(template: Template, parameters: Mapping[str, str], attempt: str = "") -> None:
    """Set a release checksum on all functions, so that each change publishes a new version of every function.

    SAM publishes a version only when ``AutoPublishCodeSha256`` changes, which by default depends on the code's location
    alone. The checksum covers the template and its parameters, because parameters change the environment. Lambda does
    not publish a version if nothing has changed since the last one, so the description contains the checksum too.
    ``attempt`` distinguishes the repetition of a failed deployment from its first try, which left versions behind.
    """
    declared = template["Parameters"]
    effective = {name: parameters.get(name, str(parameter.get("Default", ""))) for name, parameter in declared.items()}
    release = hashlib.sha256(json.dumps([template, effective, attempt], sort_keys=True).encode()).hexdigest()
    for resource in template["Resources"].values():
        if resource["Type"] == _FUNCTION:
            resource["Properties"] |= {"AutoPublishCodeSha256": release, "Description": f"Release {release[:16]}"}
