"""The trial's own user and account on a deployed stack, so that it does not see or change other data."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from infrastructure.deployed_stack import DeployedStack
from infrastructure.local.scenario import Scenario
from infrastructure.user_pool import HostClient, User, create_user, host_client, host_token, sign_in


@dataclass(frozen=True, slots=True)
class TrialStack:
    """A deployed stack as the scenario uses it, with the trial's manager and host application."""

    deployed: DeployedStack
    outputs: Mapping[str, str]
    manager: User
    host: HostClient
    tables: Mapping[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """The base URL of the HTTP API. A stack in AWS has no emulator, and the trial's steps do not use one."""
        return self.api_url

    @property
    def api_url(self) -> str:
        """The base URL of the HTTP API."""
        return self.outputs["ApiUrl"]

    def user(self) -> User:
        """Return the trial's manager."""
        return self.manager

    def token(self, email: str) -> str:
        """Sign the trial's manager in and return the ID token."""
        assert email == self.manager.email
        return sign_in(self.client("cognito-idp"), self.outputs["ConsoleClientId"], self.manager)

    def host_token(self) -> str:
        """Return an access token of the host application."""
        return host_token(self.host)

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return self.deployed.client(service)


@contextmanager
def trial_scenario(deployed: DeployedStack, outputs: Mapping[str, str]) -> Iterator[Scenario]:
    """Return a scenario in a new account of the stage. Its manager is created and, at the end, deleted."""
    cognito, pool = deployed.client("cognito-idp"), outputs["UserPoolId"]
    name = f"trial-{secrets.token_hex(4)}"
    # A domain that never receives mail (RFC 2606). Cognito sends nothing to it.
    manager = create_user(cognito, pool, f"{name}@example.com", name, "manager")
    try:
        stack = TrialStack(deployed, outputs, manager, host_client(cognito, outputs))
        scenario = Scenario.on(stack, must_be_empty=True)
        try:
            yield scenario
        finally:
            scenario.close()
    finally:
        cognito.admin_delete_user(UserPoolId=pool, Username=manager.email)
