"""One trace joins REST, gRPC, event and e-mail."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc

from tests import stack as stacks


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes spans as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.names: dict[bytes, set[str]] = defaultdict(set)  # by trace id

    def Export(self, request: pb.ExportTraceServiceRequest, _context: Any) -> pb.ExportTraceServiceResponse:  # noqa: N802 - the .proto's name
        with self._lock:
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        self.names[span.trace_id].add(span.name)
        return pb.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, int]]:
    servicer = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call] # generated untyped
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer, port
    server.stop(None)


def test_one_trace_joins_rest_grpc_event_and_mail(collector: tuple[Collector, int], tmp_path: Path, eventually: Callable[..., Any]) -> None:
    servicer, port = collector
    with stacks.embedded(tmp_path, "demo", RECAPITO_OTLP_ENDPOINT=f"http://127.0.0.1:{port}"):

        def joined() -> bool:
            wanted = ("POST /v1/", "Invoices/IssueInvoice", "publish", "invoice.issued", "BatchGetCandidates", "MintLinks", "SMTP")
            traces = [names for names in servicer.names.values() if any("IssueInvoice" in name for name in names)]
            missing = [part for part in wanted if not any(part in name for names in traces for name in names)]
            assert not missing, f"{missing} not in {traces}"
            return any(all(any(part in name for name in names) for part in wanted) for names in traces)

        eventually(joined, seconds=30)
