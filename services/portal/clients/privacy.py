"""All that the platform knows of a person over gRPC: each service is asked for its part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID

import grpc
from google.api.httpbody_pb2 import HttpBody
from recapito.platform.v1.privacy_pb2 import ExportPersonalDataRequest
from recapito.platform.v1.privacy_pb2_grpc import PrivacyStub

from libs.personal import archive
from services.portal.clients.transfers import LONG_SECONDS


class GrpcPrivacy:
    """channels: by the name of the service."""

    def __init__(self, channels: Mapping[str, grpc.Channel]) -> None:
        self._stubs = {service: PrivacyStub(channel) for service, channel in channels.items()}

    def export_personal_data(self, contact_id: UUID) -> bytes:
        def download(service: str) -> Iterator[HttpBody]:
            request = ExportPersonalDataRequest(name=f"contacts/{contact_id}")
            return self._stubs[service].ExportPersonalData(request, timeout=LONG_SECONDS)

        return archive(download, datetime.now(UTC))
