"""How people are linked, and what makes two of them look like one."""

from __future__ import annotations

from collections.abc import Iterable

from recapito.contacts.v1.contacts_pb2 import FindDuplicatesResponse

from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

_Reason = FindDuplicatesResponse.Duplicate.Reason
# The usual words: of a household, a company, an association. Any other may be typed.
RELATIONS = (
    N_("Coniuge"),
    N_("Figlia o figlio"),
    N_("Altro familiare"),
    N_("Dipendente"),
    N_("Referente amministrativo"),
    N_("Responsabile tecnico"),
    N_("Socia o socio"),
    N_("Consiglio direttivo"),
    N_("Volontaria o volontario"),
)
RESEMBLANCES = {
    "SAME_EMAIL": N_("Stessa email"),
    "SAME_TAX_CODE": N_("Stesso codice fiscale"),
    "SAME_PHONE": N_("Stesso telefono"),
    "SIMILAR_NAME": N_("Nome simile, stesso cliente"),
}


def relations() -> list[str]:
    return [_(word) for word in RELATIONS]


def resemblances(reasons: Iterable[_Reason.ValueType]) -> str:
    """Return why somebody looks like another: "Stessa email, stesso telefono"."""
    names = (_Reason.Name(reason) for reason in reasons)
    return " · ".join(_(RESEMBLANCES[name]) for name in names if name in RESEMBLANCES)
