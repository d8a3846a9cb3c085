"""identity over gRPC: the links of messages that are about to leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from uuid import UUID

import grpc
from recapito.identity.v1 import links_pb2, links_pb2_grpc

from services.notifications import service, wire


class GrpcLinks:
    def __init__(self, channel: grpc.Channel) -> None:
        self._links = links_pb2_grpc.LinksStub(channel)

    def mint(self, orders: Sequence[service.LinkOrder]) -> Mapping[UUID, service.Minted]:
        wanted = [
            links_pb2.MintLinksRequest.Order(
                message=f"messages/{order.message_id}",
                account=f"accounts/{order.account_id}",
                purposes=[links_pb2.Link.Purpose.Value(order.purpose.name)],
                landing=order.landing,
                with_code=order.with_code,
            )
            for order in orders
        ]
        answer = self._links.MintLinks(links_pb2.MintLinksRequest(orders=wanted))
        return {wire.id_of(order.message): _minted(order.links[0]) for order in answer.orders if order.links}


def _minted(link: links_pb2.MintLinksResponse.Minted) -> service.Minted:
    expire_time = link.expire_time.ToDatetime(UTC) if link.HasField("expire_time") else None
    return service.Minted(link.token, expire_time, link.refusal, link.code)
