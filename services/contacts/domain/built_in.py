"""The built-in fields of a contact's profile, block by block, in the order of the form."""

from __future__ import annotations

from services.contacts.domain.fields import Block, Column, Field, Option, Type

_ = Column  # a field's key, labels, type and options

KIND = "kind"  # every contact has one
PERSON = "person"
KINDS = (
    Option(PERSON, "Persona fisica", "Natural person"),
    Option("company", "Azienda", "Company"),
    Option("public_body", "Ente pubblico", "Public body"),
    Option("association", "Associazione", "Association"),
    Option("household", "Nucleo familiare", "Household"),
)
CATEGORIES = (
    Option("client", "Cliente", "Client"),
    Option("prospect", "Potenziale cliente", "Prospect"),
    Option("assisted_person", "Assistito", "Assisted person"),
    Option("member", "Socio", "Member"),
    Option("supplier", "Fornitore", "Supplier"),
    Option("partner", "Partner", "Partner"),
    Option("public_body", "Referente di ente pubblico", "Public body contact"),
    Option("other", "Altro", "Other"),
)
SEXES = (Option("female", "Femmina", "Female"), Option("male", "Maschio", "Male"))
MEMBERSHIPS = (
    Option("requested", "Domanda presentata", "Requested"),
    Option("active", "In regola", "In good standing"),
    Option("expired", "Scaduta", "Expired"),
    Option("suspended", "Sospesa", "Suspended"),
    Option("ended", "Cessata", "Ended"),
)
TAX_REGIMES = (
    Option("ordinary", "Ordinario", "Ordinary"),
    Option("simplified", "Semplificato", "Simplified"),
    Option("flat_rate", "Forfettario", "Flat rate"),
    Option("non_profit", "Enti non commerciali", "Non-profit bodies"),
    Option("none", "Senza partita IVA", "No VAT number"),
)
PERMITS = (
    Option("work", "Lavoro", "Work"),
    Option("family", "Famiglia", "Family"),
    Option("study", "Studio", "Study"),
    Option("protection", "Protezione", "Protection"),
    Option("long_term", "Soggiornante di lungo periodo", "Long-term resident"),
    Option("other", "Altro", "Other"),
)
PAPERS = (
    Option("identity_card", "Carta d’identità", "Identity card"),
    Option("passport", "Passaporto", "Passport"),
    Option("driving_licence", "Patente", "Driving licence"),
    Option("residence_permit", "Permesso di soggiorno", "Residence permit"),
    Option("other", "Altro", "Other"),
)
MARITAL_STATES = (
    Option("single", "Celibe o nubile", "Single"),
    Option("married", "Coniugato", "Married"),
    Option("civil_union", "Unito civilmente", "In a civil union"),
    Option("separated", "Separato", "Separated"),
    Option("divorced", "Divorziato", "Divorced"),
    Option("widowed", "Vedovo", "Widowed"),
)
RELATIONS = (
    Option("spouse", "Coniuge o unito civilmente", "Spouse or civil partner"),
    Option("child", "Figlio", "Child"),
    Option("parent", "Genitore", "Parent"),
    Option("sibling", "Fratello o sorella", "Sibling"),
    Option("other", "Altro", "Other"),
)
EMPLOYMENTS = (
    Option("permanent", "Dipendente a tempo indeterminato", "Permanent employee"),
    Option("fixed_term", "Dipendente a tempo determinato", "Fixed-term employee"),
    Option("self_employed", "Lavoratore autonomo", "Self-employed"),
    Option("domestic", "Lavoratore domestico", "Domestic worker"),
    Option("unemployed", "Disoccupato", "Unemployed"),
    Option("student", "Studente", "Student"),
    Option("retired", "Pensionato", "Retired"),
    Option("other", "Altro", "Other"),
)
PENSIONS = (
    Option("old_age", "Vecchiaia", "Old age"),
    Option("early", "Anticipata", "Early"),
    Option("disability", "Invalidità o inabilità", "Disability"),
    Option("survivors", "Ai superstiti", "Survivors’"),
    Option("welfare", "Assegno sociale", "Social allowance"),
    Option("supplementary", "Complementare", "Supplementary"),
    Option("other", "Altro", "Other"),
)


def _address(of: str) -> tuple[Field, ...]:
    block = Block[of.upper()]
    return (
        Field.built_in(block, _(f"{of}_street", "Via e numero", "Street and number")),
        Field.built_in(block, _(f"{of}_postal_code", "CAP", "Postcode"), filterable=True),
        Field.built_in(block, _(f"{of}_city", "Comune", "Town"), filterable=True),
        Field.built_in(block, _(f"{of}_province", "Provincia", "Province"), filterable=True),
        Field.built_in(block, _(f"{of}_country", "Paese", "Country", Type.REGION), filterable=True),
    )


_CARDS = (
    _("number", "Numero", "Number"),
    _("issue_date", "Rilasciata il", "Issued on", Type.DATE),
    _("expire_date", "Scade il", "Expires on", Type.DATE),
)
_FEES = (
    _("year", "Anno", "Year", Type.NUMBER),
    _("amount", "Importo", "Amount", Type.MONEY),
    _("pay_date", "Pagata il", "Paid on", Type.DATE),
)
_RENEWALS = (
    _("renew_date", "Rinnovata il", "Renewed on", Type.DATE),
    _("until_date", "Fino al", "Until", Type.DATE),
    _("remarks", "Osservazioni", "Remarks"),
)
_PAPERS = (
    _("kind", "Tipo", "Type", Type.CHOICE, PAPERS),
    _("number", "Numero", "Number"),
    _("issuer", "Rilasciato da", "Issued by"),
    _("issue_date", "Rilasciato il", "Issued on", Type.DATE),
    _("expire_date", "Scade il", "Expires on", Type.DATE),
)
_MEMBERS = (
    _("name", "Nome e cognome", "Full name"),
    _("relation", "Parentela", "Relation", Type.CHOICE, RELATIONS),
    _("tax_code", "Codice fiscale", "Codice fiscale", Type.TAX_CODE),
    _("birth_date", "Data di nascita", "Date of birth", Type.DATE),
    _("dependant", "A carico", "Dependant", Type.YES_NO),
)

FIELDS: tuple[Field, ...] = (
    Field.built_in(Block.ORGANIZE, _(KIND, "Tipo di contatto", "Type of contact", Type.CHOICE, KINDS), filterable=True),
    Field.built_in(Block.ORGANIZE, _("categories", "Categorie", "Categories", Type.CHOICES, CATEGORIES), filterable=True),
    Field.built_in(Block.REGISTRY, _("honorific", "Titolo", "Title")),
    Field.built_in(Block.REGISTRY, _("organization", "Ragione sociale o ente", "Company or body"), filterable=True),
    Field.built_in(Block.REGISTRY, _("sex", "Sesso", "Sex", Type.CHOICE, SEXES)),
    Field.built_in(Block.REGISTRY, _("birth_date", "Data di nascita", "Date of birth", Type.DATE), filterable=True),
    Field.built_in(
        Block.MEMBERSHIP,
        _("membership_state", "Stato del tesseramento", "Membership status", Type.CHOICE, MEMBERSHIPS),
        filterable=True,
    ),
    Field.built_in(Block.MEMBERSHIP, _("membership_number", "Numero di socio", "Member number"), filterable=True),
    Field.built_in(Block.MEMBERSHIP, _("membership_date", "Socio dal", "Member since", Type.DATE), filterable=True),
    Field.built_in(Block.MEMBERSHIP, _("membership_cards", "Tessere", "Cards", Type.TABLE), _CARDS),
    Field.built_in(Block.MEMBERSHIP, _("membership_fees", "Quote annuali", "Yearly fees", Type.TABLE), _FEES),
    Field.built_in(Block.MEMBERSHIP, _("membership_renewals", "Rinnovi", "Renewals", Type.TABLE), _RENEWALS),
    Field.built_in(Block.FISCAL, _("tax_code", "Codice fiscale", "Codice fiscale", Type.TAX_CODE), filterable=True),
    Field.built_in(Block.FISCAL, _("vat_number", "Partita IVA", "VAT number", Type.VAT_NUMBER), filterable=True),
    Field.built_in(Block.FISCAL, _("tax_regime", "Regime fiscale", "Tax regime", Type.CHOICE, TAX_REGIMES), filterable=True),
    Field.built_in(Block.FISCAL, _("certified_email", "PEC per le fatture", "Certified mailbox for invoices", Type.EMAIL)),
    Field.built_in(Block.FISCAL, _("sdi_recipient_code", "Codice destinatario", "SdI recipient code")),
    Field.built_in(Block.FISCAL, _("iban", "IBAN", "IBAN", Type.IBAN)),
    *_address("residence"),
    *_address("domicile"),
    Field.built_in(Block.IMMIGRATION, _("citizenship", "Cittadinanza", "Citizenship", Type.REGION), filterable=True),
    Field.built_in(Block.IMMIGRATION, _("birth_country", "Paese di nascita", "Country of birth", Type.REGION), filterable=True),
    Field.built_in(Block.IMMIGRATION, _("birth_place", "Luogo di nascita", "Place of birth")),
    Field.built_in(Block.IMMIGRATION, _("entry_date", "Ingresso in Italia", "Entry into Italy", Type.DATE)),
    Field.built_in(Block.IMMIGRATION, _("permit_kind", "Permesso di soggiorno", "Residence permit", Type.CHOICE, PERMITS), filterable=True),
    Field.built_in(Block.IMMIGRATION, _("permit_number", "Numero del permesso", "Permit number")),
    Field.built_in(Block.IMMIGRATION, _("permit_issue_date", "Permesso rilasciato il", "Permit issued on", Type.DATE)),
    Field.built_in(Block.IMMIGRATION, _("permit_expire_date", "Permesso scade il", "Permit expires on", Type.DATE), filterable=True),
    Field.built_in(Block.IDENTITY_DOCUMENT, _("identity_documents", "Documenti d’identità", "Identity documents", Type.TABLE), _PAPERS),
    Field.built_in(Block.FAMILY, _("marital_state", "Stato civile", "Marital status", Type.CHOICE, MARITAL_STATES), filterable=True),
    Field.built_in(Block.FAMILY, _("spouse_name", "Coniuge", "Spouse")),
    Field.built_in(Block.FAMILY, _("spouse_tax_code", "Codice fiscale del coniuge", "Spouse’s codice fiscale", Type.TAX_CODE)),
    Field.built_in(Block.FAMILY, _("household_size", "Componenti del nucleo", "Household size", Type.NUMBER), filterable=True),
    Field.built_in(Block.FAMILY, _("dependant_count", "Familiari a carico", "Dependants", Type.NUMBER), filterable=True),
    Field.built_in(Block.FAMILY, _("family_members", "Componenti", "Members", Type.TABLE), _MEMBERS),
    Field.built_in(Block.EMPLOYMENT, _("employment_kind", "Condizione", "Employment", Type.CHOICE, EMPLOYMENTS), filterable=True),
    Field.built_in(Block.EMPLOYMENT, _("profession", "Professione", "Profession"), filterable=True),
    Field.built_in(Block.EMPLOYMENT, _("employer", "Datore di lavoro", "Employer"), filterable=True),
    Field.built_in(Block.EMPLOYMENT, _("workplace", "Sede di lavoro", "Place of work")),
    Field.built_in(Block.EMPLOYMENT, _("hire_date", "Assunzione", "Hired on", Type.DATE)),
    Field.built_in(Block.PENSION, _("pension_kind", "Tipo di pensione", "Type of pension", Type.CHOICE, PENSIONS), filterable=True),
    Field.built_in(Block.PENSION, _("pension_number", "Numero della pensione", "Pension number")),
    Field.built_in(Block.PENSION, _("pension_institution", "Ente che la paga", "Paying institution"), filterable=True),
    Field.built_in(Block.PENSION, _("pension_start_date", "Decorrenza", "Start date", Type.DATE)),
    Field.built_in(Block.OTHER, _("remarks", "Annotazioni sulla persona", "Notes on the person", Type.LONG_TEXT)),
    Field.built_in(Block.OTHER, _("website", "Sito web", "Website", Type.LINK)),
    Field.built_in(Block.OTHER, _("source", "Come è arrivato", "Source"), filterable=True),
    Field.built_in(Block.OTHER, _("personal_preferences", "Preferenze", "Preferences", Type.LONG_TEXT)),
)
