"""`recapito backup` and `restore` of an installation in one data folder. On PostgreSQL: deploy/backup.sh and restore.sh."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from deploy import installation
from deploy.installation import Installation
from deploy.one_folder import HEADS, EmbeddedSettings
from libs import screen

# The bus first: what it held and a service has handled since comes again, and the service's inbox knows it. Who listens comes after
# those it listens to, and the audit, which all tell, last.
DATABASES = ("bus", "contacts", "documents", "notifications", "identity")
FILES = "files"
KEPT = ("secrets.json", HEADS)
_FORMAT = {"recapito-backup": 1}
_MANIFEST = "manifest.json"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@screen.as_json
def backup(file: Path, as_json: bool) -> None:
    """Copy the data folder into one FILE (.tar.gz), also while everything runs.

    The file holds all secrets and all personal data: keep it as you keep those.
    """
    settings = installation.data_folder()
    if file.exists():
        raise click.UsageError(f"{file} exists: a backup never overwrites another")
    with (
        tempfile.TemporaryDirectory(dir=settings.data) as folder,
        os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
        tarfile.open(fileobj=out, mode="w:gz") as archive,
    ):
        for path, name in screen.progress(_parts(settings, Path(folder)), "parts"):
            archive.add(path, name)
    found = {"file": str(file), "bytes": file.stat().st_size}
    click.echo(json.dumps(found) if as_json else f"{found['file']}: {found['bytes']} bytes")


def _parts(settings: EmbeddedSettings, folder: Path) -> Iterator[tuple[Path, str]]:
    """Give each part, copied as of one moment, with its name in the archive."""
    manifest = folder / _MANIFEST
    manifest.write_text(json.dumps(_FORMAT | {"time": datetime.now(UTC).isoformat(timespec="seconds")}))
    yield manifest, _MANIFEST
    for name in DATABASES:
        copy = folder / f"{name}.db"
        with closing(sqlite3.connect(settings.data / f"{name}.db")) as live, closing(sqlite3.connect(copy)) as copied:
            live.backup(copied)
        yield copy, copy.name
        copy.unlink()
    for path in (settings.data / name for name in (FILES, *KEPT)):
        if path.exists():  # files after the rows that name them
            yield path, path.name


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@screen.as_json
def restore(file: Path, as_json: bool) -> None:
    """Fill an empty data folder from a backup; mail is held until `sender release`.

    What was to be sent and may have been sent after the backup becomes uncertain. See deploy/README.md for what comes next.
    """
    settings = EmbeddedSettings.load()
    if settings.data.exists() and any(settings.data.iterdir()):
        raise click.UsageError(f"{settings.data} is not empty: a restore never mixes with what is there")
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    manifest = _unpack(file, settings.data)
    where = Installation(settings=settings)
    _run(where, "notifications", "migrate")  # the start migrates the others, but nothing may leave when it does
    _run(where, "notifications", "sender", "hold", "--restored")
    done = f"restored as of {manifest['time']}; mail is held: recapito sender release, when all is well"
    click.echo(json.dumps({"time": manifest["time"], "sender_held": True}) if as_json else done)


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Fill the folder; nothing but what `backup` writes gets in."""
    try:
        with tarfile.open(file) as archive:
            first = archive.extractfile(_MANIFEST)
            manifest: dict[str, Any] = json.load(first) if first else {}
            if not manifest.items() >= _FORMAT.items():
                raise click.ClickException(f"{file} is of another version")
            wanted = {_MANIFEST, FILES, *KEPT, *(f"{name}.db" for name in DATABASES)}
            members = [member for member in archive if member.name.partition("/")[0] in wanted - {_MANIFEST}]
            archive.extractall(folder, members, filter="data")
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise click.ClickException(f"{file} is no backup of Recapito: {error}") from error
    return manifest


def _run(where: Installation, service: str, *arguments: str) -> None:
    answer = where.run(service, *arguments)
    if answer.code:
        sys.stderr.write(answer.error)
        raise click.ClickException(f"{service}: {answer.fault}")
