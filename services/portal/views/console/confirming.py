"""Pages that say what will happen before it does: shown first, then sent with the etag of what they showed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import render_template, request

from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form, Value

NO_FIELDS: Mapping[str, str] = {}
NO_VALUES: Mapping[str, Value] = {}


def ask_first(
    etag: str,
    act: Callable[[Form], Reply | None],
    show: Callable[[Form], Reply],
    *,
    fields: Mapping[str, str] = NO_FIELDS,
    values: Mapping[str, Value] = NO_VALUES,
) -> Reply:
    """Show what will happen; when the page is sent, do it and go where `act` says.

    A refusal brings the page back with its reason, as does an `act` that answers None and leaves its own. After a conflict the
    page carries the new etag: sending it again means the thing as it is shown now. values: what the page proposes at first.
    """
    if request.method != "POST":
        return show(Form.filled({"etag": etag, **values}))
    form = Form.sent()
    with form.sending(fields):
        if (done := act(form)) is not None:
            return done
    form.compare({"etag": etag})
    return show(form)


def shown(page: str, form: Form, **values: object) -> Reply:
    """Return a page with a form, under the code that fits its errors."""
    return render_template(f"console/{page}.html", form=form.again(), **values), form.code
