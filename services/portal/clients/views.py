"""Saved views over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import views_pb2, views_pb2_grpc

from services.portal.service import Page


class GrpcViews:
    def __init__(self, channel: grpc.Channel) -> None:
        self._views = views_pb2_grpc.ViewsStub(channel)

    def list_views(self, page: Page) -> views_pb2.ListViewsResponse:
        return self._views.ListViews(views_pb2.ListViewsRequest(page_size=page.size, page_token=page.token, filter=page.filter))

    def get_view(self, name: str) -> views_pb2.View:
        return self._views.GetView(views_pb2.GetViewRequest(name=name))

    def create_view(self, view: views_pb2.View, request_id: str) -> views_pb2.View:
        return self._views.CreateView(views_pb2.CreateViewRequest(view=view, request_id=request_id))

    def update_view(self, view: views_pb2.View, paths: Sequence[str], request_id: str) -> views_pb2.View:
        return self._views.UpdateView(views_pb2.UpdateViewRequest(view=view, update_mask=FieldMask(paths=paths), request_id=request_id))

    def delete_view(self, name: str, etag: str, request_id: str) -> None:
        self._views.DeleteView(views_pb2.DeleteViewRequest(name=name, etag=etag, request_id=request_id))

    def set_default_view(self, name: str, request_id: str, *, default: bool) -> views_pb2.View:
        return self._views.SetDefaultView(views_pb2.SetDefaultViewRequest(name=name, default=default, request_id=request_id))
