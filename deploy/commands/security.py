"""`recapito audit`, `keys`, `user` and `erasures`: what is kept of who did what, what signs, who may enter, who was erased."""

from __future__ import annotations

import json
from typing import IO

import click

from deploy import installation
from deploy.installation import Answer
from libs import screen


@click.group()
def audit() -> None:
    """Who did what, when, with what result."""


@audit.command()
@screen.as_json
def verify(as_json: bool) -> None:
    """Recompute the audit and hold it against its signed heads; ends with 1 when something was changed."""
    answer = installation.find().run("identity", "audit-verify", "--json", watched=True)
    found = answer.json()
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(found["broken"]) or "the audit is intact", err=not found["intact"])
    raise SystemExit(answer.code)


@click.group()
def keys() -> None:
    """The keys that sign passports and heads of the audit."""


@keys.command()
@click.option("--soon", is_flag=True, help="Let the new key sign in 20 seconds instead of ten minutes.")
@screen.as_json
def rotate(soon: bool, as_json: bool) -> None:
    """Publish a new signing key; the one before is forgotten when its tokens are dead."""
    answer = installation.find().run("identity", "rotate-keys", *(["--soon"] if soon else []), "--json")
    found = _well(answer).json()
    click.echo(json.dumps(found, indent=2) if as_json else f"key {found['key']} signs from {found['use_time']}")


@click.group()
def user() -> None:
    """Help for administrators whom nobody else can help."""


@user.command("invite-admin")
@click.option("--email", required=True)
@click.option("--name", "display_name", default="Administrator", show_default=True)
@screen.as_json
def invite_administrator(email: str, display_name: str, as_json: bool) -> None:
    """Invite the first administrator: prints a one-time link, valid for 48 hours.

    Ends with 1 when an administrator has a password already: administrators invite others in the console.
    """
    arguments = ["--email", email, "--name", display_name, "--json"]
    found = _well(installation.find().run("identity", "create-administrator", *arguments)).json()
    if not found["link"]:
        raise click.ClickException("an administrator has a password already, and can invite others in the console")
    click.echo(json.dumps({"link": found["link"]}, indent=2) if as_json else found["link"])


@user.command("remove-factors")
@click.option("--email", required=True)
@screen.as_json
def remove_factors(email: str, as_json: bool) -> None:
    """Remove all second factors of an operator who lost them."""
    found = _well(installation.find().run("identity", "remove-factors", "--email", email, "--json")).json()
    click.echo(json.dumps(found, indent=2) if as_json else f"removed: {found['removed']}")


@click.group()
def erasures() -> None:
    """The ledger of erased people: ids alone, to be kept outside the databases and applied again after a restore."""


@erasures.command("list")
@screen.as_json
def list_erasures(as_json: bool) -> None:
    """Show everybody whose personal data was erased. The JSON is what `apply` reads."""
    arguments = ["--json"] if as_json else []
    click.echo(_well(installation.find().run("contacts", "list-erasures", *arguments)).output, nl=False)


@erasures.command()
@click.argument("file", type=click.File())
@screen.as_json
def apply(file: IO[str], as_json: bool) -> None:
    """Have everybody of a ledger erased again, in all services. FILE: what `list --json` wrote."""
    found = _well(installation.find().run("contacts", "reapply-erasures", "-", "--json", given=file.read())).json()
    line = f"{found['erasures']} to be erased again; list says when all services have answered"
    click.echo(json.dumps(found, indent=2) if as_json else line)


def _well(answer: Answer) -> Answer:
    if answer.code:
        raise click.ClickException(answer.fault)
    return answer
