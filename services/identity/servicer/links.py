"""Links by gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.identity.v1 import links_pb2 as pb
from recapito.identity.v1.links_pb2_grpc import LinksServicer

from libs.errors import InvalidArgument
from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.identity import wire
from services.identity.domain.links import Purpose
from services.identity.service import Contacts, Hasher, NewUnitOfWork, links
from services.identity.servicer.names import account_of

_FIELDS = {"purpose": pb.Link.Purpose, "state": pb.Link.State, "create_time": datetime}


@dataclass(frozen=True)
class Links(LinksServicer):
    new_uow: NewUnitOfWork
    new_reads: NewUnitOfWork
    contacts: Contacts
    hasher: Hasher
    clock: Clock

    def ListLinks(self, request: pb.ListLinksRequest, _context: ServicerContext) -> pb.ListLinksResponse:
        caller = context.caller()
        wanted = listing(request, fields=_FIELDS, orders=("create_time",), default_order="create_time desc")
        found, following, now = links.list_links(account_of(request.parent, caller), wanted, uow=self.new_reads(), caller=caller)
        return pb.ListLinksResponse(links=[wire.link(link, now) for link in found], next_page_token=following)

    def RevokeLink(self, request: pb.RevokeLinkRequest, _context: ServicerContext) -> pb.Link:
        caller = context.caller()
        account_id, link_id = account_of(request.name, caller), wire.id_of(request.name)
        return wire.link(*links.revoke_link(account_id, link_id, request=context.request_of(request), uow=self.new_uow(), caller=caller))

    def SendLink(self, request: pb.SendLinkRequest, _context: ServicerContext) -> Empty:
        caller = context.caller()
        links.send_link(
            account_of(request.name, caller),
            _purpose(request.purpose),
            request=context.request_of(request),
            new_uow=self.new_uow,
            contacts=self.contacts,
            caller=caller,
            clock=self.clock,
        )
        return Empty()

    def RequestLink(self, request: pb.RequestLinkRequest, _context: ServicerContext) -> Empty:
        match request.WhichOneof("to"):
            case "email" if _purpose(request.purpose) not in {Purpose.RESET_PASSWORD, Purpose.MAGIC}:
                raise InvalidArgument.of("purpose", "must be RESET_PASSWORD or MAGIC", "PURPOSE_INVALID")
            case "email":
                purpose = _purpose(request.purpose)
            case "token":
                purpose = Purpose.MAGIC  # of a token that we never made; else that of its link counts
            case _:
                raise InvalidArgument.of("email", "an address or an earlier link is required", "REQUIRED")
        links.request_link(
            purpose,
            request.email,
            request.token,
            wire.kind_of(request.kind),
            wire.client(request.client_info),
            uow=self.new_uow(),
            clock=self.clock,
        )
        return Empty()

    def InspectLink(self, request: pb.InspectLinkRequest, _context: ServicerContext) -> pb.InspectLinkResponse:
        found = links.inspect_link(request.token, uow=self.new_reads(), contacts=self.contacts, clock=self.clock)
        return pb.InspectLinkResponse(
            purpose=wire.purpose(found.purpose) if found.purpose else pb.Link.PURPOSE_UNSPECIFIED,
            state=wire.link_state(found.state),
            masked_email=found.masked_email,
            language_code=found.language_code,
            right_to_left=found.right_to_left,
        )

    def RedeemPasswordLink(self, request: pb.RedeemPasswordLinkRequest, _context: ServicerContext) -> Empty:
        links.redeem_password_link(
            request.token,
            request.new_password,
            wire.client(request.client_info),
            new_uow=self.new_uow,
            contacts=self.contacts,
            hasher=self.hasher,
            clock=self.clock,
        )
        return Empty()

    def DisownLink(self, request: pb.DisownLinkRequest, _context: ServicerContext) -> Empty:
        links.disown_link(request.token, wire.client(request.client_info), uow=self.new_uow())
        return Empty()

    def MintLinks(self, request: pb.MintLinksRequest, _context: ServicerContext) -> pb.MintLinksResponse:
        orders = [_order(order) for order in request.orders]
        minted = links.mint_links(orders, new_uow=self.new_uow, contacts=self.contacts, clock=self.clock)
        answer = pb.MintLinksResponse()
        for order, made in zip(request.orders, minted, strict=True):
            answer.orders.add(message=order.message, links=[_minted(one) for one in made])
        return answer


def _purpose(value: pb.Link.Purpose.ValueType) -> Purpose:
    purpose = wire.purpose_of(value)
    if purpose is None:
        raise InvalidArgument.of("purpose", "is required", "REQUIRED")
    return purpose


def _order(order: pb.MintLinksRequest.Order) -> links.Order:
    message = order.message.rpartition("/")[2]
    purposes = [_purpose(value) for value in order.purposes]
    return links.Order(message, wire.id_of(order.account), purposes, order.landing, order.with_code)


def _minted(made: links.Minted) -> pb.MintLinksResponse.Minted:
    return pb.MintLinksResponse.Minted(
        purpose=wire.purpose(made.purpose),
        token=made.token,
        code=made.code,
        expire_time=wire.time(made.expire_time),
        refusal=made.refusal,
    )
