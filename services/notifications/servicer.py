"""gRPC in: dispatches and messages, as operators may see them, and all that was said to one person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.notifications.v1 import (
    dispatches_pb2,
    dispatches_pb2_grpc,
    messages_pb2,
    messages_pb2_grpc,
    settings_pb2,
    settings_pb2_grpc,
    templates_pb2,
)
from recapito.platform.v1 import privacy_pb2, privacy_pb2_grpc

from libs.errors import InvalidArgument
from libs.listing import listing
from libs.personal import lines, record, subject_of
from libs.rpc import context
from services.notifications import service, wire
from services.notifications.domain.kinds import Reason, kind_of
from services.notifications.domain.messages import Message
from services.notifications.domain.templates import Rendered
from services.notifications.service import opens, reading
from services.notifications.service.privacy import export_personal_data

DISPATCH_FIELDS: Mapping[str, object] = {"kind": str, "subject": str, "customer": UUID}
MESSAGE_FIELDS: Mapping[str, object] = {
    "contact": UUID,
    "customer": UUID,
    "dispatch": UUID,
    "subject_resource": str,
    "kind": str,
    "state": messages_pb2.Message.State,
}


@dataclass(frozen=True)
class Dispatches(dispatches_pb2_grpc.DispatchesServicer):
    read: service.Read
    foresight: reading.Foresight
    words: service.Words

    def ListDispatches(
        self, request: dispatches_pb2.ListDispatchesRequest, _context: ServicerContext
    ) -> dispatches_pb2.ListDispatchesResponse:
        wanted = listing(request, fields=DISPATCH_FIELDS, orders=["create_time"], default_order="create_time desc")
        found, token = reading.list_dispatches(wanted, caller=context.caller(), read=self.read)
        return dispatches_pb2.ListDispatchesResponse(
            dispatches=[wire.dispatch(one.dispatch, one.counts) for one in found], next_page_token=token
        )

    def GetDispatch(self, request: dispatches_pb2.GetDispatchRequest, _context: ServicerContext) -> dispatches_pb2.Dispatch:
        found = reading.get_dispatch(wire.id_of(request.name), caller=context.caller(), read=self.read)
        return wire.dispatch(found.dispatch, found.counts)

    def PreviewRecipients(
        self, request: dispatches_pb2.PreviewRecipientsRequest, _context: ServicerContext
    ) -> dispatches_pb2.PreviewRecipientsResponse:
        reader = wire.id_of(request.preview_contact) if request.preview_contact else None
        found = self.foresight.preview(kind_of(request.kind), request.subject, reader, caller=context.caller())
        return dispatches_pb2.PreviewRecipientsResponse(
            rows=[self._row(row, request.kind) for row in found.rows], preview=_content(found.message, found.content, found.revision_number)
        )

    def _row(self, row: reading.Row, kind: str) -> dispatches_pb2.PreviewRecipientsResponse.Row:
        candidate = row.decision.candidate
        return dispatches_pb2.PreviewRecipientsResponse.Row(
            decision=wire.decision(candidate.person, row.decision.reason, self._words(row.decision.reason), None),
            display_name=candidate.display_name,
            email=candidate.email,
            language_code=service.language_of(candidate.language),
            template=f"templates/{kind}",
            without_permission=row.without_permission,
        )

    def ExplainDecision(self, request: dispatches_pb2.ExplainDecisionRequest, _context: ServicerContext) -> dispatches_pb2.Explanation:
        contact_id, caller = wire.id_of(request.contact), context.caller()
        match request.WhichOneof("occasion"):
            case "dispatch":
                found = self.foresight.why_then(wire.id_of(request.dispatch), contact_id, caller=caller)
            case "hypothetical":
                kind = kind_of(request.hypothetical.kind, "hypothetical.kind")
                found = self.foresight.why(kind, request.hypothetical.subject, contact_id, caller=caller)
            case _:
                raise InvalidArgument.of("occasion", "name a dispatch, or a kind with its subject", "OCCASION_MISSING")
        decided = found.decision
        time = found.message.create_time if found.message else None
        return dispatches_pb2.Explanation(
            decision=wire.decision(decided.candidate.person, decided.reason, self._words(decided.reason), time),
            rules=wire.rules(found.tried, {one.reason: self._words(one.reason) for one in found.tried}),
            considered=found.message is not None,
        )

    def _words(self, reason: Reason) -> wire.ReasonWords:
        return self.words.code(reason.name, context.language())


@dataclass(frozen=True)
class Messages(messages_pb2_grpc.MessagesServicer):
    read: service.Read
    words: service.Words
    sender: service.Sender
    record_open: Callable[[str], None]

    def ListMessages(self, request: messages_pb2.ListMessagesRequest, _context: ServicerContext) -> messages_pb2.ListMessagesResponse:
        wanted = listing(request, fields=MESSAGE_FIELDS, orders=["create_time"], default_order="create_time desc")
        found, token = reading.list_messages(wanted, caller=context.caller(), read=self.read)
        return messages_pb2.ListMessagesResponse(messages=[self._message(one) for one in found], next_page_token=token)

    def GetMessage(self, request: messages_pb2.GetMessageRequest, _context: ServicerContext) -> messages_pb2.Message:
        found = reading.get_message(wire.id_of(request.name), caller=context.caller(), read=self.read, words=self.words, sender=self.sender)
        return self._message(found.message, _content(found.message, found.content, found.revision_number))

    def RecordOpen(self, request: messages_pb2.RecordOpenRequest, _context: ServicerContext) -> Empty:
        self.record_open(request.token)
        return Empty()

    def _message(self, message: Message, content: templates_pb2.RenderedMessage | None = None) -> messages_pb2.Message:
        return _message(message, content, self.words, self.sender)


@dataclass(frozen=True)
class Privacy(privacy_pb2_grpc.PrivacyServicer):
    read: service.Read
    words: service.Words
    sender: service.Sender

    def ExportPersonalData(self, request: privacy_pb2.ExportPersonalDataRequest, _context: ServicerContext) -> Iterator[HttpBody]:
        def written(found: reading.Shown) -> dict[str, Any]:
            content = _content(found.message, found.content, found.revision_number)
            return record("message", _message(found.message, content, self.words, self.sender))

        caller = context.caller()
        contact_id = subject_of(request.name, caller)
        yield from lines(export_personal_data(contact_id, caller, read=self.read, words=self.words, sender=self.sender, written=written))


def _message(
    message: Message, content: templates_pb2.RenderedMessage | None, words: service.Words, sender: service.Sender
) -> messages_pb2.Message:
    language = context.language()
    said = wire.MessageWords(
        decision=words.code(message.reason.name, language),
        state=words.code(message.state.name, language)[0],
        failure=words.code(message.failure, language)[1] if message.failure else "",
    )
    return wire.message(message, said, sender.address, content)


def _content(message: Message | None, content: Rendered | None, number: int) -> templates_pb2.RenderedMessage | None:
    if message is None or content is None:
        return None
    return wire.rendered(content, message.kind, message.language, right_to_left=message.right_to_left, revision_number=number)


@dataclass(frozen=True)
class Settings(settings_pb2_grpc.SettingsServicer):
    read: service.Read
    new_uow: service.NewUnitOfWork

    def GetNotificationsSettings(
        self, request: settings_pb2.GetNotificationsSettingsRequest, _context: ServicerContext
    ) -> settings_pb2.NotificationsSettings:
        return wire.settings(opens.get_settings(read=self.read))

    def UpdateNotificationsSettings(
        self, request: settings_pb2.UpdateNotificationsSettingsRequest, _context: ServicerContext
    ) -> settings_pb2.NotificationsSettings:
        changed = opens.update_settings(
            lambda before: wire.changed_settings(before, request.notifications_settings, request.update_mask),
            context.request_of(request),
            uow=self.new_uow(),
        )
        return wire.settings(changed)
