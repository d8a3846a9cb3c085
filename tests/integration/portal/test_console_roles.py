"""The console's roles of operators: made, changed, deleted, given; and who may do what by them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from recapito.identity.v1.accounts_pb2 import Account
from recapito.identity.v1.roles_pb2 import Role

from libs import access
from services.identity.domain.roles import METHODLESS
from services.portal.views.console.capabilities import CAPABILITIES
from tests.integration.portal.builders import Story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.pages import Operator

DESK = ("contacts.read", "contacts.write")


def role_named(told: Story, display_name: str) -> Role | None:
    return next((role for role in told.backend.identity.roles.values() if role.display_name == display_name), None)


def with_role(told: Story, display_name: str = "Sportello", capabilities: Collection[str] = DESK) -> Role:
    role = Role(name=f"roles/{UUID(int=7)}", display_name=display_name, capabilities=capabilities, etag='"1"')
    told.backend.identity.roles[role.name] = role
    return role


def with_operator(told: Story, *roles: str, state: Account.State.ValueType = Account.ACTIVE) -> Account:
    id_ = UUID(int=9)
    account = Account(name=f"accounts/{id_}", kind=Account.OPERATOR, display_name="Ciro Esposito", email="ciro@studio.example", state=state)
    account.roles.extend(roles)
    told.backend.identity.accounts[id_] = account
    return account


def test_every_capability_of_the_contract_is_said_in_plain_words() -> None:
    told = [capability.id for capabilities in CAPABILITIES.values() for capability in capabilities]
    assert sorted(told) == sorted({*access.capabilities(), *METHODLESS})


# --- made, changed, deleted ----------------------------------------------------------------------------------------------------------
def test_a_role_is_made_changed_and_deleted(told: Story, console: Operator) -> None:
    console.open("/console/settings")
    console.follow("Ruoli")
    console.follow("Nuovo ruolo")
    page = console.press("Salva ruolo", display_name="Sportello", capabilities=list(DESK))
    made = role_named(told, "Sportello")
    assert made is not None
    assert sorted(made.capabilities) == sorted(DESK)
    assert "Ruolo creato" in page.text
    console.follow("Modifica Sportello")
    console.press("Salva ruolo", display_name="Banco", capabilities=["contacts.read"])
    changed = role_named(told, "Banco")
    assert changed is not None
    assert list(changed.capabilities) == ["contacts.read"]
    console.follow("Elimina Banco")
    console.press("Elimina il ruolo")
    assert role_named(told, "Banco") is None


def test_a_role_may_start_from_another(told: Story, console: Operator) -> None:
    console.open("/console/settings/roles")
    console.follow("Nuovo ruolo come Contabile")
    console.press("Salva ruolo", display_name="Contabile di sede")
    made, model = role_named(told, "Contabile di sede"), told.backend.identity.roles["roles/accountant"]
    assert made is not None
    assert sorted(made.capabilities) == sorted(model.capabilities)


def test_the_roles_of_recapito_are_shown_and_not_changed(console: Operator) -> None:
    page = console.open("/console/settings/roles")
    words = {text for text, _address in page.links}
    assert "Amministratore Di Recapito" in page.text
    assert not {"Modifica Amministratore", "Elimina Amministratore"} & words


def test_two_roles_do_not_share_a_name(told: Story, console: Operator) -> None:
    with_role(told)
    console.open("/console/settings/roles/new")
    page = console.press("Salva ruolo", display_name="Sportello", capabilities=list(DESK))
    assert page.errors == {"display_name": "Questo nome è già usato"}
    form, _button = page.form("Salva ruolo")
    assert form.values["capabilities"] == list(DESK), "nothing that was chosen is lost"


def test_a_role_in_use_is_not_deleted(told: Story, console: Operator) -> None:
    role = with_role(told)
    with_operator(told, role.name)
    console.open("/console/settings/roles")
    page = console.follow("Elimina Sportello")
    assert "Lo ha ancora 1 tra operatori e applicazioni: Ciro Esposito" in page.text
    page = console.press("Elimina il ruolo")
    assert console.answer.status_code == 422
    assert "Qualcuno ha ancora questo ruolo" in page.text
    assert role.name in told.backend.identity.roles


def test_a_role_changed_meanwhile_is_shown_beside_what_was_chosen(told: Story, console: Operator) -> None:
    role = with_role(told)
    console.open("/console/settings/roles")
    console.follow("Modifica Sportello")
    stored = told.backend.identity.roles[role.name]
    stored.etag = '"2"'
    stored.capabilities[:] = ["contacts.read", "documents.read"]
    page = console.press("Salva ruolo", capabilities=["contacts.write"])
    assert console.answer.status_code == 409
    assert "Vedere clienti e contatti, Vedere fatture e pagamenti" in page.text
    console.press("Salva ruolo")
    assert list(told.backend.identity.roles[role.name].capabilities) == ["contacts.write"]


def test_roles_ask_for_the_password_when_the_sign_in_is_old(told: Story, console: Operator) -> None:
    for session in told.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(seconds=1)
    console.open("/console/settings/roles/new")
    console.press("Salva ruolo", display_name="Sportello", capabilities=list(DESK))
    console.press("Salva ruolo", confirm_password=PASSWORD)
    assert role_named(told, "Sportello") is not None


# --- nobody gives more than it has -----------------------------------------------------------------------------------------------------
MODEST = frozenset({"contacts.read", "identity.read", "identity.accounts"})


def test_only_what_one_has_is_offered(told: Story, console: Operator) -> None:
    with_role(told, capabilities=["documents.issue"])
    told.backend.identity.capabilities = MODEST
    page = console.open("/console/settings/roles/new")
    assert sorted(page.form("Salva ruolo")[0].choices["capabilities"]) == sorted(MODEST)
    page = console.open("/console/settings/operators/new")
    assert "roles" not in page.form("Invia l’invito")[0].choices
    page = console.open("/console/settings/roles")
    assert not [address for _words, address in page.links if address.endswith(("/edit", "/delete"))]


def test_who_has_more_than_the_operator_keeps_it_and_is_not_changed(told: Story, console: Operator) -> None:
    role = with_role(told, capabilities=["documents.issue"])
    told.backend.identity.capabilities = MODEST
    console.open(f"/console/settings/roles/{role.name.split('/')[1]}/edit")
    told.backend.identity.roles[role.name].capabilities.append("documents.read")
    page = console.press("Salva ruolo", capabilities=["documents.issue"])
    assert console.answer.status_code == 422
    assert "Servono facoltà che tu non hai: chiedi a chi le ha" in page.text


# --- given ---------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-GRP-04")
def test_an_operator_gets_a_role_of_ones_own_and_is_found_by_it(told: Story, console: Operator) -> None:
    role = with_role(told)
    with_operator(told, "roles/reader")
    console.open("/console/settings/operators")
    console.follow("Modifica Ciro Esposito")
    page = console.press("Salva operatore", roles=[role.name, "roles/reader"])
    assert list(told.backend.identity.accounts[UUID(int=9)].roles) == [role.name, "roles/reader"]
    assert "Sportello, Lettore" in page.text
    page = console.open(f"/console/settings/operators?role={role.name}")
    assert page.markup.count("Modifica Ciro Esposito") == 1
    assert "Modifica Francesca" not in page.markup


def test_an_operator_is_invited_again_and_deactivated_from_its_page(told: Story, console: Operator) -> None:
    account = with_operator(told, state=Account.INVITED)
    edit = f"/console/settings/operators/{account.name.split('/')[1]}/edit"
    assert "Invitato" in console.open(edit).text
    console.press("Invia di nuovo l’invito")
    assert told.backend.identity.requested == [("INVITATION", "ciro@studio.example")]
    console.open(edit)
    console.follow("Disattiva")
    console.press("Disattiva Ciro Esposito")
    assert told.backend.identity.accounts[UUID(int=9)].state == Account.DISABLED


# --- who may do what -----------------------------------------------------------------------------------------------------------------
def test_who_may_do_what_is_one_page(told: Story, console: Operator) -> None:
    role = with_role(told)
    with_operator(told, role.name)
    application = Account(name=f"accounts/{UUID(int=11)}", kind=Account.SERVICE, display_name="Gestionale", roles=["roles/reader"])
    told.backend.identity.accounts[UUID(int=11)] = application
    console.open("/console/settings/roles")
    page = console.follow("Chi può fare che cosa")
    assert "Contabile , Lettore , Sportello Ciro Esposito , Francesca Riva , Gestionale" in page.text
    changing = "Creare e modificare clienti e contatti Amministratore , Operatore , Sportello Ciro Esposito , Francesca"
    assert changing in page.text
    told.backend.identity.accounts[UUID(int=9)].state = Account.DISABLED
    page = console.open("/console/settings/roles/who")
    assert "Ciro Esposito" not in page.text
    told.backend.identity.accounts[told.operator].roles[:] = []
    assert "Emettere fatture Amministratore , Operatore , Contabile Nessuno" in console.open("/console/settings/roles/who").text
