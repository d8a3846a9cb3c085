"""Use cases of the catalogue of profile fields."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from libs.errors import NotFound
from libs.ids import new_id
from libs.unit_of_work import Request
from services.contacts import domain
from services.contacts.domain import EVERYTHING, Catalogue, Field
from services.contacts.service import Repositories, UnitOfWork

# The catalogue is the same for all offices, hence the sight of everything.


def catalogue(repositories: Repositories, *, lock: bool = False) -> Catalogue:
    """Return the built-in fields and the organisation's own; lock: it fits what is written until the commit."""
    settings = repositories.settings.get()
    return Catalogue.of(domain.FIELDS, repositories.fields.custom(lock=lock), settings.off_blocks)


def get_field(field_id: UUID, catalogue: Catalogue) -> Field:
    found = next((field for field in catalogue.fields if field.id == field_id), None)
    if found is None:
        raise NotFound(f"field {field_id} does not exist")
    return found


def create_field(make: Callable[[UUID], Field], request: Request, *, uow: UnitOfWork) -> tuple[Field, Catalogue]:
    """Add a field of the organisation's own; refused while custom fields are off."""
    id_ = new_id()
    with uow:
        known = catalogue(uow)
        if (earlier := uow.requests.claim(request, str(id_))) is not None:
            return get_field(UUID(earlier), known), known
        _check_on(known)
        if sum(field.custom for field in known.fields) >= domain.MOST_CUSTOM:
            raise domain.TooManyFields(f"there are {domain.MOST_CUSTOM} custom fields already: delete one first")
        field = make(id_).checked(known.fields)
        uow.fields.add(field)
        uow.commit()
    return field, known


def update_field(
    field_id: UUID, change: Callable[[Field], Field], request: Request, *, force: bool = False, uow: UnitOfWork
) -> tuple[Field, Catalogue]:
    """Change a field of the organisation's own. force: take the options that go from the contacts that hold them."""
    with uow:
        uow.fields.change(field_id)
        known = catalogue(uow)
        before = get_field(field_id, known)
        if uow.requests.claim(request, str(field_id)) is not None:
            return before, known
        _check_on(known)
        _check_custom(before)
        field = change(before).checked([other for other in known.fields if other.id != field_id])
        if field.type is not before.type and uow.fields.value_count(before, EVERYTHING):
            raise domain.FieldInUse(f"contacts hold values of field {field_id}: its type stays {before.type.name}")
        if (gone := before.gone(field)) and (force or uow.fields.value_count(before, EVERYTHING, gone)):
            if not force:
                raise domain.OptionInUse(f"contacts hold an option of field {field_id} that goes: keep it or clear it")
            uow.fields.clear(before, gone)
        field = uow.fields.save(field)
        uow.commit()
    return field, known


def delete_field(field_id: UUID, check: Callable[[Field], None], request: Request, *, force: bool = False, uow: UnitOfWork) -> None:
    """Delete a field of the organisation's own. force: its values too."""
    with uow:
        if uow.requests.claim(request, str(field_id)) is not None:
            return
        uow.fields.change(field_id)
        field = get_field(field_id, catalogue(uow))
        _check_custom(field)
        check(field)
        if not force and uow.fields.value_count(field, EVERYTHING):
            raise domain.FieldInUse(f"contacts hold values of field {field_id}")
        uow.fields.clear(field)
        uow.fields.delete(field)
        uow.commit()


def _check_on(catalogue: Catalogue) -> None:
    if domain.Block.CUSTOM in catalogue.hidden:
        raise domain.CustomFieldsOff("custom fields are switched off: switch their module on first")


def _check_custom(field: Field) -> None:
    if not field.custom:
        raise domain.FieldBuiltIn(f"field {field.key} is part of Recapito and does not change")
