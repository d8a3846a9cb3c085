"""What the words of messages must keep to; each breach is one line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REQUIREMENTS

LANGUAGES = ("it", "en")
NAMED_IN_REQUIREMENTS = {"contact_firstname", "contact_lastname", "company_name", "crm_url", "contact_email", "set_password_url"}
EVENTS = {
    "invoice": {"issued", "due_reminder", "overdue", "payment_received"},
    "credit_note": {"issued"},
    "estimate": {"available", "expiry_reminder"},
    "proposal": {"available"},
    "contract": {"available", "expiry_reminder", "renewed"},
    "ticket": {"opened", "replied", "updated", "closed"},
    "project": {"assigned", "updated", "file_uploaded"},
    "task": {"assigned", "updated"},
}
WITHOUT_EVENT = {
    "welcome", "access_data", "set_password", "password_reset_requested", "password_reset_by_operator", "sign_in_link",
    "operator_invited", "password_changed", "second_factor_changed", "new_sign_in", "access_reported",
}  # fmt: skip
TEMPLATE_KEYS = {
    "id", "group", "title", "when", "class", "notification_type", "event", "sent_to", "can_be_disabled", "customer_override",
    "merge_fields", *LANGUAGES,
}  # fmt: skip
PARTS = ("subject", "preheader", "body_text", "body_html_fragment")
CLASSES = {"mandatory", "preference", "by_hand", "newsletter"}
SENT_TO = {"person", "primary", "subscribers", "chosen", "audience"}
FIELD_KINDS = {"text", "longtext", "block", "money", "day", "date", "moment", "url", "code"}
TAGS = {"p", "a", "table", "tr", "th", "td", "ul", "ol", "li", "strong", "em", "br", "header", "main", "footer"}
BLOCK_TAGS = {"p", "tr", "li", "table", "header", "main", "footer"}
LONGEST = {"subject": 90, "preheader": 110, "label": 40}  # characters, filled with the samples

NAMES = {"company_name", "organisation_name", "operator_name", "project_name", "proposal_title", "contract_title", "task_title"}

FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
RULE = re.compile(r"R-[A-Z]{3}-\d{2}|ruling-\d{1,2}")
ITALIAN_ARTICLE = re.compile(r"\b(?:il|lo|al|dal|del|nel|sul|[ld]|all|dall|dell|nell|sull)[ '\u2019]$", re.IGNORECASE)
# Mails speak for an organisation whose tone we do not know: neither "tu" nor "Lei"; only the words of an action are imperative.
ITALIAN_ADDRESS = re.compile(
    r"\b(tu|ti|te|tuo|tua|tuoi|tue|hai|puoi|devi|vuoi|sei|ricevi|trovi|[Gg]entile cliente)\b"
    r"|\b(Lei|Suo|Sua|Suoi|Sue|[Vv]oi|[Vv]ostr[oaie])\b"
)
EMPTY_LINK_WORDS = re.compile(r"\b(clicca|premi|qui|click|here)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Words:
    folder: Path
    fields: dict[str, Any]
    sets: dict[str, list[str]]
    templates: dict[str, Any]
    frame: dict[str, Any]
    reasons: dict[str, Any]

    @staticmethod
    def read(folder: Path) -> Words:
        merge = load(folder / "merge_fields.yaml")
        frame = folder / "templates" / "frame.yaml"
        templates = {path.stem: load(path) for path in sorted((folder / "templates").glob("*.yaml")) if path != frame}
        return Words(folder, merge["fields"], merge["sets"], templates, load(frame), load(folder / "reasons.yaml"))

    def places_of(self, field: str) -> set[str]:
        """Everything the field's allowed_in names, sets resolved to their groups."""
        return {place for name in self.fields[field]["allowed_in"] for place in self.sets.get(name, [name])}

    def filled(self, text: str, language: str) -> str:
        return FIELD.sub(lambda found: str(self.fields[found[1]]["sample"][language]) if found[1] in self.fields else found[0], text)


class Fragment(HTMLParser):
    """Reads one fragment: what is wrong with its markup, its words block by block, its links and the paragraphs that are actions."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.blocks: list[str] = [""]
        self.links: list[tuple[str, str]] = []
        self.actions: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        self.problems += [f"<{tag}> is not closed" for tag in self._open]
        self.blocks = [" ".join(block.split()) for block in self.blocks if block.strip()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = {"a": {"href"}, "th": {"scope"}}.get(tag, set())
        if tag not in TAGS:
            self.problems.append(f"<{tag}> is not allowed")
        self.problems += [f"<{tag} {name}> is not allowed" for name, _ in attrs if name not in allowed]
        if tag == "th" and ("scope", "row") not in attrs:
            self.problems.append("<th> needs scope=row")
        if tag in BLOCK_TAGS:
            self.blocks.append("")
        if tag == "a":
            self.links.append((dict(attrs).get("href") or "", ""))
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing or the wrong element")
        if tag == "p" and self.links and self.blocks[-1].strip() == self.links[-1][1].strip() != "":
            self.actions.append(self.links[-1])
        if tag in BLOCK_TAGS:
            self.blocks.append("")
        elif tag in {"th", "td"}:
            self.blocks[-1] += " "

    def handle_data(self, data: str) -> None:
        self.blocks[-1] += data
        if "a" in self._open:
            href, words = self.links[-1]
            self.links[-1] = (href, words + data)


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def used(text: str) -> set[str]:
    return set(FIELD.findall(text))


def words_alone(text: str) -> list[str]:
    """Words without colons, so that text ("Totale: 10") and table ("Totale", "10") compare equal."""
    return unescape(text).replace(":", " ").split()


def check_fields(words: Words) -> Iterator[str]:
    groups = {template["group"] for template in words.templates.values()}
    known = groups | set(words.templates) | set(words.sets) | {"frame"}
    if missing := NAMED_IN_REQUIREMENTS - set(words.fields):
        yield f"merge_fields: the requirements name {sorted(missing)}"
    for name, members in words.sets.items():
        if strange := set(members) - groups - {"frame"}:
            yield f"merge_fields: set {name} names {sorted(strange)}"
    for name in words.fields:
        yield from check_field(words, name, known)
    texts = str(words.templates) + str(words.frame) + str(words.reasons)
    yield from (
        f"merge_fields: {name} is used nowhere" for name in words.fields if f"{{{name}}}" not in texts and name not in NAMED_IN_REQUIREMENTS
    )


def check_field(words: Words, name: str, known: set[str]) -> Iterator[str]:
    """known: every name that allowed_in may use."""
    field, where = words.fields[name], f"merge_fields: {name}"
    if not FIELD.fullmatch(f"{{{name}}}"):
        yield f"{where}: not a field name"
    if field["kind"] not in FIELD_KINDS:
        yield f"{where}: kind {field['kind']} is unknown"
    if not all(field[language] and field["sample"][language] for language in LANGUAGES):
        yield f"{where}: a description or sample is missing"
    if strange := set(field["allowed_in"]) - known:
        yield f"{where}: allowed_in names {sorted(strange)}"
    if field["secret"] and (wide := set(field["allowed_in"]) - set(words.templates) - {"frame"}):
        yield f"{where}: secret, so templates are named one by one, not {sorted(wide)}"
    if (field["secret"] or field["kind"] in {"url", "longtext", "block", "code"}) and field["places"] != ["body"]:
        yield f"{where}: belongs in the body only"


def check_catalogue(words: Words) -> Iterator[str]:
    """One template for each event of each notification type, and one for each message without event."""
    wanted = {f"{kind}_{event}" for kind, events in EVENTS.items() for event in events} | WITHOUT_EVENT
    yield from (f"{name}: template is missing" for name in sorted(wanted - set(words.templates)))
    yield from (f"{name}: no event calls for this template" for name in sorted(set(words.templates) - wanted))
    for name, template in words.templates.items():
        if set(template) != TEMPLATE_KEYS:
            yield f"{name}: keys differ: {sorted(set(template) ^ TEMPLATE_KEYS)}"
            continue
        if template["id"] != name:
            yield f"{name}: id is {template['id']}"
        if template["class"] not in CLASSES or template["sent_to"] not in SENT_TO:
            yield f"{name}: class {template['class']} or sent_to {template['sent_to']} is unknown"
        kind, event = template["notification_type"], template["event"]
        if name in WITHOUT_EVENT and (kind or event):
            yield f"{name}: has no notification type or event"
        if name not in WITHOUT_EVENT and (name != f"{kind}_{event}" or template["class"] != "preference"):
            yield f"{name}: type, event and class do not fit the name"
        if template["group"] == "security" and template["can_be_disabled"]:
            yield f"{name}: a security message cannot be disabled"


def check_template(words: Words, name: str) -> Iterator[str]:
    template = words.templates[name]
    if set(template) != TEMPLATE_KEYS or any(set(template[language]) != set(PARTS) for language in LANGUAGES):
        yield f"{name}: needs {', '.join(PARTS)} in {' and '.join(LANGUAGES)}"
        return
    for part in PARTS:
        if differ := used(template["it"][part]) ^ used(template["en"][part]):
            yield f"{name}.{part}: languages differ in {sorted(differ)}"
    everywhere = used(" ".join(template[language][part] for part in PARTS for language in LANGUAGES))
    if sorted(template["merge_fields"]) != sorted(everywhere):
        yield f"{name}: merge_fields differ from use: {sorted(set(template['merge_fields']) ^ everywhere)}"
    for language in LANGUAGES:
        yield from check_texts(words, name, language)


def check_texts(words: Words, name: str, language: str) -> Iterator[str]:
    """One template in one language."""
    texts, where = words.templates[name][language], f"{name}.{language}"
    if empty := [part for part in PARTS if not texts[part].strip()]:
        yield f"{where}: {', '.join(empty)} is empty"
    for part in PARTS:
        yield from check_use(words, texts[part], f"{where}.{part}", {name, words.templates[name]["group"]}, name)
    for part in ("subject", "preheader"):
        if "\n" in texts[part] or len(words.filled(texts[part], language)) > LONGEST[part]:
            yield f"{where}.{part}: one line of at most {LONGEST[part]} characters when filled"
        if misplaced := [field for field in used(texts[part]) if field in words.fields and part not in words.fields[field]["places"]]:
            yield f"{where}.{part}: {', '.join(misplaced)} is not allowed in the {part}"
    yield from check_body(words, texts["body_text"], texts["body_html_fragment"], where)
    if language == "it" and (found := ITALIAN_ADDRESS.search(" ".join(texts[part] for part in PARTS))):
        yield f"{where}: addresses the reader with {found[0]!r}"


def check_use(words: Words, text: str, where: str, places: set[str], template: str) -> Iterator[str]:
    """Every field is declared, allowed in one of the places, and stands as its kind asks."""
    if set(re.sub(FIELD, "", text)) & set("{}"):
        yield f"{where}: a brace that belongs to no field"
    for found in FIELD.finditer(text):
        name = found[1]
        if name not in words.fields:
            yield f"{where}: {name} is not declared"
            continue
        if not words.places_of(name) & places:
            yield f"{where}: {name} is not allowed here"
        before, after = text[: found.start()], text[found.end() :]
        optional = {"all", template} & set(words.fields[name].get("optional_in", []))
        yield from (f"{where}: {problem}" for problem in check_surroundings(name, words.fields[name], before, after, bool(optional)))


def check_surroundings(name: str, field: dict[str, Any], before: str, after: str, optional: bool) -> Iterator[str]:
    kind, line_before, line_after = field["kind"], before.rpartition("\n")[2], after.partition("\n")[0]
    alone = not line_before.strip() and not line_after.strip()
    if kind == "url" and field["secret"] and not alone and not (before.endswith('href="') and after.startswith('"')):
        yield f"{name} must be a whole link target"
    if kind == "block" and not alone:
        yield f"{name} must stand alone"
    if (kind == "code" or (optional and kind != "url")) and used(line_before + line_after):
        yield f"{name} may be left out or is a code, so it shares its line with no other field"
    yield from check_grammar(name, kind, before, after)


def check_grammar(name: str, kind: str, before: str, after: str) -> Iterator[str]:
    words_before = re.sub(r"<[^>]*>", "", before)
    if name in NAMES and after.startswith("."):
        yield f"a full stop after {name} would double in 'S.r.l..'"
    if kind in {"day", "date", "moment"} and ITALIAN_ARTICLE.search(words_before[-8:]):
        yield f"no article before {name}"
    if kind == "date" and not (words_before.endswith(": ") or before.endswith("<td>")):
        yield f"{name} follows a label only"


def check_body(words: Words, text: str, html: str, where: str) -> Iterator[str]:
    """The two parts say the same; the HTML is plain, accessible and has at most one action."""
    fragment = Fragment(html)
    yield from (f"{where}: {problem}" for problem in fragment.problems)
    if len(fragment.links) > 1:
        yield f"{where}: more than one link"
    for href, label in fragment.links:
        target = FIELD.fullmatch(href)
        if not target or target[1] not in words.fields or words.fields[target[1]]["kind"] != "url":
            yield f"{where}: link target {href!r} is not a url field"
        if EMPTY_LINK_WORDS.search(label) or len(label.split()) < 2:
            yield f"{where}: {label!r} does not say where the link leads"
        if f"{label}:\n{href}" not in text:
            yield f"{where}: the text part lacks the action {label!r}"
    if len(fragment.actions) != len(fragment.links):
        yield f"{where}: a link stands alone in its paragraph"
    targets = {href for href, _ in fragment.links}
    in_text = [word for line in text.splitlines() if line.strip() not in targets for word in words_alone(line)]
    if in_text != [word for block in fragment.blocks for word in words_alone(block)]:
        yield f"{where}: text and HTML differ in words"


def check_frame(words: Words) -> Iterator[str]:
    for language in LANGUAGES:
        for part in ("text", "html"):
            source = words.frame[language][part]
            if "{body}" not in source or "{footer}" not in source:
                yield f"frame.{language}.{part}: needs {{body}} and {{footer}}"
            plain = source.replace("{body}", "").replace("{footer}", "")
            yield from check_use(words, plain, f"frame.{language}.{part}", {"frame"}, "frame")
        yield from (f"frame.{language}: {problem}" for problem in Fragment(words.frame[language]["html"]).problems)
    for name, footer in words.frame["footers"].items():
        for language in LANGUAGES:
            text, html = footer[language]["text"], footer[language]["html"]
            for part, source in (("text", text), ("html", html)):
                yield from check_use(words, source, f"frame.{name}.{language}.{part}", {"frame"}, "frame")
                if used(source) != set(footer["merge_fields"]) or "why_received" not in used(source):
                    yield f"frame.{name}.{language}.{part}: merge_fields differ from use, or why_received is missing"
            yield from check_body(words, text, html, f"frame.{name}.{language}")


def check_reasons(words: Words) -> Iterator[str]:
    sets = words.reasons["sets"]
    codes = Counter(code for group in sets.values() for code in group["reasons"])
    yield from (f"reasons: {code} stands in {count} sets" for code, count in codes.items() if count > 1)
    known_rules = requirement_ids()
    for group_name, group in sets.items():
        labels = Counter((language, reason[language]["label"]) for reason in group["reasons"].values() for language in LANGUAGES)
        yield from (f"reasons: {group_name} has the label {label!r} twice" for (_, label), count in labels.items() if count > 1)
        for code, reason in group["reasons"].items():
            if unknown := [
                rule for rule in reason.get("rules", []) if not RULE.fullmatch(rule) or (known_rules and rule not in known_rules)
            ]:
                yield f"reasons: {code} cites {', '.join(unknown)}, which does not exist"
            yield from check_reason(words, group_name, code, reason)
    yield from check_order(set(sets["decision"]["reasons"]), words.reasons["order"])


def check_reason(words: Words, group_name: str, code: str, reason: dict[str, Any]) -> Iterator[str]:
    if not CODE.fullmatch(code):
        yield f"reasons: {code} is not UPPER_SNAKE"
    for language in LANGUAGES:
        yield from check_reason_words(words, reason[language], f"reasons: {code}.{language}")
    footer_known = reason.get("footer") in words.frame["footers"]
    if code.startswith("SEND_") and not (footer_known and all("why" in reason[language] for language in LANGUAGES)):
        yield f"reasons: {code} needs why in both languages and a footer of the frame"
    known_kind = reason.get("kind") in {"permanent", "temporary", "ours"}
    if group_name == "failure" and not (known_kind and isinstance(reason.get("suspends"), bool)):
        yield f"reasons: {code} needs kind and suspends"


def check_order(decisions: set[str], order: dict[str, list[str]]) -> Iterator[str]:
    listed = {code for codes in order.values() for code in codes}
    yield from (f"reasons: {code} is in no order or no decision" for code in sorted(decisions ^ listed))
    for occasion, checks in order.items():
        if len(set(checks)) != len(checks) or not checks[-1].startswith("SEND_"):
            yield f"reasons: order {occasion} repeats a code or does not end by sending"


def check_reason_words(words: Words, texts: dict[str, str], where: str) -> Iterator[str]:
    if len(texts["label"]) > LONGEST["label"] or texts["label"].endswith("."):
        yield f"{where}.label: at most {LONGEST['label']} characters, no full stop"
    for key in set(texts) - {"label"}:
        sentence = texts[key]
        if not sentence.endswith(".") or re.search(r"[.!?] [A-ZÀ-Ý«\"]", sentence) or not sentence[0].isupper():
            yield f"{where}.{key}: not one sentence"
        if key == "why":
            yield from check_use(words, sentence, f"{where}.why", {"frame"}, "frame")
        elif "{" in sentence:
            yield f"{where}.{key}: takes no fields"


def requirement_ids() -> set[str]:
    text = REQUIREMENTS.read_text(encoding="utf-8")
    rulings = re.findall(r"^(\d+)\. \*\*", text, re.MULTILINE)
    return set(re.findall(r"^- \*\*(R-[A-Z]{3}-\d{2})\*\*", text, re.MULTILINE)) | {f"ruling-{number}" for number in rulings}


def problems(words: Words) -> Iterator[str]:
    yield from check_fields(words)
    yield from check_catalogue(words)
    for name in words.templates:
        yield from check_template(words, name)
    yield from check_frame(words)
    yield from check_reasons(words)
