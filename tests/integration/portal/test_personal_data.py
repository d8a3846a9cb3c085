"""All data of a person as a file: for operators from its card, for the person itself in the area."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from libs.personal import SERVICES
from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.pages import Operator

LAURA = "laura.bianchi@abc.example"


def check_archive(answer: TestResponse) -> None:
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="dati-personali-2')
    made = zipfile.ZipFile(io.BytesIO(answer.data))
    assert [made.read(f"{service}.jsonl").decode() for service in SERVICES] == [f"{service} knows {LAURA}\n" for service in SERVICES]


def age(told: Story) -> None:
    """Let the sign-in of everybody be old."""
    for session in told.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(minutes=1)


def test_an_operator_downloads_them_from_the_card(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Scarica tutti i dati")
    assert "Scarica tutti i dati di Laura Bianchi" in page.text
    age(told)
    assert "scrivi di nuovo la tua password" in console.press("Scarica il file").text
    assert told.backend.privacy.exported == []
    console.press("Scarica il file", confirm_password=PASSWORD)
    check_archive(console.answer)
    assert told.backend.privacy.exported == [told.laura]


def test_who_may_not_anonymise_may_not_take_all_data_out(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities -= {"contacts.anonymize"}
    assert "Scarica tutti i dati" not in console.open(f"/console/contacts/{told.laura}").text
    console.open(f"/console/contacts/{told.laura}/personal-data")
    assert console.answer.status_code == 404


def test_a_person_downloads_its_own_after_its_password(told: Story, laura: Browser) -> None:
    laura.get("/area/")
    assert 'href="/area/personal-data"' in laura.page
    age(told)
    laura.get("/area/personal-data")
    assert "La tua password" in laura.page
    answer = laura.send("/area/personal-data", {"confirm_password": "wrong wrong wrong"})
    assert answer.status_code == 422
    assert 'role="alert"' in laura.page
    assert told.backend.privacy.exported == []
    check_archive(laura.send("/area/personal-data", {"confirm_password": PASSWORD}))
    assert told.backend.privacy.exported == [told.laura]


def test_a_link_shows_no_more_than_where_to_sign_in(told: Story, laura: Browser) -> None:
    (session,) = told.backend.identity.sessions.values()
    session.method = "MAGIC_LINK"
    laura.get("/area/personal-data")
    assert "entra con la password" in laura.page
    assert "Scarica i tuoi dati</button>" not in laura.page


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_is_away_leaves_no_file(told: Story, laura: Browser, service: str) -> None:
    told.backend.privacy.away = {service}
    laura.get("/area/personal-data")
    answer = laura.send("/area/personal-data")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Il servizio non risponde" in laura.page
