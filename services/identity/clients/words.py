"""The sentences of explanations, read from words/explanations.yaml."""

from __future__ import annotations

from pathlib import Path

import yaml

_WORDS = Path(__file__).resolve().parent.parent / "words" / "explanations.yaml"


class YamlSentences:
    def __init__(self) -> None:
        self._sentences = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))

    def sentence(self, code: str, *, passed: bool, language: str) -> str:
        return str(self._sentences[code]["passed" if passed else "failed"][language])
