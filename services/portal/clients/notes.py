"""Notes over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import notes_pb2, notes_pb2_grpc

from services.portal.service import Page


class GrpcNotes:
    def __init__(self, channel: grpc.Channel) -> None:
        self._notes = notes_pb2_grpc.NotesStub(channel)

    def list_notes(self, parent: str, page: Page) -> notes_pb2.ListNotesResponse:
        return self._notes.ListNotes(notes_pb2.ListNotesRequest(parent=parent, page_size=page.size, page_token=page.token))

    def get_note(self, name: str) -> notes_pb2.Note:
        return self._notes.GetNote(notes_pb2.GetNoteRequest(name=name))

    def create_note(self, parent: str, note: notes_pb2.Note, request_id: str) -> notes_pb2.Note:
        return self._notes.CreateNote(notes_pb2.CreateNoteRequest(parent=parent, note=note, request_id=request_id))

    def update_note(self, note: notes_pb2.Note, paths: Sequence[str], request_id: str) -> notes_pb2.Note:
        mask = FieldMask(paths=paths)
        return self._notes.UpdateNote(notes_pb2.UpdateNoteRequest(note=note, update_mask=mask, request_id=request_id))

    def delete_note(self, name: str, etag: str, request_id: str) -> None:
        self._notes.DeleteNote(notes_pb2.DeleteNoteRequest(name=name, etag=etag, request_id=request_id))
