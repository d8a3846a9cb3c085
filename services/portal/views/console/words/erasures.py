"""The words of deletion and anonymisation: what is linked to a person, who has erased its part, what the law keeps."""

from __future__ import annotations

from recapito.contacts.v1.contacts_pb2 import Contact

from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

_LINKS = {
    "recapito/Note": N_("Note"),
    "recapito/Customer": N_("Altri clienti per cui agisce"),
    "recapito/SubContact": N_("Persone collegate"),
    "recapito/Contact": N_("Persone che fanno capo a lei"),
    "recapito/Invoice": N_("Fatture che ha aperto"),
    "recapito/Message": N_("Email ricevute"),
    "recapito/Session": N_("Accessi al portale"),
    "recapito/Policy": N_("Accettazioni della privacy policy"),
}
_SERVICES = {
    "contacts": N_("Contatti e note"),
    "documents": N_("Documenti"),
    "identity": N_("Accessi, link e password"),
    "notifications": N_("Email"),
}
_HELD = {
    "invoices": N_("Le fatture emesse, come sono state emesse"),
    "acceptances": N_("Versione e data delle accettazioni della privacy policy"),
    "audit": N_("Il registro delle operazioni, che non contiene nomi"),
}


def link_type(type_: str) -> str:
    return _(_LINKS.get(type_, N_("Altro")))


def erasing_service(name: str) -> str:
    return _(_SERVICES[name]) if name in _SERVICES else name


def held(what: str) -> str:
    return _(_HELD.get(what, N_("Altro")))


def is_anonymized(contact: Contact) -> bool:
    return contact.state == Contact.ANONYMIZED
