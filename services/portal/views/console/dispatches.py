"""Who was told and why, and the e-mails themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, render_template
from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.notifications.v1.dispatches_pb2 import Decision, Dispatch
from recapito.notifications.v1.messages_pb2 import Message

from services.portal.service import Page, Services
from services.portal.views.console import words
from services.portal.views.console.context import existing, id_of, page
from services.portal.views.console.frames import framed, with_frame
from services.portal.views.console.lists import ALL, argument, asked, condition

STATES = {name: state for name, state in Message.State.items() if state in words.MESSAGES}


@dataclass(frozen=True)
class Person:
    """For a row of decisions. Of somebody who does not act for the customer (any more) only the address of the message is known."""

    name: str
    email: str
    position: str = ""
    primary: bool = False
    may_open: bool = True


def blueprint(services: Services) -> Blueprint:
    notifications = services.notifications
    pages = Blueprint("dispatches", __name__)

    @pages.get("/dispatches")
    def index() -> Response:
        found = notifications.list_dispatches(asked(condition(kind=argument("kind"), customer=_customer(argument("customer")))))
        names = {name: subject_of(services, name) for name in {dispatch.subject for dispatch in found.dispatches}}
        return page("dispatches", found=found, names=names)

    @pages.get("/dispatches/<uuid:dispatch_id>")
    def show(dispatch_id: UUID) -> str:
        dispatch = notifications.get_dispatch(dispatch_id)
        messages = notifications.list_messages(Page(size=ALL, filter=condition(dispatch=dispatch.name))).messages
        customer = services.contacts.get_customer(UUID(id_of(dispatch.customer))) if dispatch.customer else None
        people = people_of(services, UUID(id_of(dispatch.customer))) if dispatch.customer else {}
        query = argument("q")
        return render_template(
            "console/dispatch.html",
            dispatch=dispatch,
            subject=subject_of(services, dispatch.subject),
            customer=customer,
            people=people,
            told=[message for message in messages if message.decision.outcome == Decision.SEND],
            not_told=[message for message in messages if message.decision.outcome != Decision.SEND],
            rules=counted(dispatch, messages),
            seconds=seconds(dispatch, messages),
            query=query,
            found=services.contacts.list_contacts(Page(size=10, query=query)).contacts if query else [],
        )

    @pages.get("/dispatches/<uuid:dispatch_id>/why/<uuid:contact_id>")
    def why(dispatch_id: UUID, contact_id: UUID) -> str:
        dispatch = notifications.get_dispatch(dispatch_id)
        explanation = notifications.explain_decision(contact_id, dispatch_id)
        return render_template(
            "console/why.html",
            dispatch=dispatch,
            subject=subject_of(services, dispatch.subject),
            contact=existing(lambda: services.contacts.get_contact(contact_id)),
            explanation=explanation,
        )

    @pages.get("/messages")
    def messages() -> Response:
        conditions = condition(state=argument("state", STATES), kind=argument("kind"), customer=_customer(argument("customer")))
        return page("messages", found=notifications.list_messages(asked(conditions)))

    @pages.get("/messages/<uuid:message_id>")
    def show_message(message_id: UUID) -> Response:
        message = notifications.get_message(message_id)
        contact = existing(lambda: services.contacts.get_contact(UUID(id_of(message.contact)))) if message.contact else None
        subject = subject_of(services, message.subject_resource)
        return with_frame(render_template("console/message.html", message=message, contact=contact, subject=subject))

    @pages.get("/messages/<uuid:message_id>/html")
    def message_frame(message_id: UUID) -> Response:
        return framed(notifications.get_message(message_id).content.html)

    return pages


def people_of(services: Services, customer_id: UUID) -> dict[str, Person]:
    """Return who acts for a customer, by the contact's name; empty when this operator may not see the customer."""
    listed = existing(lambda: services.contacts.list_affiliations(customer_id, Page(size=ALL)))
    return {affiliation.contact: _person(affiliation) for affiliation in (listed.affiliations if listed else [])}


def _person(affiliation: Affiliation) -> Person:
    may_open = Affiliation.NOTIFICATION_WITHOUT_PERMISSION not in affiliation.warnings
    return Person(affiliation.display_name, affiliation.email, affiliation.position, affiliation.primary, may_open)


def subject_of(services: Services, name: str) -> str:
    """Return the number of the document that a message is about; empty for other subjects and for hidden ones."""
    if not name.startswith("invoices/"):
        return ""
    invoice = existing(lambda: services.documents.get_invoice(UUID(id_of(name))))
    return invoice.number if invoice else ""


def counted(dispatch: Dispatch, messages: Sequence[Message]) -> list[tuple[str, int]]:
    """Return the rules of the panel in their order, each with how many people it decided about; one that caught nobody has 0."""
    caught = Counter(words.REASONS[message.decision.reason].rule for message in messages if message.decision.reason in words.REASONS)
    return [(rule, caught[number]) for number, rule in enumerate(words.rules_of(dispatch.kind), start=1)]


def seconds(dispatch: Dispatch, messages: Sequence[Message]) -> float | None:
    """Return the time from the decision to the first message that a mail server took; None while there is none."""
    sent = [message.send_time.ToDatetime() for message in messages if message.state == Message.SENT and message.HasField("send_time")]
    return max((min(sent) - dispatch.create_time.ToDatetime()).total_seconds(), 0.0) if sent else None


def _customer(value: str) -> str:
    return f"customers/{value}" if value else ""
