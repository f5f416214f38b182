"""What is deployed is a published version of each function, and everything calls it through an alias.

Code, layer and environment of a function are changed by two calls to Lambda, one after the other, and whoever calls the
function in between meets new code with the old layer, or the other way round. A published version cannot change: its
code, layer and environment belong together for good (AWS Lambda Developer Guide, "Manage Lambda function versions").
CloudFormation publishes it when all changes have been made, and then points the alias to it, which is one call. So
queues, streams, schedules, the API and functions that call each other know functions by the alias alone. When an update
fails, the alias stays where it was or goes back, and with it everything that calls.
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
    """Give a template whose functions are published, and called through the alias by what Chalice has written."""
    functions = {name for name, each in template["Resources"].items() if each.get("Type") == _FUNCTION}
    text = json.dumps(template)
    for name in functions:  # in the integrations of the API
        text = text.replace(f"functions/${{{name}.Arn}}/invocations", f"functions/${{{alias_of(name)}}}/invocations")
    aliased: Template = json.loads(text)
    for resource in aliased["Resources"].values():
        properties = resource.get("Properties", {})
        if resource.get("Type") == _FUNCTION:
            properties["AutoPublishAlias"] = ALIAS
        elif resource.get("Type") == _PERMISSION and properties["FunctionName"].get("Ref") in functions:
            properties["FunctionName"] = {"Ref": f"{properties['FunctionName']['Ref']}.Alias"}
    return aliased


def published_anew(template: Template, parameters: Mapping[str, str], attempt: str = "") -> None:
    """Have every function published when anything has changed, be it only a parameter that its environment takes up.

    SAM publishes a version when this digest changes; by itself it looks at nothing but where the code is. Lambda does
    not publish what has not changed since the last version, so the digest is in the description too. ``attempt`` tells
    the repetition of a deployment that failed from the first try, of which versions are left.
    """
    declared = template["Parameters"]
    effective = {name: parameters.get(name, str(each.get("Default", ""))) for name, each in declared.items()}
    release = hashlib.sha256(json.dumps([template, effective, attempt], sort_keys=True).encode()).hexdigest()
    for resource in template["Resources"].values():
        if resource["Type"] == _FUNCTION:
            resource["Properties"] |= {"AutoPublishCodeSha256": release, "Description": f"Release {release[:16]}"}
