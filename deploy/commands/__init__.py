"""The `recapito` command: starts everything in one process, and operates any installation. See deploy/README.md.

Ends with 0 when all is well, 1 when something is not, 2 when it was not understood.
"""

from __future__ import annotations

import click

from deploy.commands.backups import backup, restore
from deploy.commands.events import outbox, parked, reproject
from deploy.commands.explaining import explain
from deploy.commands.overview import status
from deploy.commands.security import audit, erasures, keys, user
from deploy.commands.sending import sender
from deploy.one_folder import EmbeddedSettings


@click.group()
def main() -> None:
    """Recapito in one process, and the operation of any installation.

    Settings: RECAPITO_DATA (folder), RECAPITO_PORT, RECAPITO_PUBLIC_URL; RECAPITO_EXEC when the processes run elsewhere.
    """


@main.command()
def demo() -> None:
    """Start with sample data and tell the story of one invoice."""
    from deploy import demo as story  # imported late: with all services, which the other commands do not need
    from deploy import embedded

    embedded.start(EmbeddedSettings.load(), story.tell)


@main.command()
def run() -> None:
    """Start empty; the first start prints a one-time link that makes the administrator."""
    from deploy import demo as story
    from deploy import embedded

    embedded.start(EmbeddedSettings.load(), story.welcome)


for command in (status, outbox, parked, reproject, audit, keys, user, erasures, explain, sender, backup, restore):
    main.add_command(command)
