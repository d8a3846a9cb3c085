"""What the columns of a file of people may mean, and what their headers suggest, in Italian and English."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.contacts.domain.fields import Catalogue, Field, Option, Type
from services.contacts.domain.values import folded, key_of

# field -> its header in Italian and in English, then other words that mean it, folded and without what is not a letter or digit
_WORDS: dict[str, tuple[str, str, str]] = {
    "first_name": ("Nome", "First name", "name given givenname firstname"),
    "last_name": ("Cognome", "Last name", "surname lastname familyname family"),
    "email": ("E-mail", "E-mail", "mail emailaddress indirizzoemail indirizzodiposta postaelettronica email1 emailprincipale mainemail"),
    "second_email": ("Altre e-mail", "Other e-mails", "email2 email3 altraemail secondaemail emailsecondaria otheremail secondaryemail"),
    "certified_email": ("PEC", "Certified e-mail", "pec postacertificata indirizzopec emailpec certifiedmail"),
    "phone": ("Telefono", "Phone", "tel telefono1 telefono2 telefonofisso fisso numerodi telefonoufficio phonenumber telephone workphone"),
    "mobile": ("Cellulare", "Mobile", "cell cellulare1 cellulare2 telefonocellulare mobilephone mobilenumber cellphone"),
    "position": ("Posizione", "Position", "qualifica mansione incarico carica titolo title jobtitle job"),
    "contact_role": ("Ruolo", "Contact role", "ruolocontatto role referente"),
    "language_code": ("Lingua", "Language", "lang languagecode linguapreferita"),
    "newsletter": ("Newsletter", "Newsletter", "iscrittonewsletter"),
    "do_not_call": ("Non telefonare", "Do not call", "nonchiamare donotphone"),
    "open_tracking": ("Consenso alle aperture", "Consent to open tracking", "tracciamentoaperture opentracking"),
    "groups": ("Gruppi", "Groups", "gruppo group ufficio sede"),
    "tags": ("Etichette", "Tags", "tag etichetta categorie categories category"),
    "customer.display_name": (
        "Cliente",
        "Customer",
        "azienda societa ragionesociale denominazione ente organizzazione company companyname organization organisation customername",
    ),
    "customer.vat_number": ("Partita IVA", "VAT number", "piva iva partitaiva vat vatid vatno partitaivacliente"),
    "customer.tax_code": ("Codice fiscale", "Tax code", "cf codfiscale taxid fiscalcode codicefiscalecliente codicefiscaleazienda"),
    "customer.email": ("E-mail del cliente", "Customer e-mail", "emailazienda emailcliente companyemail"),
    "customer.phone": ("Telefono del cliente", "Customer phone", "telefonoazienda telefonocliente companyphone centralino"),
}
FIELDS = tuple(_WORDS)
PROFILE = "profile."  # and the key of a field of the catalogue
SEVERAL_NAMES = re.compile(r"[;|\n]")  # between names, which may hold a comma
_KEY = re.compile(r"\[([a-z0-9_]+)\]\s*$")  # at the end of a header of our own
LISTS = frozenset({"second_email", "certified_email", "phone", "mobile", "groups", "tags"})  # may have several values and columns


def header(field: str, language: str) -> str:
    """Return the header of a field in "it" or "en"; an import guesses the field from it."""
    return _WORDS[field][language == "en"]


def importable(catalogue: Catalogue) -> list[Field]:
    """Return the fields of the catalogue that one cell can hold."""
    return [field for field in catalogue.fields if field.type is not Type.TABLE and catalogue.shows(field)]


def known(catalogue: Catalogue) -> frozenset[str]:
    """Return every field that a column may mean."""
    return frozenset(FIELDS) | {PROFILE + field.key for field in importable(catalogue)}


def profile_headers(catalogue: Catalogue, language: str) -> dict[str, str]:
    """Return the header of each field of the profile: its label, with its key behind it where another field has the same label."""
    found: dict[str, str] = {}
    for field in importable(catalogue):
        label = (field.label_en if language == "en" else "") or field.label_it
        name = PROFILE + field.key
        found[name] = label if guess([label], catalogue) == [name] else f"{label} [{field.key}]"
    return found


def option_label(field: Field, option: Option, language: str) -> str:
    """Return what a file calls an option: its label, or its id where an import would read the label as something else."""
    label = (option.label_en if language == "en" else "") or option.label_it
    parted = field.type is Type.CHOICES and SEVERAL_NAMES.search(label)
    return option.id if parted or field.named_options.get(key_of(label)) != option.id else label


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", folded(text))


_MEANING = (
    {_bare(word): field for field, words in _WORDS.items() for text in words[:2] for word in (text,)}
    | {word: field for field, words in _WORDS.items() for word in words[2].split()}
    | {_bare(field): field for field in _WORDS}
)


def guess(headers: Sequence[str], catalogue: Catalogue) -> list[str]:
    """Return what each column means by its header, "" when nothing says; of two that mean the same one value the first counts."""
    fields = importable(catalogue)
    own = {_bare(label): PROFILE + field.key for field in fields for label in (field.key, field.label_en, field.label_it)}
    keys = {field.key: PROFILE + field.key for field in fields}
    found: list[str] = []
    for text in headers:
        exact = _KEY.search(text)
        field = keys.get(exact[1], "") if exact else ""
        field = field or _MEANING.get(_bare(text)) or own.get(_bare(text)) or _MEANING.get(re.sub(r"\d+$", "", _bare(text)), "")
        found.append("" if field in found and field not in LISTS else field)
    return found
