"""`recapito explain`: why somebody may enter or not, is seen or not, is told or not; what the services answer, asked as an operator.

It goes through the API with an operator's rights, so that nobody learns by it what the console would not show.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.error import URLError

import click

from deploy.demo import Api
from deploy.one_folder import running
from libs import screen


@click.group()
def explain() -> None:
    """Say why a person may enter or not, is told or not.

    RECAPITO_API_URL: where the API answers. RECAPITO_TOKEN: an operator's token; without one it asks for address and password.
    """


@explain.command()
@click.argument("contact")
@click.option("--operator", default="", help="Also whether this operator (accounts/…) sees the contact.")
@screen.as_json
def entry(contact: str, operator: str, as_json: bool) -> None:
    """Say whether CONTACT (contacts/…) may enter the customers' area: each condition, and what stops."""
    query = {"operator": operator} if operator else {}
    found = _call("GET", f"/v1/accounts/{contact.rpartition('/')[2]}:explainAccess", None, **query)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo("may enter" if found.get("mayEnter") else "may not enter")
    if operator:
        click.echo(f"{'seen' if found.get('visible') else 'not seen'} by {operator}")
    rows = [["yes" if check.get("passed") else "no", check["code"], check.get("explanation", "")] for check in found.get("checks", [])]
    click.echo(screen.table(["", "CONDITION", ""], rows))


@explain.command()
@click.argument("contact")
@click.option("--dispatch", default="", help="As it was decided then (dispatches/…).")
@click.option("--kind", default="", help="As it would be decided now: kind of message, such as invoice_issued, with --subject.")
@click.option("--subject", default="", help="The document that it would be about, such as invoices/….")
@screen.as_json
def message(contact: str, dispatch: str, kind: str, subject: str, as_json: bool) -> None:
    """Say why CONTACT (contacts/…) was told or not, or would be: each rule, and the one that decided."""
    if bool(dispatch) == bool(kind and subject):
        raise click.UsageError("give --dispatch, or --kind and --subject")
    occasion = {"dispatch": dispatch} if dispatch else {"hypothetical": {"kind": kind, "subject": subject}}
    found = _call("POST", "/v1/dispatches:explain", {"contact": contact} | occasion)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = [["decided" if rule.get("decided") else "", rule["rule"], rule.get("text", "")] for rule in found.get("rules", [])]
    click.echo(screen.table(["", "RULE", ""], rows))


def _call(verb: str, path: str, body: dict[str, Any] | None, **query: str) -> dict[str, Any]:
    url = os.environ.get("RECAPITO_API_URL") or running()[0].url
    api = Api(url, os.environ.get("RECAPITO_TOKEN", ""))
    try:
        if not api.signed_in:
            api.sign_in(click.prompt("E-mail", err=True), click.prompt("Password", hide_input=True, err=True))
        return api.call(verb, path, body, **query)
    except (RuntimeError, URLError) as error:
        raise click.ClickException(str(error)) from error
