"""A word that a person reads, in the two languages of the pages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """One text in Vietnamese and in English; either may stand in for the other."""

    vi: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the text for `language` ("vi" or "en"), or the other one where it is empty."""
        return (self.en or self.vi) if language == "en" else (self.vi or self.en)
