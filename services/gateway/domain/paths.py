"""Path templates of google.api.http, such as "/v1/{name=customers/*/affiliations/*}:makePrimary"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_VARIABLE = re.compile(r"\{(?P<field>[a-z0-9_.]+)(?:=(?P<segments>[^}]+))?\}")


@dataclass(frozen=True)
class Variable:
    """A field of the request that the path gives. segments: its parts in turn, fixed text or "*" for what the caller chooses."""

    field: str
    segments: tuple[str, ...]


@dataclass(frozen=True)
class PathTemplate:
    """parts: fixed text and variables in turn, as they follow each other in the path."""

    text: str
    parts: tuple[str | Variable, ...]

    @classmethod
    def of(cls, text: str) -> PathTemplate:
        parts: list[str | Variable] = []
        at = 0
        for found in _VARIABLE.finditer(text):
            segments = tuple((found["segments"] or "*").split("/"))
            if "**" in segments:
                raise ValueError(f"{text}: ** is not supported; no resource of ours needs it")
            parts += [text[at : found.start()], Variable(found["field"], segments)]
            at = found.end()
        return cls(text, (*parts, text[at:]))

    def variables(self) -> Iterator[Variable]:
        return (part for part in self.parts if isinstance(part, Variable))

    def rule(self) -> str:
        """Return the same for Werkzeug's router: "*" becomes <id:_0>, <id:_1>, …"""
        number = 0
        shown = ""
        for segment in self._pieces():
            if segment == "*":
                shown, number = f"{shown}<id:_{number}>", number + 1
            else:
                shown += segment
        return shown

    def openapi(self, singular: Mapping[str, str]) -> tuple[str, list[str]]:
        """Return the same for OpenAPI, with the names of its parameters. singular: what one of a collection is called."""
        shown, names, collection = "", [], ""
        for piece in self._pieces():
            if piece == "*":
                name = singular.get(collection, f"{collection}_id")
                names.append(name)
                shown += f"{{{name}}}"
            else:
                shown += piece
                collection = piece.rstrip("/").rsplit("/", 1)[-1] or collection
        return shown, names

    def values(self, captured: Mapping[str, str]) -> dict[str, str]:
        """Return the fields of the request that a path gives, from what the router captured for `rule`."""
        number = 0
        found: dict[str, str] = {}
        for variable in self.variables():
            segments = []
            for segment in variable.segments:
                if segment == "*":
                    segments.append(captured[f"_{number}"])
                    number += 1
                else:
                    segments.append(segment)
            found[variable.field] = "/".join(segments)
        return found

    def _pieces(self) -> Iterator[str]:
        """Fixed text, and "*" for each segment that the caller chooses."""
        for part in self.parts:
            if isinstance(part, str):
                yield part
                continue
            for position, segment in enumerate(part.segments):
                if position:
                    yield "/"
                yield segment
