"""All that is known of a person as one archive: from every service, with a passport for each, or not at all."""

from __future__ import annotations

import io
import zipfile

import pytest
from flask.testing import FlaskClient

from libs.personal import SERVICES
from services.gateway import __main__ as gateway
from services.gateway.settings import Settings
from tests.integration.gateway.backends import CONTACT, CONTACT_TOKEN, OPERATOR, OPERATOR_TOKEN, Backends

OF_CONTACT = f"/v1/contacts/{CONTACT}:exportPersonalData"
AS_OPERATOR = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}


@pytest.fixture(scope="module")
def client(behind: Backends, settings: Settings) -> FlaskClient:
    """The gateway with notifications at its address, too."""
    address = behind.addresses["contacts"].replace("contacts", "notifications")
    return gateway.app(settings.model_copy(update={"notifications_address": address})).test_client()


def test_every_service_gives_its_part_for_whoever_asks(client: FlaskClient) -> None:
    answer = client.get(OF_CONTACT, headers=AS_OPERATOR)
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="personal-data.zip"'
    made = zipfile.ZipFile(io.BytesIO(answer.data))
    assert made.namelist() == [*(f"{service}.jsonl" for service in SERVICES), "README.txt"]
    for service in SERVICES:
        assert made.read(f"{service}.jsonl").decode() == f"{service}\naccounts/{OPERATOR}\n"
    assert "Questo archivio" in made.read("README.txt").decode()
    assert "This archive" in made.read("README.txt").decode()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_breaks_off_leaves_no_archive(client: FlaskClient, behind: Backends, service: str) -> None:
    behind.privacy[service].away = True
    try:
        answer = client.get(OF_CONTACT, headers=AS_OPERATOR)
    finally:
        behind.privacy[service].away = False
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]


def test_a_stranger_an_unknown_person_and_an_old_sign_in_get_nothing(client: FlaskClient) -> None:
    assert client.get(OF_CONTACT).status_code == 401
    unknown = client.get("/v1/contacts/01890000-0000-7000-8000-00000000ffff:exportPersonalData", headers=AS_OPERATOR)
    assert (unknown.status_code, unknown.json["code"]) == (404, "CONTACT_NOT_FOUND")  # type: ignore[index] # a problem
    stale = client.get("/v1/contacts/me:exportPersonalData", headers={"Authorization": f"Bearer {CONTACT_TOKEN}"})
    assert (stale.status_code, stale.json["code"]) == (403, "NOT_FRESH")  # type: ignore[index] # a problem
