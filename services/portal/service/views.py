"""Saved views of lists, as the console needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from recapito.contacts.v1.views_pb2 import ListViewsResponse, View

from services.portal.service.page import Page


class Views(Protocol):
    """name: "views/{uuid}"."""

    def list_views(self, page: Page) -> ListViewsResponse: ...
    def get_view(self, name: str) -> View: ...
    def create_view(self, view: View, request_id: str) -> View: ...
    def update_view(self, view: View, paths: Sequence[str], request_id: str) -> View: ...
    def delete_view(self, name: str, etag: str, request_id: str) -> None: ...
    def set_default_view(self, name: str, request_id: str, *, default: bool) -> View: ...
