"""What people read when something is refused or fails."""

from __future__ import annotations

import math

from flask import Flask, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from libs import telemetry, web
from libs.errors import (
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    ServiceError,
    Unavailable,
)
from services.portal.views.i18n import N_, ngettext
from services.portal.views.i18n import gettext as _

log = telemetry.logger(__name__)

SENTENCES = {  # reason -> what to do about it; of sign-in, links, passwords and the policy
    "WRONG_CREDENTIALS": N_("Email o password non corrette. Controlla e riprova."),
    "PASSWORD_TOO_SHORT": N_("La password è troppo corta: servono almeno 12 caratteri."),
    "PASSWORD_TOO_LONG": N_("La password è troppo lunga: al massimo 1.024 byte."),
    "PASSWORD_TOO_COMMON": N_("Questa password è troppo comune: scegli una frase di più parole."),
    "PASSWORD_UNCHANGED": N_("La nuova password è uguale a quella attuale: scegline un’altra."),
    "MAGIC_LINK_SESSION": N_(
        "Con un link di accesso la password non si cambia: accedi con la password, o chiedi un link per sceglierne una."
    ),
    "WRONG_CODE": N_("Il codice non è giusto o è già stato usato. Aspetta il prossimo e riprova."),
    "WRONG_PASSKEY": N_("La passkey non è stata riconosciuta. Riprova, o entra in un altro modo."),
    "WRONG_PROOF": N_("La password o il codice non sono giusti. Riprova."),
    "NOT_FRESH": N_("È passato del tempo dall’accesso: scrivi di nuovo la password, poi conferma."),
    "FACTORS_OFF": N_("Qui l’accesso in due passaggi non è attivo. Scrivi a chi gestisce l’area riservata."),
    "TOO_MANY_FACTORS": N_("Hai già dieci modi di conferma: togline uno, poi aggiungi il nuovo."),
    "NO_SECOND_FACTOR": N_("Prima aggiungi un’app di codici o una passkey."),
    "PASSKEY_TAKEN": N_("Questa passkey è già in uso. Scegli un altro dispositivo."),
    "WRONG_PASSWORD": N_("La password attuale non è corretta."),
    "SELF_SERVICE_RESET_OFF": N_("Qui non si può chiedere da soli una nuova password: scrivi a chi gestisce l’area riservata."),
    "POLICY_NOT_CURRENT": N_("Nel frattempo l’informativa è cambiata: leggi la nuova versione."),
    "PROVIDER_SIGN_IN_EXPIRED": N_("Questo accesso è scaduto, o è cominciato in un altro browser. Ricomincia da qui."),
    "PROVIDER_REFUSED": N_("L’accesso non è riuscito. Riprova; se succede ancora, avvisa chi gestisce la console."),
    "PROVIDER_CANCELLED": N_("L’accesso non è stato completato. Riprova, o entra con la password."),
    "PROVIDER_PERSON_UNKNOWN": N_("Con questo account non si entra nella console. Chiedi a chi la gestisce di controllare il tuo."),
    "PROVIDER_UNAVAILABLE": N_("Il servizio che verifica chi sei non risponde. Riprova tra poco, o entra con la password."),
    "ACCESS_CLOSED": N_("L’accesso all’area riservata non è attivo. Scrivi a chi la gestisce."),
}
GENERIC = N_("Qualcosa non ha funzionato. Riprova tra poco.")


def said(reason: str) -> str:
    """Return the sentence of a reason."""
    return _(SENTENCES.get(reason, GENERIC))


def sentence(error: ServiceError) -> str:
    """Return what a person reads for the reason of an error; the first field's when the error itself has none."""
    reason = error.reason or next((fault.reason for fault in error.violations if fault.reason), "")
    return said(reason)


def wait(error: ServiceError) -> str:
    """Return when it is worth trying again."""
    minutes = max(1, math.ceil((error.retry_after_seconds or 60) / 60))
    return ngettext("Troppi tentativi. Riprova tra un minuto.", "Troppi tentativi. Riprova tra %(num)s minuti.", minutes)


PAGES = {  # status -> title, what happened and what to do
    403: (
        N_("Questa pagina è rimasta aperta troppo a lungo"),
        N_("Per sicurezza il modulo non è stato accettato. Non è cambiato nulla: torna indietro, ricarica la pagina e riprova."),
    ),
    404: (
        N_("Questa pagina non c’è"),
        N_("L’indirizzo è sbagliato, oppure la pagina non è tra quelle che puoi aprire."),
    ),
    405: (N_("Qui non si arriva così"), N_("Torna indietro e usa i pulsanti della pagina.")),
    409: (
        N_("Nel frattempo qualcosa è cambiato"),
        N_("Non è stato salvato nulla. Apri di nuovo la pagina per vedere i dati di adesso."),
    ),
    413: (N_("È troppo lungo"), N_("Il testo inviato supera il limite. Accorcialo e riprova.")),
    429: (N_("Troppe richieste"), N_("Aspetta un momento e riprova. Non è cambiato nulla.")),
    500: (
        N_("Qualcosa non ha funzionato"),
        N_("Il problema è nostro ed è stato registrato. Riprova tra poco; se continua, comunica il numero qui sotto."),
    ),
    503: (
        N_("Il servizio non risponde"),
        N_("Una parte del sistema è ferma o riparte in questo momento. Riprova tra qualche secondo: non è andato perso nulla."),
    ),
}
_STATUS: dict[type[ServiceError], int] = {
    NotFound: 404,
    PermissionDenied: 404,  # a page that this person may not see and one that does not exist look the same
    InvalidArgument: 404,  # of a page: an address that nobody made, such as a broken page token
    AlreadyExists: 409,
    FailedPrecondition: 409,
    Aborted: 409,
    ResourceExhausted: 429,
    Unavailable: 503,
    DeadlineExceeded: 503,
}


def page(status: int, retry_after_seconds: float | None = None) -> Response:
    title, text = PAGES.get(status, PAGES[404 if status < 500 else 500])
    front = "console" if request.path.startswith("/console") else "area"
    answer = make_response(render_template("error.html", title=_(title), text=_(text), status=status, front=front, trace=web.trace_id()))
    answer.status_code = status
    if retry_after_seconds is not None:
        answer.headers["Retry-After"] = str(max(1, math.ceil(retry_after_seconds)))
    return answer


def _on_service_error(error: ServiceError) -> Response:
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    if status >= 500:
        log.warning("a service failed", route=str(request.url_rule), error=type(error).__name__, reason=error.reason)
    return page(status, error.retry_after_seconds)


def _on_http_error(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400:
        return error
    answer = page(error.code)
    for name, value in error.get_headers(request.environ):
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _on_unhandled(error: Exception) -> Response:
    log.error("unhandled error", route=str(request.url_rule), exc_info=error)
    telemetry.unhandled()
    g.pop("person", None)  # the page of an error needs nothing that may have failed
    return page(500)


def add_to(app: Flask) -> None:
    app.register_error_handler(ServiceError, _on_service_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_unhandled)
