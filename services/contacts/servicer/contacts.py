"""gRPC in: contacts and what they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from grpc import ServicerContext
from recapito.contacts.v1 import contacts_pb2 as pb
from recapito.contacts.v1.contacts_pb2_grpc import ContactsServicer

from libs.access import Kind
from libs.errors import InvalidArgument
from libs.ids import new_id
from libs.listing import FieldType, Listing, listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.domain import Catalogue, Person, Type
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import contacts as service
from services.contacts.service.colleagues import create_colleague
from services.contacts.service.consents import set_open_tracking
from services.contacts.service.fields import catalogue
from services.contacts.service.merges import view_contact
from services.contacts.service.moves import move_contact

FIELDS = {
    "customer": UUID,
    "customer.display_name": str,
    "contact_role": UUID,
    "group": UUID,
    "tag": str,
    "state": pb.Contact.State,
    "language_code": str,
    "access.enabled": bool,
    "access.start_date": date,
    "access.end_date": date,
    "newsletter": bool,
    "never_entered": bool,
    "has_email": bool,
    "last_access_time": datetime,
    "create_time": datetime,
}
ORDERS = ("last_name", "last_access_time", "create_time")
ACTIVITY_FIELDS = {"kind": str, "customer": UUID, "create_time": datetime}
_PROFILE_TYPES: dict[Type, FieldType] = {Type.YES_NO: bool, Type.NUMBER: Decimal, Type.MONEY: Decimal, Type.DATE: date}


def contacts_listing(request: Message, catalogue: Catalogue) -> Listing:
    """Read what a list of contacts is asked for, from ListContacts or from what is saved to be asked later."""
    profile = {f"profile.{field.key}": _PROFILE_TYPES.get(field.type, str) for field in catalogue.filterable}
    return listing(request, fields={**FIELDS, **profile}, orders=ORDERS, default_order="last_name")


@dataclass(frozen=True)
class Contacts(ContactsServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading
    clock: Clock

    def ListContacts(self, request: pb.ListContactsRequest, _context: ServicerContext) -> pb.ListContactsResponse:
        sight = sight_of(context.caller())
        with self.reading() as repositories:
            wanted = contacts_listing(request, catalogue(repositories))
            found = repositories.contacts.search(wanted, sight)
            total = repositories.contacts.count(wanted, sight) if request.count_total else 0
        return pb.ListContactsResponse(
            contacts=[wire.contact(one) for one in found.contacts],
            next_page_token=found.token,
            similar_count=found.similar,
            total_size=total,
        )

    def GetContact(self, request: pb.GetContactRequest, _context: ServicerContext) -> pb.Contact:
        caller, time = context.caller(), wire.read_time(request, self.clock())
        id_, sight = wire.id_of(request.name, caller.account_id), sight_of(caller)
        with self.reading() as repositories:
            if time is not None:
                return wire.contact(repositories.past.contact(id_, time, sight))
            return wire.contact(view_contact(id_, sight, repositories=repositories))

    def CreateContact(self, request: pb.CreateContactRequest, _context: ServicerContext) -> pb.Contact:
        now = self.clock()

        def make(id_: UUID) -> service.NewContact:
            contact, affiliations = wire.new_contact(request.contact, id_, now)
            newsletter = request.contact.newsletter if request.contact.HasField("newsletter") else None
            return service.NewContact(contact, affiliations, newsletter, request.skip_welcome, request.send_set_password)

        caller, asked = context.caller(), context.request_of(request)
        if caller.kind is Kind.CONTACT:
            wire.check_colleague(request.contact)
            return wire.colleague(create_colleague(make, asked, caller, uow=self.new_uow()))
        return wire.contact(service.create_contact(make, asked, caller, uow=self.new_uow()))

    def UpdateContact(self, request: pb.UpdateContactRequest, _context: ServicerContext) -> pb.Contact:
        id_, change = wire.id_of(request.contact.name), wire.changed_contact(request.contact, request.update_mask)
        changed = service.update_contact(id_, change, context.request_of(request), context.caller(), uow=self.new_uow(), clock=self.clock)
        return wire.contact(changed)

    def SetOpenTracking(self, request: pb.SetOpenTrackingRequest, _context: ServicerContext) -> pb.Contact:
        caller, asked = context.caller(), context.request_of(request)
        id_ = wire.id_of(request.name, caller.account_id)
        return wire.contact(set_open_tracking(id_, request.open_tracking, asked, caller, uow=self.new_uow(), clock=self.clock))

    def DeleteContact(self, request: pb.DeleteContactRequest, _context: ServicerContext) -> Empty:
        service.delete_contact(
            wire.id_of(request.name),
            lambda contact: wire.check_etag(request.etag, contact.version),
            context.request_of(request),
            context.caller(),
            force=request.force,
            uow=self.new_uow(),
            clock=self.clock,
        )
        return Empty()

    def MoveContact(self, request: pb.MoveContactRequest, _context: ServicerContext) -> pb.Contact:
        moved = move_contact(
            wire.id_of(request.name),
            wire.reference_of(request.customer, "customer"),
            lambda contact: wire.check_etag(request.etag, contact.version),
            context.request_of(request),
            context.caller(),
            keep_affiliation=request.keep_affiliation,
            uow=self.new_uow(),
            clock=self.clock,
        )
        return wire.contact(moved)

    def FindDuplicates(self, request: pb.FindDuplicatesRequest, _context: ServicerContext) -> pb.FindDuplicatesResponse:
        contact, customer_id = wire.likely_contact(request.contact, new_id(), self.clock())
        with self.reading() as repositories:
            person = Person.of(contact.checked(catalogue(repositories).without_required))
            return wire.duplicates(repositories.duplicates.of(person, customer_id, sight_of(context.caller())))

    def CountLinkedResources(self, request: pb.CountLinkedResourcesRequest, _context: ServicerContext) -> pb.CountLinkedResourcesResponse:
        id_, sight = wire.id_of(request.name), sight_of(context.caller())
        with self.reading() as repositories:
            repositories.contacts.get(id_, sight)
            return wire.links(repositories.contacts.links(id_, sight))

    def ListActivities(self, request: pb.ListActivitiesRequest, _context: ServicerContext) -> pb.ListActivitiesResponse:
        wanted = listing(request, fields=ACTIVITY_FIELDS, orders=("create_time",), default_order="create_time desc")
        collection, sight = request.parent.split("/")[0], sight_of(context.caller())
        if collection not in {"contacts", "customers"}:
            raise InvalidArgument.of("parent", "is neither a contact nor a customer", "NAME_INVALID")
        id_ = wire.id_of(request.parent)
        with self.reading() as repositories:
            if collection == "contacts":
                repositories.contacts.get(id_, sight)
                page, token = repositories.activities.page(id_, None, wanted, sight)
            else:
                repositories.customers.get(id_, sight)
                page, token = repositories.activities.page(None, id_, wanted, sight)
        return pb.ListActivitiesResponse(activities=[wire.activity(one) for one in page], next_page_token=token)
