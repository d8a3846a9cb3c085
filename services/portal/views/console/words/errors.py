"""What an operator reads in the place of an error's reason."""

from __future__ import annotations

from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

ERRORS: dict[str, str] = {
    "REQUIRED": N_("Questo campo è obbligatorio"),
    "EMAIL_TAKEN": N_("L’email è già di un altro contatto: cercalo e collegalo, oppure cambia indirizzo"),
    "EMAIL_REQUIRED": N_("Con l’accesso o le notifiche attive serve un’email"),
    "STRING_EMAIL": N_("L’email non è completa. Esempio: nome@azienda.it"),
    "EMAIL_MALFORMED": N_("L’email non è completa. Esempio: nome@azienda.it"),
    "STRING_MAX_LEN": N_("Il testo è troppo lungo"),
    "STRING_PATTERN": N_("Il valore non ha la forma giusta"),
    "CONTROL_CHARACTER": N_("Il testo contiene caratteri invisibili: riscrivilo a mano"),
    "PHONE_INVALID": N_("Il numero non è completo. Esempio: +39 345 123 4567"),
    "VAT_NUMBER_INVALID": N_("La partita IVA non è valida: servono 11 cifre con quella di controllo giusta"),
    "TAX_CODE_INVALID": N_("Il codice fiscale non è valido: ricopialo dal documento"),
    "IBAN_INVALID": N_("L’IBAN non è valido: ricopialo"),
    "PERIOD_REVERSED": N_("Il periodo finisce prima di cominciare"),
    "OUT_OF_RANGE": N_("Scrivi un numero tra 1 e 30"),
    "INT32_GTE_LTE": N_("Scrivi un numero tra 1 e 30"),
    "NUMBER_INVALID": N_("Scrivi un numero. Esempio: 1.234,50"),
    "DAYS_INVALID": N_("Scrivi un numero di giorni tra 0 e 365"),
    "CURRENCY_INVALID": N_("Servono tre lettere. Esempio: EUR"),
    "COUNTRY_INVALID": N_("Servono due lettere. Esempio: IT"),
    "DATE_INVALID": N_("La data non esiste"),
    "DATES_REVERSED": N_("Il periodo finisce prima di cominciare"),
    "DATE_IN_FUTURE": N_("La data è nel futuro"),
    "GROUP_UNKNOWN": N_("Il gruppo non c’è più"),
    "PLACE_INVALID": N_("Scrivi un numero da 0 a 999"),
    "CONTACT_ROLE_UNKNOWN": N_("Il ruolo non c’è più: scegline un altro"),
    "GROUP_NOT_YOURS": N_("Scegli almeno uno dei tuoi gruppi, altrimenti non lo vedresti più"),
    "PERCENT_INVALID": N_("Scrivi una percentuale tra 0 e 100"),
    "AMOUNT_TOO_LARGE": N_("L’importo è troppo grande"),
    "AMOUNT_TOO_FINE": N_("Al massimo due decimali"),
    "AMOUNT_NOT_POSITIVE": N_("Scrivi un importo maggiore di zero"),
    "CURRENCY_DIFFERS": N_("La valuta non è quella della fattura"),
    "INVOICE_TOTAL_NEGATIVE": N_("Il totale della fattura è negativo"),
    "VAT_EXEMPTION_CODE_MISSING": N_("Con IVA 0 serve la natura, per esempio N4"),
    "VAT_EXEMPTION_CODE_UNEXPECTED": N_("La natura si indica solo con IVA 0"),
    "FOREIGN_TAX_ID_INVALID": N_("Il codice non ha la forma del paese indicato"),
    "SDI_CODE_INVALID": N_("Il codice destinatario ha 7 caratteri, 6 per gli enti pubblici"),
    "TIME_ZONE_UNKNOWN": N_("Fuso orario sconosciuto. Esempio: Europe/Rome"),
    "FORMAT_INVALID": N_("Servono {year} e {number}, per esempio INV-{year}-{number:6}"),
    "ROLE_UNKNOWN": N_("Il ruolo non esiste"),
    "REDIRECT_URI_INVALID": N_(
        "Ogni indirizzo comincia con https e non ha #; con http vale solo il proprio computer, come http://127.0.0.1:8000"
    ),
    "KEY_SET_INVALID": N_("Non sono chiavi pubbliche che accettiamo: serve un insieme JWK con Ed25519, P-256 o RSA da 2048 bit"),
    "KEY_IS_PRIVATE": N_("Qui c’è una chiave privata: togli le chiavi private e creane una nuova, perché questa è stata mostrata"),
    "POLICY_INCOMPLETE": N_("Manca il testo in una delle due lingue"),
    "HTML_NOT_ALLOWED": N_("Il testo contiene HTML: usa solo Markdown"),
    "PASSWORD_TOO_LONG": N_("La password è troppo lunga"),
    "TOO_MANY_REQUESTS": N_("Troppe richieste: riprova tra qualche minuto"),
    "NAME_TAKEN": N_("Questo nome è già usato"),
    "NAME_INVALID": N_("La scelta non è più disponibile"),
    "GROUP_LOOP": N_("Un gruppo non può stare sotto se stesso"),
    "GROUP_NOT_EMPTY": N_("Il gruppo contiene ancora clienti o contatti: spostali, poi eliminalo"),
    "CONTACT_IS_PRIMARY": N_("È il contatto principale. Scegli prima un altro contatto principale"),
    "ALREADY_AFFILIATED": N_("La persona agisce già per questo cliente"),
    "HOME_CUSTOMER": N_("È il cliente di partenza della persona: non si può scollegare"),
    "INVOICE_NOT_DRAFT": N_("La fattura è già emessa e non si cambia più"),
    "INVOICE_EMPTY": N_("La fattura non ha voci"),
    "INVOICE_IS_DRAFT": N_("La fattura è ancora una bozza: emettila, poi registra il pagamento"),
    "CUSTOMER_TAX_DATA_MISSING": N_("Mancano i dati fiscali del cliente: completali, poi emetti la fattura"),
    "ISSUER_TAX_DATA_MISSING": N_("Mancano i dati di chi emette: completali in Impostazioni, Fatturazione"),
    "PAYMENT_EXCEEDS_BALANCE": N_("Il pagamento supera quanto resta da pagare"),
    "ROLE_IN_USE": N_("Qualcuno ha ancora questo ruolo: dagli prima un altro ruolo"),
    "ROLE_BUILT_IN": N_("Questo ruolo fa parte di Recapito e non si cambia: creane uno tuo"),
    "UNKNOWN_CAPABILITY": N_("Una delle facoltà non esiste più: ricarica la pagina"),
    "MORE_CAPABILITIES": N_("Servono facoltà che tu non hai: chiedi a chi le ha"),
    "MORE_GROUPS": N_("Servono gruppi che tu non vedi: chiedi a chi li vede"),
    "LAST_ADMINISTRATOR": N_("È l’ultimo amministratore: nominane prima un altro"),
    "PASSWORD_TOO_SHORT": N_("Servono almeno 12 caratteri"),
    "PASSWORD_TOO_COMMON": N_("È una password troppo comune"),
    "WRONG_PASSWORD": N_("La password non è giusta"),
    "WRONG_CREDENTIALS": N_("Email o password non corrispondono"),
    "POLICY_PUBLISHED": N_("Questa versione è pubblicata e non si cambia più: creane un’altra"),
    "NO_EMAIL": N_("La persona non ha un’email"),
    "ACCESS_CLOSED": N_("La persona non può entrare nel portale: attiva prima l’accesso"),
    "ETAG_MISMATCH": N_("Un’altra persona ha salvato nel frattempo. I dati scritti sono ancora qui: confronta e salva di nuovo"),
    "REQUEST_ID_REUSED": N_("Questa pagina è già stata inviata. Controlla e premi di nuovo"),
    "NOT_FRESH": N_("Per sicurezza scrivi di nuovo la tua password"),
}
# What a value of the wrong form should look like, by the beginning of its field.
_FORMS: dict[str, str] = {
    "email": "STRING_EMAIL",
    "certified_email": "STRING_EMAIL",
    "phone": "PHONE_INVALID",
    "quantity": "NUMBER_INVALID",
    "unit_price": "NUMBER_INVALID",
    "discount_percent": "NUMBER_INVALID",
    "vat_rate_percent": "NUMBER_INVALID",
    "amount": "NUMBER_INVALID",
    "payment_term_days": "DAYS_INVALID",
    "position": "PLACE_INVALID",
    "start_date": "DATE_INVALID",
    "end_date": "DATE_INVALID",
    "due_date": "DATE_INVALID",
    "receive_date": "DATE_INVALID",
    "currency_code": "CURRENCY_INVALID",
    "region_code": "COUNTRY_INVALID",
}


def error(reason: str, field: str = "") -> str:
    """Return the sentence of a reason code; a rule about the form of a value is said in terms of the field of the form."""
    wanted = _FORMS.get(field.partition("-")[0], "")
    if wanted and reason in {"STRING_PATTERN", "STRING_EMAIL", "INT32_GTE_LTE", ""}:
        reason = wanted
    return _(ERRORS.get(reason, N_("Il valore non è valido")))
