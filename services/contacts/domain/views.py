"""Saved views: a list as an operator likes to open it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from libs.errors import AlreadyExists, FieldViolation, NotFound, PermissionDenied, ResourceExhausted
from services.contacts.domain.values import Checks, key_of

MOST_VIEWS = 100  # of one operator


class ViewNotFound(NotFound):
    reason = "VIEW_NOT_FOUND"


class NotYourView(PermissionDenied):
    reason = "NOT_YOUR_VIEW"


class TooManyViews(ResourceExhausted):
    reason = "TOO_MANY_VIEWS"


class ViewNameTaken(AlreadyExists):
    reason = "NAME_TAKEN"

    def __init__(self) -> None:
        fault = FieldViolation("view.display_name", "is the name of another of your views", self.reason)
        super().__init__("view.display_name: is the name of another of your views", violations=[fault])


@dataclass(frozen=True)
class View:
    """account_id: whose it is. collection: the list it is of. filter, query, order_by: as that list takes them. default: of who asks."""

    id: UUID
    account_id: UUID
    collection: str
    display_name: str
    filter: str = ""
    query: str = ""
    order_by: str = ""
    columns: tuple[str, ...] = ()
    shared: bool = False
    default: bool = False
    version: int = 1

    def checked(self) -> View:
        with Checks("view")() as checks:
            return replace(
                self,
                display_name=checks.line("display_name", self.display_name, required=True),
                query=checks.line("query", self.query),
                columns=tuple(dict.fromkeys(self.columns)),
            )

    @property
    def name_key(self) -> str:
        return key_of(self.display_name)

    def check_belongs_to(self, account_id: UUID, *, tidies: bool = False) -> None:
        """tidies: who sets up contacts may remove what others shared, because they may have left."""
        if account_id != self.account_id and not (tidies and self.shared):
            raise NotYourView(f"view {self.id} was saved by somebody else")
