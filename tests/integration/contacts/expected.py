"""What several tests of contacts compare with."""

from __future__ import annotations

import pytest
from recapito.type.v1 import type_pb2

from libs.errors import ServiceError

SECTIONS = ("invoices", "estimates", "contracts", "proposals", "support", "projects")
TYPES = ("invoice", "credit_note", "estimate", "proposal", "contract", "ticket", "project", "task")
ADDRESS = type_pb2.PostalAddress(street="Via Roma 1", city="Napoli", province="NA", postal_code="80100", region_code="IT")


def faults(error: pytest.ExceptionInfo[ServiceError]) -> dict[str, str]:
    return {fault.field: fault.reason for fault in error.value.violations}
