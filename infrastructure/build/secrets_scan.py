"""Find credentials in the files of a checkout with detect-secrets.

Only the detectors of keys that a service issues in a form of its own are used. They need no list of accepted findings.
The detectors of random strings and of words such as "password" report the hashes and names in this repository.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_DETECTORS: Final = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)


_GENERATED: Final = frozenset({"__pycache__", "mutants", "node_modules"})


def leaked_secrets(root: Path) -> list[str]:
    """Return a sentence for each credential in the files of the checkout at `root`.

    The sentences do not contain the credentials. Nothing is sent to the services that issued them.
    """
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import transient_settings

    with transient_settings({"plugins_used": [{"name": name} for name in _DETECTORS], "filters_used": []}):
        return [
            f"{file.relative_to(root)}, line {secret.line_number}: {secret.type}"
            for file in _files(root)
            for secret in scan_file(str(file))
        ]


def _files(root: Path) -> Iterator[Path]:
    """Yield the files of a checkout, without what Git ignores: builds, caches and environments."""
    for folder, subfolders, names in os.walk(root):
        kept = [name for name in subfolders if name not in _GENERATED and (name == ".ci" or name[0] != ".")]
        subfolders[:] = sorted(name for name in kept if Path(folder, name) != root / "build")
        yield from (Path(folder, name) for name in sorted(names))
