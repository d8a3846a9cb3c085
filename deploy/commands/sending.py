"""`recapito sender`: hold all mail, and let it go again."""

from __future__ import annotations

import json

import click

from deploy import installation
from libs import screen


@click.group()
def sender() -> None:
    """Whether e-mail leaves. While it is held, everything else goes on, and messages wait."""


@sender.command()
@screen.as_json
def status(as_json: bool) -> None:
    """Say whether mail is held."""
    _tell("status", as_json=as_json)


@sender.command()
@click.option("--restored", is_flag=True, help="The data was just restored: what was caused before now becomes uncertain.")
@screen.as_json
def hold(restored: bool, as_json: bool) -> None:
    """Let nothing leave from now on."""
    _tell("hold", *(["--restored"] if restored else []), as_json=as_json)


@sender.command()
@screen.as_json
def release(as_json: bool) -> None:
    """Let mail leave again."""
    _tell("release", as_json=as_json)


def _tell(*arguments: str, as_json: bool) -> None:
    answer = installation.find().run("notifications", "sender", *arguments, "--json")
    if answer.code:
        raise click.ClickException(answer.fault)
    found = answer.json()
    said = f"held since {found['hold_time']}: nothing leaves" if found["held"] else "mail leaves"
    click.echo(json.dumps(found, indent=2) if as_json else said)
