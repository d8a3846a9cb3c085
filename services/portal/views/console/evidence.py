"""The proofs that a contact accepted the privacy policy, as a file to keep or hand on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC
from uuid import UUID

from flask import Blueprint, Response
from recapito.identity.v1.policies_pb2 import Acceptance

from services.portal.service import Page, Services

COLUMNS = ("version", "accept_time", "language_code", "text_sha256", "ip_address", "user_agent", "policy", "acceptance")
_FORMULA = tuple("=+-@\t\r")


def evidence(pages: Blueprint, services: Services) -> None:
    @pages.get("/<uuid:contact_id>/acceptances.csv")
    def download_acceptances(contact_id: UUID) -> Response:
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for acceptance in _all(services, contact_id):
            writer.writerow(map(cell, _values(acceptance)))
        answer = Response(
            "\N{ZERO WIDTH NO-BREAK SPACE}" + file.getvalue(), mimetype="text/csv"
        )  # the mark that spreadsheets know UTF-8 by
        answer.headers["Content-Disposition"] = f'attachment; filename="acceptances-{contact_id}.csv"'
        return answer


def _all(services: Services, contact_id: UUID) -> Iterator[Acceptance]:
    token = ""
    while True:
        found = services.identity.list_acceptances(contact_id, Page(size=1000, token=token))
        yield from found.acceptances
        token = found.next_page_token
        if not token:
            return


def _values(acceptance: Acceptance) -> tuple[str, ...]:
    return (
        acceptance.version,
        acceptance.accept_time.ToDatetime(UTC).isoformat(),
        acceptance.language_code,
        acceptance.text_sha256,
        acceptance.ip_address,
        acceptance.user_agent,
        acceptance.policy,
        acceptance.name,
    )


def cell(text: str) -> str:
    """Return a text as a spreadsheet may read it: what begins like a formula stays a text."""
    return f"'{text}" if text.startswith(_FORMULA) else text
