"""Notifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.notifications.v1.dispatches_pb2 import (
    Decision,
    Dispatch,
    Explanation,
    ListDispatchesResponse,
    Occasion,
    PreviewRecipientsResponse,
)
from recapito.notifications.v1.messages_pb2 import ListMessagesResponse, Message
from recapito.notifications.v1.settings_pb2 import NotificationsSettings

from libs.errors import NotFound, Unavailable
from services.portal.service import Page
from tests.integration.portal.fakes.common import found_page, merged, now
from tests.integration.portal.fakes.contacts import FakeContacts
from tests.integration.portal.fakes.documents import FakeDocuments


@dataclass
class FakeNotifications:
    contacts: FakeContacts
    documents: FakeDocuments
    dispatches: dict[UUID, Dispatch] = field(default_factory=dict)
    messages: dict[UUID, Message] = field(default_factory=dict)
    returned: set[str] = field(default_factory=set)  # addresses from which mail comes back
    decided: Decision.Reason.ValueType = Decision.REASON_UNSPECIFIED  # of whatever is asked about, when it is set
    opened: list[str] = field(default_factory=list)  # tokens that were told of
    away: bool = False
    settings: NotificationsSettings = field(default_factory=lambda: NotificationsSettings(name="settings/notifications", etag='"1"'))

    def list_dispatches(self, page: Page) -> ListDispatchesResponse:
        shown, following = found_page(self.dispatches.values(), page, lambda dispatch, name: str(getattr(dispatch, name)))
        return ListDispatchesResponse(dispatches=shown, next_page_token=following)

    def get_dispatch(self, dispatch_id: UUID) -> Dispatch:
        if dispatch_id not in self.dispatches:
            raise NotFound(f"dispatches/{dispatch_id} does not exist")
        return self.dispatches[dispatch_id]

    def _decision(self, affiliation: Affiliation) -> Decision:
        told = affiliation.preferences.invoice == affiliation.preferences.ON
        return Decision(
            person=affiliation.contact,
            outcome=Decision.SEND if told else Decision.SKIP,
            reason=Decision.SEND_PREFERENCE_ON if told else Decision.SKIP_PREFERENCE_OFF,
            decide_time=now(),
        )

    def preview_recipients(self, kind: str, subject: str, preview_contact: str = "") -> PreviewRecipientsResponse:
        invoice = self.documents.invoices[UUID(subject.split("/")[1])]
        answer = PreviewRecipientsResponse()
        for affiliation in self.contacts.list_affiliations(UUID(invoice.customer.split("/")[1]), Page()).affiliations:
            answer.rows.add(
                decision=self._decision(affiliation), display_name=affiliation.display_name, email=affiliation.email, language_code="it"
            )
        answer.preview.subject = "Nuova fattura"
        answer.preview.html = "<!doctype html><html lang='it'><body><p>È pronta una nuova fattura.</p></body></html>"
        answer.preview.text = "È pronta una nuova fattura."
        answer.preview.language_code = "it"
        return answer

    def explain_decision(self, contact_id: UUID, dispatch_id: UUID) -> Explanation:
        return self.explain_occasion(contact_id, Occasion(kind=self.get_dispatch(dispatch_id).kind))

    def explain_occasion(self, contact_id: UUID, occasion: Occasion) -> Explanation:
        contact = self.contacts.get_contact(contact_id)
        decision = self._decision(contact.affiliations[0])
        if self.decided or contact.email in self.returned:
            decision.reason = self.decided or Decision.SKIP_ADDRESS_SUPPRESSED
        answer = Explanation(decision=decision, considered=True)
        answer.rules.add(rule=Decision.SKIP_NO_ADDRESS, looked_at="contact.email", value=contact.email, text="L’indirizzo c’è.")
        answer.rules.add(rule=decision.reason, decided=True, looked_at="preferences.invoice", value="ON", text="La preferenza decide.")
        return answer

    def list_messages(self, page: Page) -> ListMessagesResponse:
        def value(message: Message, name: str) -> str:
            return Message.State.Name(message.state) if name == "state" else str(getattr(message, name))

        shown, following = found_page(self.messages.values(), page, value, lambda message: message.to_address)
        return ListMessagesResponse(messages=shown, next_page_token=following)

    def get_message(self, message_id: UUID) -> Message:
        if message_id not in self.messages:
            raise NotFound(f"messages/{message_id} does not exist")
        return self.messages[message_id]

    def record_open(self, token: str) -> None:
        if self.away:
            raise Unavailable("notifications is away")
        self.opened.append(token)

    def get_settings(self) -> NotificationsSettings:
        return self.settings

    def update_settings(self, settings: NotificationsSettings, paths: Sequence[str], request_id: str) -> NotificationsSettings:
        self.contacts.require_fresh()
        self.settings.CopyFrom(merged(self.settings, settings, paths))
        return self.settings
