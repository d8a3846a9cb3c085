"""Notifications over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.notifications.v1 import (
    dispatches_pb2,
    dispatches_pb2_grpc,
    messages_pb2,
    messages_pb2_grpc,
    settings_pb2,
    settings_pb2_grpc,
)

from libs.rpc.context import as_person
from services.portal.service import Page

OPEN_SECONDS = 2.0  # a worker is held no longer by what nobody waits for
_SETTINGS = "settings/notifications"


class GrpcNotifications:
    def __init__(self, channel: grpc.Channel) -> None:
        self._dispatches = dispatches_pb2_grpc.DispatchesStub(channel)
        self._messages = messages_pb2_grpc.MessagesStub(channel)
        self._settings = settings_pb2_grpc.SettingsStub(channel)

    def list_dispatches(self, page: Page) -> dispatches_pb2.ListDispatchesResponse:
        return self._dispatches.ListDispatches(
            dispatches_pb2.ListDispatchesRequest(page_size=page.size, page_token=page.token, filter=page.filter)
        )

    def get_dispatch(self, dispatch_id: UUID) -> dispatches_pb2.Dispatch:
        return self._dispatches.GetDispatch(dispatches_pb2.GetDispatchRequest(name=f"dispatches/{dispatch_id}"))

    def preview_recipients(self, kind: str, subject: str, preview_contact: str = "") -> dispatches_pb2.PreviewRecipientsResponse:
        request = dispatches_pb2.PreviewRecipientsRequest(kind=kind, subject=subject, preview_contact=preview_contact)
        return self._dispatches.PreviewRecipients(request)

    def explain_decision(self, contact_id: UUID, dispatch_id: UUID) -> dispatches_pb2.Explanation:
        request = dispatches_pb2.ExplainDecisionRequest(contact=f"contacts/{contact_id}", dispatch=f"dispatches/{dispatch_id}")
        return self._dispatches.ExplainDecision(request)

    def explain_occasion(self, contact_id: UUID, occasion: dispatches_pb2.Occasion) -> dispatches_pb2.Explanation:
        request = dispatches_pb2.ExplainDecisionRequest(contact=f"contacts/{contact_id}", hypothetical=occasion)
        return self._dispatches.ExplainDecision(request)

    def list_messages(self, page: Page) -> messages_pb2.ListMessagesResponse:
        return self._messages.ListMessages(
            messages_pb2.ListMessagesRequest(page_size=page.size, page_token=page.token, filter=page.filter, query=page.query)
        )

    def get_message(self, message_id: UUID) -> messages_pb2.Message:
        return self._messages.GetMessage(messages_pb2.GetMessageRequest(name=f"messages/{message_id}"))

    def record_open(self, token: str) -> None:
        with as_person(""):
            self._messages.RecordOpen(messages_pb2.RecordOpenRequest(token=token), timeout=OPEN_SECONDS)

    def get_settings(self) -> settings_pb2.NotificationsSettings:
        return self._settings.GetNotificationsSettings(settings_pb2.GetNotificationsSettingsRequest(name=_SETTINGS))

    def update_settings(
        self, settings: settings_pb2.NotificationsSettings, paths: Sequence[str], request_id: str
    ) -> settings_pb2.NotificationsSettings:
        mask = FieldMask(paths=paths)
        return self._settings.UpdateNotificationsSettings(
            settings_pb2.UpdateNotificationsSettingsRequest(notifications_settings=settings, update_mask=mask, request_id=request_id)
        )
