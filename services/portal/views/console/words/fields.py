"""Words of the blocks and fields of a contact's profile."""

from __future__ import annotations

from collections.abc import Mapping

from recapito.contacts.v1.fields_pb2 import Field
from recapito.type.v1.type_pb2 import LocalizedText

from services.portal.views.i18n import N_, language
from services.portal.views.i18n import gettext as _

BLOCKS: Mapping[str, str] = {  # in the order of the form
    "ORGANIZE": N_("Organizza"),
    "REGISTRY": N_("Anagrafica"),
    "MEMBERSHIP": N_("Iscrizione all’associazione"),
    "FISCAL": N_("Dati fiscali"),
    "RESIDENCE": N_("Residenza o sede legale"),
    "DOMICILE": N_("Domicilio o sede operativa"),
    "IMMIGRATION": N_("Immigrazione"),
    "CONTACT_POINTS": N_("Recapiti"),
    "IDENTITY_DOCUMENT": N_("Documenti d’identità"),
    "FAMILY": N_("Famiglia"),
    "EMPLOYMENT": N_("Lavoro"),
    "PENSION": N_("Pensione"),
    "ACCESS": N_("Accesso al portale"),
    "OTHER": N_("Altro"),
    "PRIVACY": N_("Privacy policy"),
    "CUSTOM": N_("Campi personalizzati"),
}
BLOCK_HINTS: Mapping[str, str] = {
    "ORGANIZE": N_("Tipo, categorie, ruolo e gruppi: dicono chi è e chi lo vede."),
    "REGISTRY": N_("C’è sempre: senza nome non si salva nulla."),
    "MEMBERSHIP": N_("Tessere, quote, rinnovi. Serve anche il modulo."),
    "FISCAL": N_("Codice fiscale, partita IVA e altro per fatture e pratiche."),
    "DOMICILE": N_("Quando non è quello della residenza."),
    "IMMIGRATION": N_("Cittadinanza, nascita e permesso di soggiorno."),
    "ACCESS": N_("Chi può entrare nel portale e per quanto."),
    "OTHER": N_("Annotazioni, sito, provenienza, preferenze."),
    "PRIVACY": N_("Solo nella scheda: le versioni accettate."),
    "CUSTOM": N_("I campi decisi da voi. Serve anche il modulo."),
}
FIELD_TYPES: Mapping[str, str] = {  # those that a custom field may have
    "TEXT": N_("Testo breve"),
    "LONG_TEXT": N_("Testo lungo"),
    "NUMBER": N_("Numero"),
    "DATE": N_("Data"),
    "YES_NO": N_("Sì o no"),
    "CHOICE": N_("Scelta singola"),
    "CHOICES": N_("Scelta multipla"),
    "EMAIL": N_("Email"),
    "PHONE": N_("Telefono"),
    "LINK": N_("Indirizzo web"),
    "REGION": N_("Paese"),
    "MONEY": N_("Importo"),
    "TAX_CODE": N_("Codice fiscale"),
    "VAT_NUMBER": N_("Partita IVA"),
    "IBAN": N_("IBAN"),
}


def label(text: LocalizedText) -> str:
    return (text.en if language() == "en" else "") or text.it


def yes_or_no(*, yes: bool) -> str:
    return _("Sì") if yes else _("No")


def block_name(block: Field.Block.ValueType) -> str:
    return _(BLOCKS[Field.Block.Name(block)])


def field_type(field: Field) -> str:
    return _(FIELD_TYPES.get(Field.Type.Name(field.type), N_("Tabella")))
