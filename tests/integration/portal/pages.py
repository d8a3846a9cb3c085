"""Pages as a browser reads them: text, links and forms that are filled in and sent by the words on their buttons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.portal.fakes import PASSWORD

OURS = {"Sec-Fetch-Site": "same-origin"}
_VOID = {"input", "br", "hr", "img", "meta", "link", "use", "rect", "line", "path", "circle"}


@dataclass
class Form:
    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)  # what a check box, radio button or select offers
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # words, name, value


class Page(HTMLParser):
    """One answer. text: what is read, in one line. links: words and address."""

    def __init__(self, address: str, markup: str) -> None:
        super().__init__()
        self.address, self.markup = address, markup
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.errors: dict[str, str] = {}  # field -> what stands under it
        self._words: list[str] = []
        self._open: list[tuple[str, dict[str, str], int]] = []
        self._select, self._area = "", ""
        self._form: Form | None = None
        self.feed(markup)
        self.text = _line("".join(self._words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action") or self.address, given.get("method", "get"))
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(tag, given)
        if tag not in _VOID:
            self._open.append((tag, given, len(self._words)))
        self._words.append(" ")

    def _field(self, tag: str, given: dict[str, str]) -> None:
        form, name = self._form, given.get("name", "")
        if form is None or "disabled" in given:
            return
        if tag == "input" and name:
            kind, value = given.get("type", "text"), given.get("value", "")
            if kind in {"checkbox", "radio"}:
                form.choices.setdefault(name, []).append(value)
                if "checked" in given:
                    form.values.setdefault(name, []).append(value)
            else:
                form.values.setdefault(name, []).append(value)
        elif tag == "select":
            self._select = name
            form.choices.setdefault(name, [])
        elif tag == "option" and self._select:
            form.choices[self._select].append(given.get("value", ""))
            if "selected" in given or len(form.choices[self._select]) == 1:
                form.values[self._select] = [given.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, given, start = self._open.pop()
            if opened == tag:
                break
        else:
            return
        words = "".join(self._words[start:])
        if tag == "a" and "href" in given:
            self.links.append((given.get("aria-label") or _line(words), given["href"]))
        elif tag == "button" and self._form is not None and given.get("type") == "submit":
            self._form.buttons.append((given.get("aria-label") or _line(words), given.get("name", ""), given.get("value", "")))
        elif tag == "textarea" and self._form is not None:
            self._form.values[given["name"]] = [words.strip("\n ")]
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._form = None
        if "invalid-feedback" in given.get("class", ""):
            self.errors[given.get("id", "").removesuffix("-e")] = _line(words)
        self._words.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def form(self, button: str) -> tuple[Form, tuple[str, str]]:
        """Return the form with a button of these words, and what the button itself sends."""
        for form in self.forms:
            for words, name, value in form.buttons:
                if words == button:
                    return form, (name, value)
        raise AssertionError(f'no button "{button}"; there are {[words for form in self.forms for words, _n, _v in form.buttons]}')

    def link(self, words: str) -> str:
        found = [address for text, address in self.links if text == words]
        assert found, f'no link "{words}" among {[text for text, _address in self.links]}'
        return found[0]


class Operator:
    """Somebody at work in the console: opens pages, follows links by their words, fills in forms and presses buttons."""

    def __init__(self, client: FlaskClient, language: str = "it") -> None:
        self._client, self._headers = client, {"Accept-Language": language}
        self.page = Page("", "")
        self.answer: TestResponse

    def open(self, address: str, **headers: str) -> Page:
        self.answer = self._client.get(address, headers={**self._headers, **headers})
        return self._settle(address)

    def follow(self, words: str) -> Page:
        return self.open(self.page.link(words))

    def press(self, button: str, **changes: str | list[str] | None) -> Page:
        """Send the form of a button with some fields changed; None leaves a field out. A redirect is followed."""
        form, (name, value) = self.page.form(button)
        data: dict[str, Any] = {**form.values, **({name: value} if name else {})}
        for changed, given in changes.items():
            field_name = changed.replace("__", "-")
            known = form.values.keys() | form.choices.keys()
            assert field_name in known, f'no field "{field_name}" in the form; there are {sorted(known)}'
            data.pop(field_name, None) if given is None else data.update({field_name: given})
        self.sent = form.action, data
        return self.send(form.action, data)

    def send(self, address: str, data: dict[str, Any]) -> Page:
        self.answer = self._client.post(address, data=data, headers={**self._headers, **OURS})
        return self._settle(address)

    def sign_in(self, email: str = "francesca@studio.example", password: str = PASSWORD) -> Page:
        self.open("/console/sign-in")
        return self.press("Accedi" if self._headers["Accept-Language"] == "it" else "Sign in", email=email, password=password)

    def _settle(self, address: str) -> Page:
        """Follow redirects and read the page at their end."""
        while self.answer.status_code in {302, 303}:
            address = self.answer.location
            self.answer = self._client.get(address, headers=self._headers)
        markup = self.answer.get_data(as_text=True) if self.answer.mimetype == "text/html" else ""
        self.page = Page(address, markup)
        return self.page


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " ")).strip()
