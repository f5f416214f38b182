"""`undelivered accounts`: the accounts of a stage, the identities that they send from, and their users."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infrastructure.cli.stack_option import StageOption, StateDirOption, named_stack
from infrastructure.members import Members, Provider
from infrastructure.user_pool import Role

if TYPE_CHECKING:
    from infrastructure.accounts import StageAccounts

accounts = typer.Typer(no_args_is_help=True, help="Accounts, the identities that they send from, and their users.")
identities = typer.Typer(no_args_is_help=True, help="The addresses and domains that an account may send from.")
members = typer.Typer(no_args_is_help=True, help="The users of an account.")
accounts.add_typer(identities, name="identities")
accounts.add_typer(members, name="members")

AccountArgument = Annotated[str, typer.Argument(help="ID of the account.")]
IdentityArgument = Annotated[str, typer.Argument(help="An address, or a domain with its subdomains.")]
EmailArgument = Annotated[str, typer.Argument(help="Email address of the user.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def _accounts_of(stage: str | None, state_dir: Path | None) -> "StageAccounts":
    from infrastructure.accounts import StageAccounts

    return StageAccounts.of(named_stack(stage, state_dir))


def _members_of(stage: str | None, state_dir: Path | None) -> Members:
    from infrastructure.accounts import StageAccounts
    from undelivered.adapters.dynamodb.ended_session_store import DynamoEndedSessions
    from undelivered.adapters.dynamodb.people_store import DynamoPeopleStore

    stack = named_stack(stage, state_dir)
    StageAccounts.of(stack)  # the store of people then uses the tables of the stack
    return Members(stack.client("cognito-idp"), stack.resource("UserPool"), DynamoPeopleStore(), DynamoEndedSessions())


@accounts.command("list")
def list_accounts(stage: StageOption = None, state_dir: StateDirOption = None, *, as_json: JsonOption = False) -> None:
    """List the accounts with their identities and senders. NOT ALLOWED marks a sender that the account cannot use."""
    found = list(_accounts_of(stage, state_dir).all())
    if as_json:
        print(json.dumps({"accounts": [asdict(account) for account in found]}))
        return
    for account in found:
        sender = f"sender {account.sender or 'of the stage'}{'' if account.may_send else ' NOT ALLOWED'}"
        typer.echo(f"{account.account_id}: {', '.join(account.identities) or 'no identities'}; {sender}")


@accounts.command()
def create(account: AccountArgument, stage: StageOption = None, state_dir: StateDirOption = None) -> None:
    """Create an account."""
    _accounts_of(stage, state_dir).create(account)


@accounts.command()
def defaults(
    account: AccountArgument,
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    *,
    sender: Annotated[str | None, typer.Option(help="Sender, or '' for the sender of the stage.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Time zone, for example Europe/Berlin.")] = None,
) -> None:
    """Show or set the settings that an account starts with. Its managers can change them."""
    found = _accounts_of(stage, state_dir)
    if sender is not None or time_zone is not None:
        found.change_defaults(account, sender=sender, time_zone=time_zone)
    shown = found.find(account)
    typer.echo(f"sender: {shown.sender or 'of the stage'}\ntime zone: {shown.time_zone}")


@identities.command("list")
def list_identities(account: AccountArgument, stage: StageOption = None, state_dir: StateDirOption = None) -> None:
    """List the identities of an account."""
    for identity in _accounts_of(stage, state_dir).find(account).identities:
        typer.echo(identity)


@identities.command("add")
def add_identity(
    account: AccountArgument, identity: IdentityArgument, stage: StageOption = None, state_dir: StateDirOption = None
) -> None:
    """Assign an identity to an account. Only this account can then send from it. Takes effect within a minute."""
    _accounts_of(stage, state_dir).add_identity(account, identity)


@identities.command("remove")
def remove_identity(
    account: AccountArgument, identity: IdentityArgument, stage: StageOption = None, state_dir: StateDirOption = None
) -> None:
    """Remove an identity from an account. It then belongs to the default account. Takes effect within a minute."""
    _accounts_of(stage, state_dir).remove_identity(account, identity)


@members.command("list")
def list_members(account: AccountArgument, stage: StageOption = None, state_dir: StateDirOption = None) -> None:
    """List the users of an account."""
    for member in _members_of(stage, state_dir).of(account):
        typer.echo(f"{member.email}: {', '.join(member.roles) or 'no role'}; {member.status.lower()}")


@members.command("add")
def add_member(
    account: AccountArgument,
    email: EmailArgument,
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    *,
    role: Annotated[Role, typer.Option(help="What the user may do: manager or viewer.")] = "viewer",
) -> None:
    """Create a user of an account. Cognito sends the invitation with a temporary password."""
    _accounts_of(stage, state_dir).find(account)
    _members_of(stage, state_dir).add(account, email, role)


@members.command("link")
def link_member(  # noqa: PLR0913 - one for each option
    account: AccountArgument,
    email: EmailArgument,
    subject: Annotated[str, typer.Argument(help="The user's subject there: `sub` (OIDC) or NameID (SAML).")],
    stage: StageOption = None,
    state_dir: StateDirOption = None,
    *,
    provider: Annotated[Provider, typer.Option(help="The identity provider.")] = "CompanyOIDC",
) -> None:
    """Let a user of an account sign in through your identity provider. The account and the role stay."""
    _members_of(stage, state_dir).link(account, email, provider, subject)


@members.command("remove")
def remove_member(
    account: AccountArgument, email: EmailArgument, stage: StageOption = None, state_dir: StateDirOption = None
) -> None:
    """Delete a user of an account. The user's tokens stay valid until they expire, after one hour at most."""
    _members_of(stage, state_dir).remove(account, email)
