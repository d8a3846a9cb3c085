"""gRPC in: notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.contacts.v1 import notes_pb2 as pb
from recapito.contacts.v1.notes_pb2_grpc import NotesServicer

from libs.errors import PermissionDenied
from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import notes as service


@dataclass(frozen=True)
class Notes(NotesServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading
    clock: Clock

    def ListNotes(self, request: pb.ListNotesRequest, _context: ServicerContext) -> pb.ListNotesResponse:
        wanted = listing(request, fields={}, orders=("order",), default_order="order desc")
        subject, sight = wire.subject(request.parent), sight_of(context.caller())
        with self.reading() as repositories:
            service.check_subject(subject, sight, repositories=repositories)
            page, token = repositories.notes.page(subject, wanted, sight)
        return pb.ListNotesResponse(notes=[wire.note(one) for one in page], next_page_token=token)

    def GetNote(self, request: pb.GetNoteRequest, _context: ServicerContext) -> pb.Note:
        with self.reading() as repositories:
            return wire.note(repositories.notes.get(*wire.note_ids(request.name), sight_of(context.caller())))

    def CreateNote(self, request: pb.CreateNoteRequest, _context: ServicerContext) -> pb.Note:
        caller = context.caller()
        if caller.account_id is None:
            raise PermissionDenied("a note has an author")
        make = wire.new_note(wire.subject(request.parent), request.note, caller.account_id, self.clock())
        return wire.note(service.create_note(make, context.request_of(request), caller, uow=self.new_uow()))

    def UpdateNote(self, request: pb.UpdateNoteRequest, _context: ServicerContext) -> pb.Note:
        key, change = wire.note_ids(request.note.name), wire.changed_note(request.note, request.update_mask)
        changed = service.update_note(*key, change, context.request_of(request), context.caller(), uow=self.new_uow(), clock=self.clock)
        return wire.note(changed)

    def DeleteNote(self, request: pb.DeleteNoteRequest, _context: ServicerContext) -> Empty:
        key, check = wire.note_ids(request.name), wire.check_note(request.etag)
        service.delete_note(*key, check, context.request_of(request), context.caller(), uow=self.new_uow())
        return Empty()
