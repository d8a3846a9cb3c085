"""The words that ship with this service: templates in their frame, merge fields, reasons, phrases; styles are written in here, once."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import css_inline
import yaml

from services.notifications.domain.contents import Phrases
from services.notifications.domain.kinds import KINDS, Kind, Reason
from services.notifications.domain.templates import Field, Fields, Source, Template, TemplateInvalid, compiled

FOLDER = Path(__file__).parent.parent / "words"
LANGUAGES = ("it", "en")

# One column of at most 600 px, 16 px text; the action is a button of at least 44 px, white on dark green (contrast 7.6:1).
STYLE = """
body { margin: 0; padding: 24px 12px; background: #f3f5f4; color: #1b2a26; font: 16px/1.5 system-ui, "Segoe UI", Roboto, Arial, sans-serif; }
div.column { max-width: 600px; margin: 0 auto; background: #ffffff; border: 1px solid #dbe3e0; border-radius: 8px; }
div.preheader { display: none; max-height: 0; overflow: hidden; }
header { padding: 20px 24px 0; font-weight: 700; }
header p { margin: 0; text-align: start; }
main { padding: 12px 24px 8px; }
main p { margin: 12px 0; text-align: start; overflow-wrap: anywhere; }
main table { border-collapse: collapse; width: 100%; margin: 16px 0; }
main th { padding: 6px 0; font-weight: 400; color: #50625c; border-bottom: 1px solid #e6ecea; width: 40%; text-align: start; vertical-align: top; }
main td { padding: 6px 0; border-bottom: 1px solid #e6ecea; font-weight: 600; text-align: start; overflow-wrap: anywhere; }
p.action { margin: 20px 0; }
p.action a { display: inline-block; padding: 12px 22px; background: #14543f; color: #ffffff; text-decoration: none; font-weight: 600; border-radius: 6px; line-height: 20px; }
footer { padding: 12px 24px 20px; border-top: 1px solid #e6ecea; font-size: 14px; color: #50625c; }
footer p { margin: 6px 0; text-align: start; overflow-wrap: anywhere; }
"""  # noqa: E501 - style sheet
PAGE = """<!DOCTYPE html>
<html lang="{language}" dir="{=dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body dir="{=dir}">
<div class="preheader">{preheader}</div>
<div class="column">
{frame}
</div>
</body>
</html>
"""
_ACTION = re.compile(r'<p>(<a href="\{\w+\}">[^<]*</a>)</p>')
_FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class FileWords:
    """Reads the folder once; a template is compiled at its first use, and `check` compiles all of them."""

    def __init__(self, folder: Path = FOLDER) -> None:
        merge = _load(folder / "merge_fields.yaml")
        self._samples: Mapping[str, Any] = {name: field["sample"] for name, field in merge["fields"].items()}
        self._templates = {path.stem: _load(path) for path in sorted((folder / "templates").glob("*.yaml"))}
        self._frame = self._templates.pop("frame")
        reasons = _load(folder / "reasons.yaml")
        self.order: Mapping[str, list[str]] = reasons["order"]
        self._reasons: Mapping[str, Any] = {code: words for group in reasons["sets"].values() for code, words in group["reasons"].items()}
        self.phrases = Phrases(**_load(folder / "phrases.yaml"))
        self.fields: Fields = {name: self._field(name, field, merge["sets"]) for name, field in merge["fields"].items()}
        self.template = functools.cache(self._template)
        self.revised = functools.lru_cache(200)(self._revised)

    def _field(self, name: str, field: Mapping[str, Any], sets: Mapping[str, list[str]]) -> Field:
        groups = {place for named in field["allowed_in"] for place in sets.get(named, [named])}
        kinds = {kind for kind, words in self._templates.items() if kind in groups or words["group"] in groups}
        return Field(
            name,
            field["kind"],
            secret=field["secret"],
            places=frozenset(field["places"]),
            allowed_in=frozenset(kinds | ({"frame"} & groups)),
            optional_in=frozenset(field.get("optional_in", ())),
            may_be_empty="empty_when" in field,
        )

    def check(self) -> None:
        """Compile everything; TemplateInvalid when a kind has no template or a template is wrong."""
        if set(self._templates) != set(KINDS):
            raise TemplateInvalid(f"kinds and templates differ: {sorted(set(self._templates) ^ set(KINDS))}")
        for source in self.sources():
            self.template(source.kind, source.language, Reason(source.reason))

    # --- templates -------------------------------------------------------------------------------------------------------------------
    def sources(self) -> Iterable[Source]:
        for kind in KINDS.values():
            for language in LANGUAGES:
                for reason in sorted(kind.send_reasons, key=lambda reason: reason.name):
                    yield self.template(kind.name, language, reason).source

    def _template(self, kind: str, language: str, reason: Reason) -> Template:
        return compiled(self._source(KINDS[kind], language, reason), self.fields)

    def _revised(self, source: Source) -> Template:
        return compiled(source, self.fields)

    def _source(self, kind: Kind, language: str, reason: Reason) -> Source:
        words, reason_words = self._templates[kind.name][language], self._reasons[reason.name]
        footer, why = self._frame["footers"][reason_words["footer"]][language], reason_words[language]["why"]
        frame = self._frame[language]
        text = _in_frame(frame["text"], words["body_text"], footer["text"].replace("{why_received}", why))
        fragment = _ACTION.sub(r'<p class="action">\1</p>', words["body_html_fragment"])
        html_words = _in_frame(frame["html"], fragment, footer["html"].replace("{why_received}", html.escape(why, quote=False)))
        return Source(
            kind.name,
            language,
            reason.name,
            words["subject"],
            words["preheader"],
            text,
            _page(language, words["subject"], words["preheader"], html_words),
        )

    def code(self, code: str, language: str) -> tuple[str, str]:
        words = self._reasons[code][language]
        return words["label"], words["text"]

    def sample(self, name: str, language: str) -> str:
        return str(self._samples[name][language])

    @property
    def failures(self) -> Sequence[str]:
        """Why an attempt may fail, by code."""
        return [code for code in self._reasons if code.startswith("FAIL_")]

    def suspends(self, failure: str) -> bool:
        return bool(self._reasons.get(failure, {}).get("suspends"))


def _in_frame(frame: str, body: str, footer: str) -> str:
    return frame.replace("{body}", body.rstrip("\n")).replace("{footer}", footer.rstrip("\n"))


def _page(language: str, subject: str, preheader: str, frame: str) -> str:
    """Return the document with its styles in the elements; fields in title and preheader are marked as plain."""

    def plain(words: str) -> str:
        return _FIELD.sub(r"{=\1}", html.escape(words, quote=False))

    parts: Iterator[tuple[str, str]] = iter(
        (
            ("{language}", language),
            ("{style}", STYLE),
            ("{title}", plain(subject)),
            ("{preheader}", plain(preheader)),
            ("{frame}", frame),
        )
    )
    page = PAGE
    for slot, value in parts:
        page = page.replace(slot, value)
    inlined = css_inline.inline(page, keep_style_tags=False, load_remote_stylesheets=False)
    # Our words are written from left to right in both languages: on a page of the other direction the columns change sides and the
    # lines begin on the right, but the words of a sentence keep their order.
    return re.sub(r"<(p|th|td)(?=[ >])", r'<\1 dir="ltr"', inlined).replace("text-align: start", "text-align: {=align}")


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if repeated := {str(key) for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(None, None, f"key twice: {', '.join(sorted(repeated))}", node.start_mark)
        return super().construct_mapping(node, deep)


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)  # noqa: S506 - a SafeLoader, made stricter
