"""gRPC in: what operators may see, and what they are told; on PostgreSQL and SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import grpc
import pytest
from pydantic import SecretStr
from recapito.contacts.events.v1 import events_pb2 as contacts_events
from recapito.notifications.v1 import dispatches_pb2 as dispatches
from recapito.notifications.v1 import dispatches_pb2_grpc, messages_pb2, messages_pb2_grpc, settings_pb2, settings_pb2_grpc

from libs.access import Caller, Kind
from libs.errors import InvalidArgument, NotFound, PermissionDenied, Unauthenticated
from libs.ids import new_id
from libs.messaging.consumer import Delivery
from libs.rpc import client, context
from libs.rpc.server import Server
from services.notifications import service, servicer
from services.notifications.domain.kinds import KINDS, Type
from services.notifications.settings import Settings
from tests.integration.notifications.looking import deliver
from tests.unit.notifications.builders import (
    ACME,
    GIUSEPPE,
    INVOICE,
    LAURA,
    MARIO,
    NOON,
    SENDER,
    candidate,
    contact_created,
    invoice_issued,
)

NORTH, SOUTH = new_id(), new_id()
OTHER, STRANGER = new_id(), new_id()
CAPABILITIES = frozenset({"notifications.read", "notifications.send"})


def operator(*groups: UUID, sees_all: bool = False, capabilities: frozenset[str] = CAPABILITIES) -> Caller:
    id_ = new_id()
    return Caller(
        Kind.OPERATOR, id_, capabilities=capabilities, groups=frozenset(groups), sees_all=sees_all, session_id=id_, session_state="OPEN"
    )


CALLERS = {
    "everything": operator(sees_all=True),
    "north": operator(NORTH),
    "south": operator(SOUTH),
    "none": operator(),
    "weak": operator(sees_all=True, capabilities=frozenset()),
    "contact": Caller(
        Kind.CONTACT, MARIO, customer_id=ACME, permissions=frozenset({"INVOICES", "PRIMARY"}), session_id=MARIO, session_state="OPEN"
    ),
}


@dataclass
class Api:
    channel: grpc.Channel

    def __post_init__(self) -> None:
        self.dispatches = dispatches_pb2_grpc.DispatchesStub(self.channel)
        self.messages = messages_pb2_grpc.MessagesStub(self.channel)
        self.settings = settings_pb2_grpc.SettingsStub(self.channel)


@pytest.fixture
def api(world: SimpleNamespace, url: str) -> Iterator[Api]:
    settings = Settings(
        database_url=SecretStr(url),
        bus_url=SecretStr("sqlite:///none"),
        smtp_host="localhost",
        internal_secret=SecretStr("s" * 32),
        listen_address="127.0.0.1:0",
        environment="test",
    )
    server = Server("notifications", settings, lambda passport: CALLERS[passport])
    server.add(
        dispatches_pb2_grpc.add_DispatchesServicer_to_server,
        servicer.Dispatches(world.read, world.foresight, world.words),
        dispatches.DESCRIPTOR.services_by_name["Dispatches"],
    )
    server.add(
        messages_pb2_grpc.add_MessagesServicer_to_server,
        servicer.Messages(world.read, world.words, SENDER, world.record_open),
        messages_pb2.DESCRIPTOR.services_by_name["Messages"],
    )
    server.add(
        settings_pb2_grpc.add_SettingsServicer_to_server,
        servicer.Settings(world.read, world.new_uow),
        settings_pb2.DESCRIPTOR.services_by_name["Settings"],
    )
    server.start()
    with client.connect(f"127.0.0.1:{server.port}", service="gateway", settings=settings) as channel:
        yield Api(channel)
    server.stop()


@pytest.fixture
def story(world: SimpleNamespace) -> SimpleNamespace:
    """ACME, of the north, has been told about an invoice; another customer, of the south, about another."""
    world.contacts.candidates[ACME] = (
        candidate(primary=True),
        candidate(LAURA, email="laura@acme.example", first_name="Laura", last_name="Bianchi", permissions=frozenset()),
        candidate(GIUSEPPE, email="giuseppe@acme.example", first_name="Giuseppe", preferences={Type.INVOICE: False}),
    )
    world.contacts.candidates[OTHER] = (candidate(STRANGER, email="stranger@other.example"),)
    world.contacts.persons[STRANGER] = service.Person(STRANGER, OTHER, frozenset({SOUTH}))
    for customer, group in ((ACME, NORTH), (OTHER, SOUTH)):
        snapshot = contacts_events.CustomerSnapshot(groups=[f"groups/{group}"])
        created = contacts_events.CustomerCreated(customer=f"customers/{customer}", version=1, snapshot=snapshot)
        world.listener.on_customer_changed([Delivery(created, new_id(), NOON)])
    facts = {"invoice_number": "INV-2026-000001", "invoice_date": "2026-11-24", "due_day": "2026-12-24"}
    money = {"invoice_total": "1220.00 EUR", "amount_due": "1220.00 EUR"}
    world.documents.invoices[INVOICE] = service.Invoice(ACME, {**facts, **money})
    world.listener.on_invoice_issued([invoice_issued(), invoice_issued(customer=OTHER, invoice=f"invoices/{new_id()}")])
    deliver(world)
    return world


def listed(api: Api, **request: Any) -> list[str]:
    return sorted(message.to_address for message in api.messages.ListMessages(messages_pb2.ListMessagesRequest(**request)).messages)


# --- who sees what -------------------------------------------------------------------------------------------------------------------
def test_operators_see_the_messages_of_their_groups_customers(api: Api, story: SimpleNamespace) -> None:
    seen = {}
    for passport in ("everything", "north", "south", "none"):
        with context.as_person(passport):
            seen[passport] = listed(api)
    acme = ["giuseppe@acme.example", "laura@acme.example", "mario@acme.example"]
    assert seen == {"everything": [*acme, "stranger@other.example"], "north": acme, "south": ["stranger@other.example"], "none": []}


def test_a_hidden_message_and_a_missing_one_are_alike(api: Api, story: SimpleNamespace) -> None:
    with context.as_person("north"):
        names = [message.name for message in api.messages.ListMessages(messages_pb2.ListMessagesRequest()).messages]
        (dispatch,) = api.dispatches.ListDispatches(dispatches.ListDispatchesRequest()).dispatches
    missing, gone = f"messages/{new_id()}", f"dispatches/{new_id()}"
    with context.as_person("south"):
        for name in (*names, missing):
            with pytest.raises(NotFound, match=f"{name} does not exist"):
                api.messages.GetMessage(messages_pb2.GetMessageRequest(name=name))
        for name in (dispatch.name, gone):
            with pytest.raises(NotFound, match=f"{name} does not exist"):
                api.dispatches.GetDispatch(dispatches.GetDispatchRequest(name=name))
            with pytest.raises(NotFound):
                api.dispatches.ExplainDecision(dispatches.ExplainDecisionRequest(contact=f"contacts/{MARIO}", dispatch=name))
        for subject in (INVOICE, f"customers/{ACME}"):
            with pytest.raises(NotFound, match="does not exist"):
                api.dispatches.PreviewRecipients(dispatches.PreviewRecipientsRequest(kind="invoice_issued", subject=subject))


def test_a_customer_that_changes_groups_changes_hands(api: Api, story: SimpleNamespace) -> None:
    for version, group in ((3, SOUTH), (2, NORTH)):  # the older one comes late
        snapshot = contacts_events.CustomerSnapshot(groups=[f"groups/{group}"])
        updated = contacts_events.CustomerUpdated(customer=f"customers/{ACME}", version=version, snapshot=snapshot)
        story.listener.on_customer_changed([Delivery(updated, new_id(), NOON)])
    with context.as_person("north"):
        assert listed(api) == []
    with context.as_person("south"):
        assert len(listed(api)) == 4


def test_contacts_and_operators_without_the_capability_are_refused(api: Api, story: SimpleNamespace) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: api.messages.ListMessages(messages_pb2.ListMessagesRequest()),
        lambda: api.dispatches.ListDispatches(dispatches.ListDispatchesRequest()),
        lambda: api.dispatches.PreviewRecipients(dispatches.PreviewRecipientsRequest(kind="invoice_issued", subject=INVOICE)),
    ]
    for call in calls:
        for passport in ("contact", "weak"):
            with context.as_person(passport), pytest.raises(PermissionDenied):
                call()
        with pytest.raises((PermissionDenied, Unauthenticated)):
            call()


# --- messages ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-EML-01")
@pytest.mark.req("R-EML-02")
@pytest.mark.req("R-EML-04")
@pytest.mark.req("R-EML-05")
def test_the_history_of_a_contact_shows_what_was_sent_and_what_was_not_and_why(api: Api, story: SimpleNamespace) -> None:
    with context.as_person("north", "it"):
        (sent,) = api.messages.ListMessages(messages_pb2.ListMessagesRequest(filter=f'contact = "contacts/{MARIO}"')).messages
        (skipped,) = api.messages.ListMessages(messages_pb2.ListMessagesRequest(filter="state = SUPPRESSED")).messages
        whole = api.messages.GetMessage(messages_pb2.GetMessageRequest(name=sent.name))
    assert (sent.kind, sent.subject_resource, sent.contact, sent.customer) == (
        "invoice_issued",
        INVOICE,
        f"contacts/{MARIO}",
        f"customers/{ACME}",
    )
    assert sent.state == messages_pb2.Message.SENT
    assert sent.state_label == "Consegnato al server di posta"
    assert not sent.HasField("content")
    assert skipped.contact == f"contacts/{GIUSEPPE}"
    assert skipped.decision.reason == dispatches.Decision.SKIP_PREFERENCE_OFF
    assert skipped.decision.label == "Avvisi di questo tipo disattivati"
    assert [attempt.reply for attempt in whole.attempts] == ["250 OK"]
    assert whole.content.subject == "Nuova fattura INV-2026-000001 da Studio Verdi"
    assert whole.content.revision_number == 1


def test_a_shown_message_holds_a_mark_where_the_link_was(api: Api, story: SimpleNamespace) -> None:
    with context.as_person("north", "en"):
        (sent,) = api.messages.ListMessages(messages_pb2.ListMessagesRequest(filter=f'contact = "contacts/{MARIO}"')).messages
        content = api.messages.GetMessage(messages_pb2.GetMessageRequest(name=sent.name)).content
    assert "«riservato»" in content.text, "the language of the reader of the mail, not of the operator"
    assert 'href="#"' in content.html
    assert "secret-" not in content.text + content.html
    assert "vale fino a martedì 1 dicembre 2026, ore 13:00" in content.text
    assert len(story.links.orders) == 3, "looking mints nothing"


def test_messages_are_found_by_address_and_by_filter_and_paged(api: Api, story: SimpleNamespace) -> None:
    with context.as_person("everything"):
        assert listed(api, query="LAURA@acme") == ["laura@acme.example"]
        assert listed(api, query="bianchi") == ["laura@acme.example"]
        assert listed(api, query="100%_") == []
        assert listed(api, filter=f'customer = "customers/{OTHER}" AND kind = "invoice_issued"') == ["stranger@other.example"]
        assert len(listed(api, filter=f'subject_resource = "{INVOICE}"')) == 3
        first = api.messages.ListMessages(messages_pb2.ListMessagesRequest(page_size=3))
        rest = api.messages.ListMessages(messages_pb2.ListMessagesRequest(page_size=3, page_token=first.next_page_token))
    assert len({message.name for message in (*first.messages, *rest.messages)}) == 4
    assert rest.next_page_token == ""


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"filter": "colour = red"}, "filter"),
        ({"filter": "state = LOST"}, "filter"),
        ({"filter": "contact = x"}, "filter"),
        ({"page_token": "x"}, "page_token"),
        ({"page_size": -1}, "page_size"),
        ({"query": "x" * 201}, "query"),
        ({"filter": "kind = " + "x" * 2001}, "filter"),
    ],
)
def test_a_wrong_question_names_its_field(api: Api, request_: dict[str, Any], field: str) -> None:
    with context.as_person("everything"), pytest.raises(InvalidArgument) as refused:
        api.messages.ListMessages(messages_pb2.ListMessagesRequest(**request_))
    assert [violation.field for violation in refused.value.violations] == [field]


# --- dispatches ----------------------------------------------------------------------------------------------------------------------
def test_a_dispatch_counts_its_messages_by_state(api: Api, story: SimpleNamespace) -> None:
    with context.as_person("north"):
        (dispatch,) = api.dispatches.ListDispatches(dispatches.ListDispatchesRequest(filter=f'subject = "{INVOICE}"')).dispatches
        assert dict(api.dispatches.GetDispatch(dispatches.GetDispatchRequest(name=dispatch.name)).counts) == {"SENT": 2, "SUPPRESSED": 1}
    assert dict(dispatch.counts) == {"SENT": 2, "SUPPRESSED": 1}
    assert (dispatch.kind, dispatch.customer) == ("invoice_issued", f"customers/{ACME}")


def test_a_preview_says_who_would_be_told_and_shows_the_message_and_sends_nothing(api: Api, story: SimpleNamespace) -> None:
    minted, written = len(story.links.orders), len(story.mailer.letters)
    with context.as_person("north", "en"):
        preview = api.dispatches.PreviewRecipients(dispatches.PreviewRecipientsRequest(kind="invoice_issued", subject=INVOICE))
    rows = {row.email: (row.decision.outcome, row.decision.label, row.without_permission) for row in preview.rows}
    assert rows == {
        "mario@acme.example": (dispatches.Decision.SEND, "Messages of this type are on", False),
        "laura@acme.example": (dispatches.Decision.SEND, "Messages of this type are on", True),
        "giuseppe@acme.example": (dispatches.Decision.SKIP, "Messages of this type are off", False),
    }
    assert preview.rows[0].display_name == "Mario Rossi"
    assert preview.preview.subject == "Nuova fattura INV-2026-000001 da Studio Verdi"
    assert "«riservato»" in preview.preview.text
    deliver(story)
    assert (len(story.links.orders), len(story.mailer.letters)) == (minted, written)
    with context.as_person("north"):
        assert len(api.dispatches.ListDispatches(dispatches.ListDispatchesRequest()).dispatches) == 1


def test_the_preview_of_a_draft_shows_what_issuing_will_fill_in(api: Api, story: SimpleNamespace) -> None:
    story.documents.invoices[INVOICE] = service.Invoice(ACME, {"invoice_total": "1220.00 EUR", "amount_due": "1220.00 EUR"}, draft=True)
    with context.as_person("north"):
        preview = api.dispatches.PreviewRecipients(
            dispatches.PreviewRecipientsRequest(kind="invoice_issued", subject=INVOICE, preview_contact=f"contacts/{LAURA}")
        ).preview
    assert preview.subject == "Nuova fattura (all'emissione) da Studio Verdi"
    assert "Buongiorno Laura" in preview.text


def test_every_kind_can_be_previewed_for_a_customer(api: Api, story: SimpleNamespace) -> None:
    everything = dict.fromkeys(Type, True)
    story.contacts.candidates[ACME] = (candidate(preferences=everything),)
    for kind in KINDS:
        with context.as_person("north"):
            found = api.dispatches.PreviewRecipients(dispatches.PreviewRecipientsRequest(kind=kind, subject=f"customers/{ACME}"))
        assert len(found.rows) == 1, kind
        if found.rows[0].decision.outcome == dispatches.Decision.SEND:
            assert found.preview.text, kind


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"kind": "invoice_lost", "subject": INVOICE}, "kind"),
        ({"kind": "", "subject": INVOICE}, "kind"),
        ({"kind": "x" * 61, "subject": INVOICE}, "kind"),
        ({"kind": "ticket_opened", "subject": INVOICE}, "subject"),
        ({"kind": "invoice_issued", "subject": "customers/x"}, "subject"),
        ({"kind": "invoice_issued", "subject": "\x00"}, "subject"),
        ({"kind": "invoice_issued", "subject": ""}, "subject"),
        ({"kind": "invoice_issued", "subject": INVOICE, "preview_contact": "contacts/x"}, "preview_contact"),
    ],
)
def test_a_wrong_preview_names_its_field(api: Api, story: SimpleNamespace, request_: dict[str, str], field: str) -> None:
    with context.as_person("everything"), pytest.raises(InvalidArgument) as refused:
        api.dispatches.PreviewRecipients(dispatches.PreviewRecipientsRequest(**request_))
    assert [violation.field for violation in refused.value.violations] == [field]


# --- why -----------------------------------------------------------------------------------------------------------------------------
def explain(api: Api, contact: UUID, **occasion: Any) -> dispatches.Explanation:
    return api.dispatches.ExplainDecision(dispatches.ExplainDecisionRequest(contact=f"contacts/{contact}", **occasion))


def test_a_decision_is_explained_as_it_was_taken(api: Api, story: SimpleNamespace) -> None:
    with context.as_person("north", "en"):
        (dispatch,) = api.dispatches.ListDispatches(dispatches.ListDispatchesRequest()).dispatches
        story.contacts.candidates[ACME] = ()  # what is true now does not count
        story.now[0] += timedelta(days=30)
        found = explain(api, GIUSEPPE, dispatch=dispatch.name)
    assert found.considered
    assert found.decision.reason == dispatches.Decision.SKIP_PREFERENCE_OFF
    assert found.decision.decide_time.ToSeconds() == int(NOON.timestamp())
    assert [rule.decided for rule in found.rules] == [False] * (len(found.rules) - 1) + [True]
    last = found.rules[-1]
    assert (last.rule, last.looked_at, last.value) == (dispatches.Decision.SKIP_PREFERENCE_OFF, "preferences.invoice", "off")
    assert last.text.startswith("The contact has messages of this type off")


def test_a_contact_that_was_never_considered_is_explained_too(api: Api, story: SimpleNamespace) -> None:
    late = new_id()
    story.contacts.candidates[ACME] += (candidate(late, email=""),)
    with context.as_person("everything"):
        (dispatch,) = api.dispatches.ListDispatches(dispatches.ListDispatchesRequest(filter=f'subject = "{INVOICE}"')).dispatches
        new = explain(api, late, dispatch=dispatch.name)
        outsider = explain(api, STRANGER, dispatch=dispatch.name)
    assert not new.considered
    assert new.decision.reason == dispatches.Decision.SKIP_NO_ADDRESS
    assert not outsider.considered
    assert outsider.decision.reason == dispatches.Decision.SKIP_NOT_OF_CUSTOMER


def test_an_outsider_that_the_operator_may_not_know_of_does_not_exist(api: Api, story: SimpleNamespace) -> None:
    with context.as_person("north"):
        (dispatch,) = api.dispatches.ListDispatches(dispatches.ListDispatchesRequest()).dispatches
        for contact in (STRANGER, new_id()):
            with pytest.raises(NotFound, match=f"contacts/{contact} does not exist"):
                explain(api, contact, dispatch=dispatch.name)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("invoice_overdue", "SEND_PREFERENCE_ON"),
        ("project_updated", "SKIP_PREFERENCE_OFF"),
        ("ticket_replied", "SKIP_NOT_ON_TICKET"),
        ("password_changed", "SEND_MANDATORY"),
    ],
)
def test_what_would_happen_is_explained_for_any_kind(api: Api, story: SimpleNamespace, kind: str, reason: str) -> None:
    with context.as_person("north"):
        found = explain(api, MARIO, hypothetical=dispatches.Occasion(kind=kind, subject=f"customers/{ACME}"))
    assert dispatches.Decision.Reason.Name(found.decision.reason) == reason
    assert not found.considered


def test_an_explanation_needs_an_occasion(api: Api, story: SimpleNamespace) -> None:
    with context.as_person("north"), pytest.raises(InvalidArgument) as refused:
        explain(api, MARIO)
    assert [violation.field for violation in refused.value.violations] == ["occasion"]
    with context.as_person("north"), pytest.raises(InvalidArgument) as refused:
        explain(api, MARIO, hypothetical=dispatches.Occasion(kind="x", subject=INVOICE))
    assert [violation.field for violation in refused.value.violations] == ["hypothetical.kind"]


def test_a_welcome_is_explained_to_who_asks_about_the_contact(api: Api, story: SimpleNamespace) -> None:
    story.listener.on_contact_created([contact_created(skip_welcome=True)])
    with context.as_person("north", "it"):
        (dispatch,) = api.dispatches.ListDispatches(dispatches.ListDispatchesRequest(filter='kind = "welcome"')).dispatches
        found = explain(api, MARIO, dispatch=dispatch.name)
    assert found.decision.reason == dispatches.Decision.SKIP_WELCOME_NOT_WANTED
    assert "«Non inviare il benvenuto»" in found.decision.text
