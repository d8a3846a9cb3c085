"""Saved views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1.views_pb2 import CreateViewRequest, ListViewsResponse, UpdateViewRequest, View

from libs.errors import AlreadyExists, InvalidArgument, NotFound, PermissionDenied
from libs.ids import new_id
from libs.rpc.validation import check
from services.portal.service import Page
from tests.integration.portal.fakes.common import Requests, merged, taken, touched


@dataclass
class FakeViews:
    """views: with their owners. defaults: owner -> name."""

    owner: Callable[[], str]
    views: dict[str, tuple[View, str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    requests: Requests = field(default_factory=Requests)

    def list_views(self, page: Page) -> ListViewsResponse:
        seen = [self._seen(view, owner) for view, owner in self.views.values() if view.shared or owner == self.owner()]
        return ListViewsResponse(views=sorted(seen, key=lambda view: view.display_name.casefold())[: page.size])

    def get_view(self, name: str) -> View:
        view, owner = self.views.get(name, (View(), ""))
        if (not view.shared and owner != self.owner()) or not view.name:
            raise NotFound(f"{name} does not exist")
        return self._seen(view, owner)

    def create_view(self, view: View, request_id: str) -> View:
        check(CreateViewRequest(view=view))
        return self.requests.once(request_id, lambda: self._add(view))

    def _add(self, view: View) -> View:
        self._check(view)
        stored = View()
        stored.CopyFrom(view)
        stored.name = f"views/{new_id()}"
        self.views[stored.name] = (touched(stored), self.owner())
        return self._seen(stored, self.owner())

    def update_view(self, view: View, paths: Sequence[str], request_id: str) -> View:
        check(UpdateViewRequest(view=view, update_mask=FieldMask(paths=paths)))
        now = self._own(view.name)
        changed = merged(now, view, paths)
        self._check(changed)
        self.views[view.name] = (changed, self.owner())
        return self._seen(changed, self.owner())

    def delete_view(self, name: str, etag: str, request_id: str) -> None:
        self._own(name)
        del self.views[name]
        self.defaults = {owner: chosen for owner, chosen in self.defaults.items() if chosen != name}

    def set_default_view(self, name: str, request_id: str, *, default: bool) -> View:
        self.get_view(name)
        self.defaults.pop(self.owner(), None)
        if default:
            self.defaults[self.owner()] = name
        return self.get_view(name)

    def _seen(self, view: View, owner: str) -> View:
        seen = View()
        seen.CopyFrom(view)
        seen.own, seen.default = owner == self.owner(), self.defaults.get(self.owner()) == view.name
        return seen

    def _own(self, name: str) -> View:
        self.get_view(name)
        view, owner = self.views[name]
        if owner != self.owner():
            raise PermissionDenied("not yours", reason="NOT_YOUR_VIEW")
        return view

    def _check(self, view: View) -> None:
        if not view.display_name.strip():
            raise InvalidArgument.of("view.display_name", "is required", "REQUIRED")
        own = [one for one, owner in self.views.values() if owner == self.owner() and one.name != view.name]
        if any(one.display_name.casefold() == view.display_name.casefold() for one in own):
            raise AlreadyExists("taken", reason="NAME_TAKEN", violations=[taken("view.display_name", "NAME_TAKEN")])
