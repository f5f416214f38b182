"""The template as CloudFormation deploys it: after the transform of SAM (aws-sam-translator, the transform's own code).

SAM adds resources that the template does not show, for example stages and deployments of the API.
"""

import os
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

Template = dict[str, Any]

_NO_MANAGED_POLICIES: Final = SimpleNamespace(load=dict)
"""Every function has its own role, so SAM never looks up the ARN of a managed policy."""


def transformed(template: Template) -> Template:
    """Return the deployed form of a template whose code is in a bucket (`Build.for_bucket`)."""
    from samtranslator.translator.transform import transform

    with patch.dict(os.environ, AWS_DEFAULT_REGION="us-east-1"):  # the transform asks boto3 for the partition
        deployed: Template = transform(template, {}, _NO_MANAGED_POLICIES)
    return deployed
