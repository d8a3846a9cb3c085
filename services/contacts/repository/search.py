"""Searching customers and contacts by words: what the rows are found by, the words that a slip is forgiven in, and the page.

Exact hits come first, in the list's order; those behind a slip follow when no exact one is left. See "Searching" in the README.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database import insert_missing, planned_anew
from libs.database.listing import Columns, count_up_to, select_page, where
from libs.listing import Listing
from services.contacts.domain import Sight, folded
from services.contacts.domain.slips import forgiving_words, keys_of, may_slip, meant, runs
from services.contacts.repository.tables import affiliations, contacts, customers, search_words
from services.contacts.repository.visible import contact_visible, customer_visible

MOST_COUNTED = 10_000
_MOST_WORDS = 8
_SHORTEST_PART = 3  # what a trigram can find inside a word
_EXACT, _SIMILAR = 0, 1  # the two stages of a search

Words = Sequence[Sequence[str]]  # each word with those that may stand for it
Condition = Callable[[Words], ColumnElement[bool]]


# --- what a query asks for -----------------------------------------------------------------------------------------------------------
def exact_words(query: str) -> Words:
    """Return the words of a query, each standing for itself."""
    return [[word] for word in list(dict.fromkeys(folded(query).split()))[:_MOST_WORDS]]


def similar_words(connection: Connection, query: str) -> Words:
    """Return the words of a query, each with the known words that lie one slip away; nothing when there are none."""
    typed = runs(folded(query))[:_MOST_WORDS]
    keys = {key for word in typed if may_slip(word) for key in keys_of(word)}
    known = set(connection.execute(sa.select(search_words.c.word).where(search_words.c.key.in_(keys))).scalars()) if keys else set()
    words = [[word, *(meant(word, known) if may_slip(word) else [])] for word in typed]
    return words if any(len(alternatives) > 1 for alternatives in words) else []


def holds(column: sa.Column[str], words: Sequence[str]) -> ColumnElement[bool]:
    """Say whether one of the words is part of a word of the column; a very short one, the beginning of a word."""
    return sa.or_(*(column.contains(word if len(word) >= _SHORTEST_PART else f" {word}", autoescape=True) for word in words))


def contacts_found(words: Words, sight: Sight) -> ColumnElement[bool]:
    """Each word stands in the contact or in one of its customers that the caller may see."""
    # found_by holds the words of all its customers: an index answers, and whoever does not see them all is asked again.
    found = [holds(contacts.c.found_by, alternatives) for alternatives in words]
    if not sight.everything:
        found += [sa.or_(holds(contacts.c.search, alternatives), _of_customer(alternatives, sight)) for alternatives in words]
    return sa.and_(*found)


def _of_customer(alternatives: Sequence[str], sight: Sight) -> ColumnElement[bool]:
    acts = sa.select(affiliations.c.contact_id).where(
        affiliations.c.contact_id == contacts.c.id, affiliations.c.customer_id == customers.c.id
    )
    found = acts.where(holds(customers.c.search, alternatives), customer_visible(sight)).correlate(contacts)
    return sa.exists(found.offset(0))  # OFFSET, so that PostgreSQL asks for the few rows in question and not for all customers at once


def customers_found(words: Words, sight: Sight) -> ColumnElement[bool]:
    """Each word stands in the customer or in one of its contacts that the caller may see."""
    found: list[ColumnElement[bool]] = []
    for alternatives in words:
        through = sa.select(affiliations.c.customer_id).join(contacts, contacts.c.id == affiliations.c.contact_id)
        of_contact = (holds(contacts.c.found_by, alternatives), holds(contacts.c.search, alternatives), contact_visible(sight))
        either = sa.union(sa.select(customers.c.id).where(holds(customers.c.search, alternatives)), through.where(*of_contact))
        found.append(customers.c.id.in_(either))
    return sa.and_(*found)


# --- the page ------------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Searched:
    """A list that can be searched. columns: of filter and order. found: words as a condition."""

    columns: Columns
    id_column: sa.Column[UUID]
    found: Condition


@dataclass(frozen=True)
class Found:
    """One page of a search. similar: how many rows, at the end, only a slip lets in."""

    rows: Sequence[Row[Any]]
    token: str = ""
    similar: int = 0


def exact_page(connection: Connection, query: sa.Select[Any], listing: Listing, searched: Searched) -> tuple[Sequence[Row[Any]], str]:
    """Return one page of what the listing's filter and words find without any slip. query: all that the caller may see."""
    if not (words := exact_words(listing.query)):
        return select_page(connection, query, listing, searched.columns, searched.id_column)
    with planned_anew(connection):
        return select_page(connection, query.where(searched.found(words)), listing, searched.columns, searched.id_column)


def search_page(connection: Connection, query: sa.Select[Any], listing: Listing, searched: Searched) -> Found:
    """Return one page of what the words find; when no exact hit is left, of what they find with a slip."""
    words, rows = exact_words(listing.query), list[Row[Any]]()
    if listing.stage == _EXACT:
        exact, token = exact_page(connection, query, listing, searched)
        if token or not words:
            return Found(exact, token)
        rows, listing = list(exact), replace(listing, after=None, stage=_SIMILAR, size=listing.size - len(exact))
    similar = similar_words(connection, listing.query)
    if not similar:
        return Found(rows)
    rest = query.where(searched.found(similar), sa.not_(searched.found(words)))
    with planned_anew(connection):
        if not listing.size:
            return Found(rows, listing.beginning() if _any(connection, rest, listing, searched) else "")
        behind, token = select_page(connection, rest, listing, searched.columns, searched.id_column)
    return Found([*rows, *behind], token, len(behind))


def counted(connection: Connection, query: sa.Select[Any], listing: Listing, searched: Searched) -> int:
    """Return how many rows the filter and the words find, without slips; MOST_COUNTED + 1 for more than that."""
    if not (words := exact_words(listing.query)):
        return count_up_to(connection, _filtered(query, listing, searched), MOST_COUNTED + 1)
    with planned_anew(connection):
        return count_up_to(connection, _filtered(query.where(searched.found(words)), listing, searched), MOST_COUNTED + 1)


def _any(connection: Connection, query: sa.Select[Any], listing: Listing, searched: Searched) -> bool:
    return bool(count_up_to(connection, _filtered(query, listing, searched), 1))


def _filtered(query: sa.Select[Any], listing: Listing, searched: Searched) -> sa.Select[Any]:
    return query if listing.filter is None else query.where(where(listing.filter, searched.columns))


# --- what rows are found by ----------------------------------------------------------------------------------------------------------
def refresh_contacts(connection: Connection, contact_ids: Collection[UUID] | sa.Select[Any]) -> None:
    """Write anew what contacts are found by: their own words and those of all their customers.

    Whatever changes a search text or an affiliation calls it, with the customers locked. The rows are locked first, in one order for
    all, so that the statement that reads sees what others have committed.
    """
    concerned = contacts.c.id.in_(contact_ids)
    self_and_others = sa.select(contacts.c.id).where(concerned).order_by(contacts.c.id).with_for_update()
    if ids := connection.execute(self_and_others).scalars().all():
        connection.execute(sa.update(contacts).where(contacts.c.id.in_(ids)).values(found_by=FOUND_BY))


def found_by(search_text: ColumnElement[str]) -> ColumnElement[str]:
    """Return what a contact with this text is found by, for a statement on contacts."""
    of_customers = sa.select(sa.func.aggregate_strings(customers.c.search, "")).where(
        affiliations.c.contact_id == contacts.c.id, affiliations.c.customer_id == customers.c.id
    )
    return search_text + sa.func.coalesce(of_customers.correlate(contacts).scalar_subquery(), "")


FOUND_BY = found_by(contacts.c.search)


def texts_of(connection: Connection, table: sa.Table, id_: UUID) -> str:
    """Return the search text that is stored now; "" for a row that does not exist."""
    return connection.execute(sa.select(table.c.search).where(table.c.id == id_)).scalar() or ""


# --- the words that a slip is forgiven in --------------------------------------------------------------------------------------------
def remember_words(connection: Connection, before: str, after: str) -> None:
    """Learn the words of a search text that are new to all, and forget those of the text before that nobody else has.

    The row of a word is locked by whoever writes it: else one could forget it while another, who found it there, has just used it.
    """
    old, new = forgiving_words(before), forgiving_words(after)
    if added := sorted(new - old):
        anchors = _anchors(added).with_for_update(read=True)
        known = set(connection.execute(anchors).scalars())
        rows = [row for word in added if word not in known for row in word_rows(word)]
        insert_missing(connection, search_words, rows)
    if gone := sorted(old - new):
        for word in connection.execute(_anchors(gone).with_for_update()).scalars().all():
            if not _is_used(connection, word):
                connection.execute(sa.delete(search_words).where(search_words.c.word == word))


def word_rows(word: str) -> list[Mapping[str, str]]:
    return [{"key": key, "word": word} for key in sorted(keys_of(word))]


def _anchors(words: Collection[str]) -> sa.Select[Any]:
    same = search_words.c.key == search_words.c.word
    return sa.select(search_words.c.word).where(same, search_words.c.key.in_(words)).order_by(search_words.c.word)


def _is_used(connection: Connection, word: str) -> bool:
    stands = [sa.exists().where(contacts.c.found_by.contains(word)), sa.exists().where(customers.c.search.contains(word))]
    return bool(connection.execute(sa.select(sa.or_(*stands))).scalar())
