"""Fills a contacts database with people of a plausible Italian organisation: few surnames are common, most are rare, as in life."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from libs.database import insert_all
from libs.ids import new_id
from services.contacts.domain import Affiliation, Contact, ContactPoint, Customer, Kind, PointKind, PortalAccess
from services.contacts.domain.slips import forgiving_words, keys_of
from services.contacts.repository import affiliations, contacts, customers, tables

FIRST = (
    *("Maria", "Giuseppe", "Anna", "Antonio", "Rosa", "Giovanni", "Giuseppina", "Mario", "Angela", "Francesco", "Lucia", "Luigi", "Teresa"),
    *("Salvatore", "Caterina", "Vincenzo", "Francesca", "Pietro", "Carmela", "Domenico", "Laura", "Roberto", "Giulia", "Marco", "Elena"),
    *("Andrea", "Paola", "Stefano", "Chiara", "Paolo", "Sara", "Alessandro", "Valentina", "Davide", "Martina", "Niccolò", "Zoë", "Nunzia"),
)
LAST = (
    *("Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "Ricci", "Marino", "Greco", "Bruno", "Gallo", "Conti"),
    *("De Luca", "Mancini", "Costa", "Rizzo", "Giordano", "Lombardi", "Moretti", "Barbieri", "Fontana", "Santoro", "Mariani", "Rinaldi"),
    *("Caruso", "Ferrara", "Galli", "Martini", "Leone", "Longo", "Gentile", "Martinelli", "Vitale", "Lombardo", "Serra", "Coppola"),
    *("De Santis", "D’Angelo", "Marchetti", "Parisi", "Villa", "Conte", "Ferraro", "Ferri", "Fabbri", "Bianco", "Marini", "Grasso"),
)
TOWNS = ("Napoli", "Milano", "Torino", "Roma", "Bari", "Bologna")
TRADES = ("Edilizia", "Trasporti", "Alimentari", "Meccanica", "Servizi", "Consulenza", "Tessile", "Energia", "Grafica", "Impianti")
FORMS = ("S.r.l.", "S.r.l.", "S.r.l.", "S.p.A.", "S.n.c.", "S.a.s.")
SYLLABLES = (
    "ba",
    "bi",
    "ca",
    "cri",
    "da",
    "fio",
    "ga",
    "gra",
    "la",
    "li",
    "ma",
    "mi",
    "na",
    "no",
    "pa",
    "pe",
    "ra",
    "ri",
    "sa",
    "te",
    "va",
    "zu",
)
RARE_SURNAMES = 20_000
CONTACTS_OF_A_CUSTOMER = 3
OFFICES = (0.4, 0.2, 0.15, 0.1, 0.05, 0.01)  # share of the contacts in the group of each
ROLES = 6
AT_ONCE = 10_000
START = datetime(2021, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Filled:
    """What a benchmark asks about. offices: the groups, the largest first. rare: a surname that few bear."""

    contacts: int
    offices: list[UUID]
    roles: list[UUID]
    rare: str


class People:
    """Names spread as they are in life; the same seed gives the same people."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.last = [*LAST, *("".join(self.random.choices(SYLLABLES, k=4)).title() for _ in range(RARE_SURNAMES))]
        self._spread = {True: list(accumulate(1 / (at + 4) for at in range(len(FIRST))))}
        self._spread[False] = list(accumulate(1 / (at + 8) for at in range(len(self.last))))

    def name(self) -> tuple[str, str]:
        (first,) = self.random.choices(FIRST, cum_weights=self._spread[True])
        (last,) = self.random.choices(self.last, cum_weights=self._spread[False])
        return first, last

    def moment(self) -> datetime:
        return START + timedelta(seconds=self.random.randrange(5 * 365 * 86_400))

    def company(self) -> str:
        kind = self.random.choice((f"{self.name()[1]} {self.random.choice(TRADES)}", f"Studio {self.name()[1]}"))
        return f"{kind} {self.random.choice(FORMS)}"

    def customer(self) -> Customer:
        name, time = self.company(), self.moment()
        return Customer(new_id(), Kind.COMPANY, name, time, time, email=f"info@{_host(name)}.example", language_code="it")

    def contact(self, home: Customer, number: int) -> Contact:
        first, last = self.name()
        return Contact(
            new_id(),
            home.id,
            first,
            last,
            time := self.moment(),
            time,
            email=f"{_host(first)}.{_host(last)}{number}@{home.email[5:]}" if self.random.random() < 0.9 else "",
            contact_points=(ContactPoint(PointKind.MOBILE, f"+39{self.random.randrange(320_0000000, 349_9999999)}"),),
            language_code="it" if self.random.random() < 0.93 else "en",
            access=PortalAccess(enabled=self.random.random() < 0.7),
            newsletter=self.random.random() < 0.6,
        )


def _host(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isascii() and letter.isalnum())[:30]


def fill(engine: Engine, count: int, seed: int = 1) -> Filled:
    """Add so many contacts to an empty database, with customers, groups and contact roles."""
    people = People(seed)
    with engine.begin() as connection:
        filled = Filled(count, _groups(connection), _roles(connection), people.last[len(LAST) + 3_000])
        firms = [people.customer() for _ in range(max(1, count // CONTACTS_OF_A_CUSTOMER))]
        staff = [people.contact(firms[number % len(firms)], number) for number in range(count)]
        texts = {firm.id: firm.search_text for firm in firms}
        first = {person.customer_id: person.id for person in reversed(staff)}
        _fill(connection, tables.customers, (customers._row(firm) | {"primary_contact_id": first[firm.id]} for firm in firms))
        _fill(connection, tables.contacts, (_contact(person, texts, people) for person in staff))
        _fill(connection, tables.affiliations, (_affiliation(person, first, filled.roles, people) for person in staff))
        _fill(connection, tables.contact_groups, _members(staff, filled.offices, people))
        _fill(connection, tables.search_words, _words([*texts.values(), *(person.search_text for person in staff)]))
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE")
    return filled


# --- rows ----------------------------------------------------------------------------------------------------------------------------
def _groups(connection: Connection) -> list[UUID]:
    ids = [new_id() for _ in OFFICES]
    rows = [{"id": id_, "display_name": f"Sede {town}", "name_key": town, "version": 1} for id_, town in zip(ids, TOWNS, strict=False)]
    connection.execute(sa.insert(tables.groups), rows)
    return ids


def _roles(connection: Connection) -> list[UUID]:
    ids = [new_id() for _ in range(ROLES)]
    same = {"label_en": "", "position": 1, "version": 1}
    names = [f"ruolo {number}" for number in range(ROLES)]
    rows = [
        {"id": id_, "label_it": name, "key_it": name, "key_en": name, "sort_key": name} | same for id_, name in zip(ids, names, strict=True)
    ]
    connection.execute(sa.insert(tables.contact_roles), rows)
    return ids


def _contact(person: Contact, texts: Mapping[UUID, str], people: People) -> Row:
    entered = people.moment() if person.access.enabled and people.random.random() < 0.75 else None
    return contacts._row(person) | {
        "found_by": person.search_text + texts[person.customer_id],
        "last_access_time": entered,
        "last_access_key": contacts._access_key(entered) if entered else "",
    }


def _affiliation(person: Contact, first: Mapping[UUID, UUID], roles: list[UUID], people: People) -> Row:
    role = people.random.choice(roles) if people.random.random() < 0.6 else None
    made = Affiliation(person.customer_id, person.id, person.create_time, contact_role_id=role)
    return affiliations._row(made) | {"primary_contact_id": first[person.customer_id]}


def _members(staff: Iterable[Contact], offices: list[UUID], people: People) -> Iterator[Row]:
    for person in staff:
        chance = people.random.random()
        for office, share in zip(offices, accumulate(OFFICES), strict=True):
            if chance < share:
                yield {"group_id": office, "contact_id": person.id}
                break


def _words(texts: Iterable[str]) -> Iterator[Row]:
    for word in {word for text in texts for word in forgiving_words(text)}:
        yield from ({"key": key, "word": word} for key in keys_of(word))


def _fill(connection: Connection, table: sa.Table, rows: Iterable[Row]) -> None:
    rows = iter(rows)
    while some := list(islice(rows, AT_ONCE)):
        insert_all(connection, table, some)
