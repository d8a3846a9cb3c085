"""The page that says why: who sees a contact, whether it can enter, what it is told, and what its card lacks."""

from __future__ import annotations

import pytest
from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.identity.v1.accounts_pb2 import ExplainAccessResponse
from recapito.notifications.v1.dispatches_pb2 import Decision

from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator

Check = ExplainAccessResponse.Check


def address(told: Story, query: str = "") -> str:
    return f"/console/contacts/{told.laura}/why{query}"


@pytest.mark.req("R-DGN-01", "R-DGN-02")
def test_the_card_leads_to_why_somebody_cannot_enter_and_from_there_to_what_to_change(told: Story, console: Operator) -> None:
    name, customer = f"contacts/{told.laura}", f"customers/{told.abc}"
    told.backend.identity.checks = [
        Check(code="EMAIL_PRESENT", passed=True, value="laura@abc.example", explanation="C’è l’email.", resource=name),
        Check(code="SUPPORT_WINDOW", value="../2026-10-31", explanation="Oggi è fuori dal periodo.", resource=name),
        Check(code="CUSTOMER_PERMISSIONS", passed=True, value="INVOICES PRIMARY", explanation="Vede quanto segue.", resource=customer),
    ]
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Perché? Chi vede il contatto, se entra, che cosa riceve")
    assert "Può entrare? Non può entrare" in page.text
    assert "Oggi è fuori dal periodo. … – 31 ott 2026 Vai a cambiarlo" in page.text
    assert "ABC S.r.l.: Fatture e note di credito a posto" in page.text
    assert page.link("Vai a cambiarlo Oggi è fuori dal periodo.") == f"/console/contacts/{told.laura}/edit"


@pytest.mark.req("R-DGN-01", "R-DGN-02")
def test_an_operator_who_does_not_see_a_contact_is_explained(told: Story, console: Operator) -> None:
    form, _button = console.open(address(told)).form("Spiega")
    assert str(told.operator) in form.choices["operator"]
    page = console.open(address(told, f"?operator={told.operator}"))
    assert "vede il contatto? No, non lo vede" in page.text
    assert "Nessun gruppo in comune." in page.text
    assert page.link("Vai a cambiarlo Nessun gruppo in comune.") == f"/console/contacts/{told.laura}/edit"


@pytest.mark.req("R-DGN-01")
def test_faults_of_address_points_role_and_choices_stand_together(told: Story, console: Operator) -> None:
    customer = f"customers/{told.abc}"
    laura = told.backend.contacts.contacts[told.laura]
    laura.affiliations[0].warnings.append(Affiliation.NOTIFICATION_WITHOUT_PERMISSION)
    told.backend.notifications.returned.add(laura.email)
    told.backend.identity.checks = [
        Check(code="CUSTOMER_ROLE", explanation="Manca il ruolo.", resource=customer),
        Check(code="CONTACT_POINTS", value="0", explanation="Manca un recapito.", resource=laura.name),
    ]
    page = console.open(address(told))
    faults = page.text.partition("La scheda è completa?")[2]
    edit = f"/console/contacts/{told.laura}/edit"
    assert f"Le email tornano indietro da questo indirizzo: correggilo. {laura.email}" in faults
    assert page.link("Vai a cambiarlo Manca il ruolo.") == f"{edit}?customer={told.abc}"
    assert page.link("Vai a cambiarlo Manca un recapito.") == edit
    assert "Ferma qui" not in faults, "none of these closes the door"
    assert faults.count("Da sapere") == 4


@pytest.mark.req("R-DGN-02")
def test_any_kind_of_email_is_explained_with_what_to_change(told: Story, console: Operator) -> None:
    form, _button = console.open(address(told)).form("Spiega")
    assert {"welcome", "ticket_replied", "invoice_issued"} < set(form.choices["kind"])
    told.backend.notifications.decided = Decision.SKIP_AREA_OFF
    page = console.open(address(told, "?kind=welcome"))
    assert "Area riservata disattivata" in page.text
    assert page.link("Attivala in Impostazioni, Moduli") == "/console/settings/modules"
    told.backend.notifications.decided = Decision.SKIP_PREFERENCE_OFF
    page = console.open(address(told, "?kind=invoice_issued"))
    assert page.link("Accendi la notifica") == f"/console/contacts/{told.laura}/edit?customer={told.abc}"


@pytest.mark.req("R-DGN-01")
def test_a_switch_of_the_organisation_is_changed_in_its_settings(told: Story, console: Operator) -> None:
    told.backend.identity.checks = [Check(code="AREA_ON", explanation="L’area riservata è disattivata.", resource="settings/contacts")]
    page = console.open(address(told))
    assert page.link("Vai a cambiarlo L’area riservata è disattivata.") == "/console/settings/modules"


def test_who_may_not_help_people_in_reads_of_emails_alone(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities -= {"identity.access"}
    page = console.open(address(told, f"?operator={told.operator}&kind=invoice_issued"))
    assert console.answer.status_code == 200
    assert "Riceve «Nuova fattura»?" in page.text
    assert "Può entrare?" not in page.text
    assert "vede il contatto?" not in page.text


def test_a_customer_that_the_operator_does_not_see_is_not_named(told: Story, console: Operator) -> None:
    """Rule 26 of the security rules."""
    told.backend.identity.checks = [
        Check(
            code="CUSTOMER_PERMISSIONS", passed=True, value="INVOICES", explanation="Vede quanto segue.", resource=f"customers/{told.gallo}"
        ),
    ]
    page = console.open(address(told))
    assert "Vede quanto segue." not in page.text
    assert "Gallo" not in page.text.partition("Domanda")[2]
