"""Templates with merge fields: compiled once, filled in one pass, each value escaped for its place."""

from __future__ import annotations

import enum
import functools
import hashlib
import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from libs.errors import InvalidArgument

LARGEST_BYTES = 512 * 1024  # of one rendered message, subject and both parts
_FIELD = re.compile(r"\{(=?)([a-z][a-z0-9_]*)\}")
_LAYOUT = frozenset({"dir", "align"})  # slots of the page itself


class TemplateInvalid(InvalidArgument):
    """A template names a field that does not exist or may not stand there."""

    reason = "TEMPLATE_INVALID"


class ContentMissing(InvalidArgument):
    """A value that the message needs is empty; it is never sent with a hole."""

    reason = "FAIL_CONTENT"


class HeaderUnsafe(InvalidArgument):
    """A value for a header holds what could make another header of it."""

    reason = "FAIL_UNSAFE_HEADER"


@dataclass(frozen=True)
class Field:
    """One merge field of the closed list.

    kind: text, longtext, money, day, date, moment, url or code. secret: shown as a mark in every copy. allowed_in: kinds of message.
    optional_in: kinds in which an empty value leaves out its line, paragraph or row. may_be_empty: an empty value becomes no text.
    """

    name: str
    kind: str
    secret: bool = False
    places: frozenset[str] = frozenset({"body"})
    allowed_in: frozenset[str] = frozenset()
    optional_in: frozenset[str] = frozenset()
    may_be_empty: bool = False


Fields = Mapping[str, Field]


@dataclass(frozen=True)
class Source:
    """The words of one kind in one language for one reason, frame and footer in place.

    html: a whole document, styles already written into the elements; {=name} is a field in plain text there (title, attributes),
    {=dir} and {=align} are the direction of the page and the side on which its lines begin.
    """

    kind: str
    language: str
    reason: str
    subject: str
    preheader: str
    text: str
    html: str

    @functools.cached_property
    def revision(self) -> str:
        """Return what names exactly these words."""
        parts = (self.kind, self.language, self.reason, self.subject, self.preheader, self.text, self.html)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


class _Mode(enum.Enum):
    """Where a value lands."""

    HEADER = "header"
    TEXT = "text"
    HTML = "html"
    PLAIN_HTML = "plain html"  # inside <title> and attributes, where no <bdi> can stand
    URL = "url"


@dataclass(frozen=True)
class _Slot:
    name: str
    mode: _Mode
    lines: bool = False  # keeps its line breaks
    secret: bool = False


@dataclass(frozen=True)
class _Block:
    """Literals, and numbers of slots, that appear together, or not at all while one of `needs` is empty."""

    pieces: tuple[str | int, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Paragraph:
    lines: tuple[_Block, ...]
    needs: tuple[str, ...] = ()


# --- compiling -----------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Template:
    """A compiled source. names: the fields that it uses; secrets: those of them that are links or codes."""

    source: Source
    names: frozenset[str]
    secrets: frozenset[str]
    needed: frozenset[str]
    _slots: tuple[_Slot, ...] = field(repr=False)
    _subject: _Block = field(repr=False)
    _text: tuple[_Paragraph, ...] = field(repr=False)
    _html: tuple[_Block, ...] = field(repr=False)

    def render(self, values: Mapping[str, str], *, right_to_left: bool = False, mark: str = "") -> Rendered:
        """Fill in values, which are plain text; `mark`: what stands for the secrets in a copy, "" to write them out.

        Raises ContentMissing, HeaderUnsafe, or InvalidArgument FAIL_CONTENT when the message grows too large.
        """
        if missing := [name for name in self.needed if not values.get(name)]:
            raise ContentMissing(f"no value for {', '.join(sorted(missing))}")
        filled = dict.fromkeys(self.secrets, mark) if mark else {}
        layout = {"dir": "rtl", "align": "right"} if right_to_left else {"dir": "ltr", "align": "left"}
        filler = _Filler({**values, **{name: mark for name in filled if values.get(name)}, **layout}, self._slots, mark)
        rendered = Rendered(filler.fill(self._subject), filler.text(self._text), "".join(map(filler.fill, self._html)))
        size = len(rendered.subject) + len(rendered.text) + len(rendered.html)
        if (
            size * 4 > LARGEST_BYTES
            and sum(len(part.encode()) for part in (rendered.subject, rendered.text, rendered.html)) > LARGEST_BYTES
        ):
            raise ContentMissing(f"the message would exceed {LARGEST_BYTES} bytes")
        return rendered


class _Filler:
    """Each slot is escaped once, however often its value appears."""

    def __init__(self, values: Mapping[str, str], slots: Sequence[_Slot], mark: str) -> None:
        self._values = values
        self._escaped = [_escaped(values.get(slot.name, ""), slot, mark) for slot in slots]

    def fill(self, block: _Block) -> str:
        if block.needs and not all(map(self._values.get, block.needs)):
            return ""
        escaped = self._escaped
        return "".join([piece if type(piece) is str else escaped[piece] for piece in block.pieces])  # type: ignore[index] # else an int

    def text(self, paragraphs: tuple[_Paragraph, ...]) -> str:
        written: list[str] = []
        for paragraph in paragraphs:
            if all(self._values.get(name) for name in paragraph.needs):
                lines = [line for line in map(self.fill, paragraph.lines) if line]
                if lines:
                    written.append("\n".join(lines))
        return "\n\n".join(written) + "\n"


def _escaped(value: str, slot: _Slot, mark: str) -> str:
    """The readers of one dispatch share most values, so escaping is remembered; a link belongs to one reader, and is not kept."""
    if not value:
        return ""  # of a block that is left out, or of a field that may be empty
    return escape(value, slot.mode.value, slot.lines, mark=mark) if slot.secret else escape_shared(value, slot.mode.value, slot.lines)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they could make the rest of the page read backwards
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]*)?")


def escape(value: str, mode: str, lines: bool = False, *, mark: str = "") -> str:
    """Return a value as it may stand in its place: "header", "text", "html", "plain html" or "url"; in one line unless `lines`."""
    value = value.encode(errors="replace").decode()
    if mode == "header":
        if _CONTROL.search(value) or "=?" in value:
            raise HeaderUnsafe("a value holds a control character or the start of an encoded word")
        return _REORDERING.sub("", value)
    if mode == "url":
        if mark and value == mark:
            return "#"
        if not _URL.fullmatch(value):
            raise HeaderUnsafe("a link is not an address of ours")
        return html.escape(value)
    if lines and mode != "plain html":
        kept = [_line(line) for line in value.splitlines()]
        return "\n".join(kept) if mode == "text" else f"<bdi>{'<br>'.join(map(html.escape, kept))}</bdi>"
    value = _line(value)
    if mode == "text":
        return value
    return html.escape(value) if mode == "plain html" else f"<bdi>{html.escape(value)}</bdi>"


escape_shared = functools.lru_cache(4096)(escape)


def _line(value: str) -> str:
    return _SPACES.sub(" ", _REORDERING.sub("", value)).strip()


def one_line(value: str) -> str:
    """Return a value of one line: breaks become spaces. Values of every kind but longtext pass through here."""
    return _line(value) if _SPACES.search(value) or _REORDERING.search(value) else value


def compiled(source: Source, fields: Fields) -> Template:
    """Check and compile; TemplateInvalid says what is wrong, with the place."""
    for part, place in (("subject", "subject"), ("preheader", "preheader"), ("text", "body"), ("html", "body")):
        for name in _names(getattr(source, part)):
            if part != "html" or name not in _LAYOUT:
                _check(source, part, place, name, fields)
    names = frozenset(_names(source.subject + source.text + source.html)) - _LAYOUT
    optional = frozenset(name for name in names if source.kind in fields[name].optional_in or "all" in fields[name].optional_in)
    compiler = _Compiler(fields, optional)
    subject, text = compiler.block(source.subject, _Mode.HEADER), tuple(compiler.paragraphs(source.text))
    page = tuple(_merged(compiler.elements(source.html)))
    return Template(
        source,
        names,
        frozenset(name for name in names if fields[name].secret),
        frozenset(name for name in names - optional if not fields[name].may_be_empty),
        tuple(compiler.slots),
        subject,
        text,
        page,
    )


def _names(text: str) -> Iterator[str]:
    return (found[2] for found in _FIELD.finditer(text))


def _check(source: Source, part: str, place: str, name: str, fields: Fields) -> None:
    where = f"{source.kind}.{source.language}.{part}"
    known = fields.get(name)
    if known is None:
        raise TemplateInvalid(f"{where}: {{{name}}} is not a merge field")
    in_frame = "frame" in known.allowed_in and place == "body"
    if source.kind not in known.allowed_in and not in_frame:
        raise TemplateInvalid(f"{where}: {{{name}}} is not allowed in this template")
    if place not in known.places and not (place == "body" and known.places):
        raise TemplateInvalid(f"{where}: {{{name}}} is not allowed in the {place}")
    if known.kind == "url" and part == "html" and re.search(rf'(?<!href=")\{{{name}\}}|\{{{name}\}}(?!")', source.html) and known.secret:
        raise TemplateInvalid(f"{where}: {{{name}}} must be the whole target of a link")
    if known.kind == "url" and known.secret and part == "text" and not re.search(rf"(?m)^\{{{name}\}}$", source.text):
        raise TemplateInvalid(f"{where}: {{{name}}} must stand alone in its line")


_ELEMENT = re.compile(r"<(p|tr)\b[^>]*>.*?</\1>\n?", re.DOTALL)


class _Compiler:
    """Turns sources into blocks; the slots of all of them are numbered together."""

    def __init__(self, fields: Fields, optional: frozenset[str]) -> None:
        self._fields, self._optional = fields, optional
        self.slots: dict[_Slot, int] = {}

    def block(self, text: str, mode: _Mode, needs: Iterable[str] = ()) -> _Block:
        pieces: list[str | int] = []
        at = 0
        for found in _FIELD.finditer(text):
            if literal := text[at : found.start()]:
                pieces.append(literal)
            pieces.append(self._slot(found, text, mode))
            at = found.end()
        if rest := text[at:]:
            pieces.append(rest)
        if set(_FIELD.sub("", text)) & set("{}"):
            raise TemplateInvalid("a brace belongs to no field")
        return _Block(tuple(pieces), tuple(sorted(needs)))

    def _slot(self, found: re.Match[str], text: str, mode: _Mode) -> int:
        name = found[2]
        known = self._fields.get(name)
        slot = _Slot(name, _mode(text, found, mode), known is not None and known.kind == "longtext", known is not None and known.secret)
        return self.slots.setdefault(slot, len(self.slots))

    def _needs(self, text: str) -> set[str]:
        return {name for name in _names(text) if name in self._optional}

    def paragraphs(self, text: str) -> Iterator[_Paragraph]:
        """Split at blank lines. An empty link takes its paragraph with it, because the line above it names the link."""
        for paragraph in re.split(r"\n{2,}", text.strip("\n")):
            needs = self._needs(paragraph)
            if not needs:
                yield _Paragraph((self.block(paragraph, _Mode.TEXT),))
                continue
            links = tuple(sorted(name for name in needs if self._fields[name].kind == "url"))
            yield _Paragraph(tuple(self.block(line, _Mode.TEXT, self._needs(line)) for line in paragraph.split("\n")), links)

    def elements(self, text: str) -> Iterator[_Block]:
        at = 0
        for found in _ELEMENT.finditer(text):
            yield self.block(text[at : found.start()], _Mode.HTML)
            yield self.block(found[0], _Mode.HTML, self._needs(found[0]))
            at = found.end()
        yield self.block(text[at:], _Mode.HTML)


def _mode(text: str, found: re.Match[str], mode: _Mode) -> _Mode:
    if mode is not _Mode.HTML:
        return mode
    if found[1]:
        return _Mode.PLAIN_HTML
    return _Mode.URL if text[: found.start()].endswith('href="') else _Mode.HTML


def _merged(blocks: Iterable[_Block]) -> Iterator[_Block]:
    """Join neighbours that always appear, so that filling touches few pieces."""
    pieces: list[str | int] = []
    for block in blocks:
        if block.needs:
            yield _Block(tuple(pieces))
            yield block
            pieces = []
            continue
        for piece in block.pieces:
            last = pieces[-1] if pieces else None
            if isinstance(piece, str) and isinstance(last, str):
                pieces[-1] = last + piece
            else:
                pieces.append(piece)
    yield _Block(tuple(pieces))
