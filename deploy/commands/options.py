"""An option that several commands have."""

from __future__ import annotations

import click

from deploy.one_folder import SERVICES

one_service = click.option("--service", type=click.Choice(SERVICES), help="Of this service alone.")
