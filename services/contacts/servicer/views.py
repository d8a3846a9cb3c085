"""gRPC in: saved views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.contacts.v1 import views_pb2 as pb
from recapito.contacts.v1.contacts_pb2 import ListContactsRequest
from recapito.contacts.v1.views_pb2_grpc import ViewsServicer

from libs.errors import FieldViolation, InvalidArgument
from libs.listing import listing
from libs.rpc import context
from services.contacts import wire
from services.contacts.domain import Catalogue, View
from services.contacts.service import Reading, UnitOfWork
from services.contacts.service import views as service
from services.contacts.service.fields import catalogue
from services.contacts.servicer.contacts import contacts_listing

COLLECTIONS = {"contacts"}


@dataclass(frozen=True)
class Views(ViewsServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading

    def ListViews(self, request: pb.ListViewsRequest, _context: ServicerContext) -> pb.ListViewsResponse:
        wanted = listing(request, fields={"collection": str}, orders=("display_name",), default_order="display_name")
        account_id = service.account_of(context.caller())
        with self.reading() as repositories:
            page, token = repositories.views.page(wanted, account_id)
        return pb.ListViewsResponse(views=[wire.view(one, account_id) for one in page], next_page_token=token)

    def GetView(self, request: pb.GetViewRequest, _context: ServicerContext) -> pb.View:
        account_id = service.account_of(context.caller())
        with self.reading() as repositories:
            return wire.view(repositories.views.get(wire.id_of(request.name), account_id), account_id)

    def CreateView(self, request: pb.CreateViewRequest, _context: ServicerContext) -> pb.View:
        caller = context.caller()
        if request.view.collection not in COLLECTIONS:
            raise InvalidArgument.of("view.collection", "is no list that views are kept of", "COLLECTION_UNKNOWN")
        _check(request.view.filter, request.view.order_by, self._catalogue())
        made = service.create_view(wire.new_view(request.view), context.request_of(request), caller, uow=self.new_uow())
        return wire.view(made, service.account_of(caller))

    def UpdateView(self, request: pb.UpdateViewRequest, _context: ServicerContext) -> pb.View:
        caller, change, known = context.caller(), wire.changed_view(request.view, request.update_mask), self._catalogue()

        def checked(before: View) -> View:
            changed = change(before)
            _check(changed.filter, changed.order_by, known)
            return changed

        id_ = wire.id_of(request.view.name)
        changed = service.update_view(id_, checked, context.request_of(request), caller, uow=self.new_uow())
        return wire.view(changed, service.account_of(caller))

    def DeleteView(self, request: pb.DeleteViewRequest, _context: ServicerContext) -> Empty:
        id_, check = wire.id_of(request.name), wire.check_view(request.etag)
        service.delete_view(id_, check, context.request_of(request), context.caller(), uow=self.new_uow())
        return Empty()

    def SetDefaultView(self, request: pb.SetDefaultViewRequest, _context: ServicerContext) -> pb.View:
        id_, caller = wire.id_of(request.name), context.caller()
        view = service.set_default_view(id_, request.default, context.request_of(request), caller, uow=self.new_uow())
        return wire.view(view, service.account_of(caller))

    def _catalogue(self) -> Catalogue:
        with self.reading() as repositories:
            return catalogue(repositories)


def _check(wanted: str, order_by: str, known: Catalogue) -> None:
    """Refuse, by the view's fields, what the list itself would refuse when it is opened."""
    try:
        contacts_listing(ListContactsRequest(filter=wanted, order_by=order_by), known)
    except InvalidArgument as error:
        faults = [FieldViolation(f"view.{fault.field}", fault.description, fault.reason) for fault in error.violations]
        raise InvalidArgument(str(error), reason=error.reason, violations=faults) from error
