"""E-mail while the client area is off: what is of use there alone stays, documents are announced without a way in."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from libs.access import Caller, Kind
from services.notifications import service
from services.notifications.domain.kinds import KINDS
from services.notifications.service import reading
from tests.integration.notifications.looking import deliver, messages, reasons
from tests.mailbox import Received
from tests.unit.notifications.builders import ACME, INVOICE, MARIO, SENDER, candidate, contact_created, dispatch, invoice_issued

EVERYTHING = Caller(Kind.OPERATOR, sees_all=True)
ADDRESS = "mario@acme.example"


@pytest.fixture
def closed(world: SimpleNamespace) -> SimpleNamespace:
    """What contacts and identity say while the module is off."""
    world.contacts.candidates[ACME] = (candidate(area_off=True),)
    world.links.refusals[MARIO] = "ENTRY_AREA_OFF"
    return world


@pytest.mark.req("R-DGN-03")
def test_neither_welcome_nor_access_data_leave_while_the_area_is_off(closed: SimpleNamespace) -> None:
    closed.listener.on_contact_created([contact_created(send_set_password=True)])
    deliver(closed)
    assert reasons(closed) == {f"welcome {ADDRESS}": "SKIP_AREA_OFF", f"set_password {ADDRESS}": "SKIP_AREA_OFF"}
    assert closed.mailer.letters == []


@pytest.mark.req("R-DGN-03")
def test_a_link_is_withheld_when_the_area_went_off_after_the_decision(closed: SimpleNamespace) -> None:
    closed.contacts.candidates[ACME] = (candidate(),)
    closed.listener.on_contact_created([contact_created(skip_welcome=True, send_set_password=True)])
    deliver(closed)
    message = next(one for one in messages(closed) if one.kind == "set_password")
    assert (message.state.name, message.reason.name) == ("SUPPRESSED", "SKIP_AREA_OFF")
    then = closed.foresight.why_then(message.dispatch_id, MARIO, caller=EVERYTHING)
    assert then.tried[-1].reason.name == "SKIP_AREA_OFF"


@pytest.mark.req("R-DGN-03", "R-IDN-27")
def test_a_document_is_announced_without_a_way_into_the_area(closed: SimpleNamespace) -> None:
    closed.listener.on_invoice_issued([invoice_issued()])
    deliver(closed)
    (letter,) = closed.mailer.letters
    received = Received(letter.from_address, [letter.to_address], letter.content)
    for part in ("plain", "html"):
        text = received.part(part)
        assert "INV-2026-000001" in text
        assert "area.verdi.example" not in text
        assert "Apri la fattura" not in text
        assert "personale" not in text


@pytest.mark.req("R-DGN-03")
def test_preview_and_copy_show_no_link_either(closed: SimpleNamespace) -> None:
    closed.documents.invoices[INVOICE] = service.Invoice(ACME, dispatch().facts)
    preview = closed.foresight.preview(KINDS["invoice_issued"], INVOICE, None, caller=EVERYTHING)
    closed.listener.on_invoice_issued([invoice_issued()])
    (message,) = messages(closed)
    copy = reading.get_message(message.id, caller=EVERYTHING, read=closed.read, words=closed.words, sender=SENDER)
    for content in (preview.content, copy.content):
        assert content is not None
        assert "Apri la fattura" not in content.text
