"""Text: white space, characters of no width, and the composed Unicode form (NFC).

Source: Unicode Standard Annex #15 (NFC); TCVN 6909:2001 names Unicode as the code of Vietnamese text in state
bodies. What a person reads is changed no further than this: case, tone placement and spelling stay as given.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options

# Zero-width space, non-joiner, joiner, word joiner, byte order mark, soft hyphen.
NO_WIDTH = r"[\x{200B}\x{200C}\x{200D}\x{2060}\x{FEFF}\x{00AD}]"
# Composed Latin letters (all Vietnamese ones), ASCII and common signs: NFC leaves them and they are no spaces.
_PLAIN = r"[!-~\x{A1}-\x{AC}\x{AE}-\x{24F}\x{1EA0}-\x{1EF9}\x{2013}\x{2014}\x{2018}-\x{201D}\x{2026}]"
_SIMPLE = rf"^{_PLAIN}+(?: {_PLAIN}+)*$"


def whitespace(text: pl.Expr, options: Options) -> pl.Expr:
    """Drop characters of no width, make every run of spaces one space, strip; nothing left is null.

    Option `lines: keep` keeps line breaks, for text of several paragraphs.
    """
    shown = text.str.replace_all(NO_WIDTH, "")
    if options.get("lines") == "keep":
        shown = shown.str.replace_all(r"\r\n?", "\n").str.replace_all(r"[^\S\n]+", " ").str.replace_all(r" *\n *", "\n")
    else:
        shown = shown.str.replace_all(r"\s+", " ")
    return shown.str.strip_chars().replace("", None)


def nfc(text: pl.Expr, options: Options) -> pl.Expr:  # noqa: ARG001
    """Compose letters and their marks into single characters."""
    return text.str.normalize("NFC")


def clean_text(text: pl.Expr, options: Options) -> pl.Expr:
    """Apply both: what every text goes through before anything else."""
    return nfc(whitespace(text, options), options)


def already_clean(text: pl.Expr, options: Options) -> pl.Expr:  # noqa: ARG001
    """Return the text where one look shows that nothing is to be done, else null."""
    return pl.when(text.str.contains(_SIMPLE)).then(text)


WHITESPACE = Entry(
    name="whitespace",
    makes="text",
    expression=whitespace,
    attempts=(already_clean,),
    source="Unicode White_Space; observed in the Hanoi rain exports (line breaks in headings, NBSP)",
    cases=(
        Case("  Hoàng   Mai ", "Hoàng Mai"),
        Case("Hoàng\u00a0Mai", "Hoàng Mai"),
        Case("Hoàng\u200b Mai\ufeff", "Hoàng Mai"),
        Case("Vân Hồ\r\n(đầu)", "Vân Hồ (đầu)"),
        Case("một\n hai", "một\nhai", {"lines": "keep"}),
        Case(" \t ", None),
    ),
)

NFC = Entry(
    name="nfc",
    makes="text",
    expression=nfc,
    attempts=(already_clean,),
    source="Unicode Standard Annex #15",
    cases=(Case("Hoa\u0300ng", "Hoàng"), Case("Đông Anh", "Đông Anh"), Case("Hoà", "Hoà")),
)

TEXT = Entry(
    name="text",
    makes="text",
    expression=clean_text,
    attempts=(already_clean,),
    source="whitespace, then nfc; applied to every text without being named",
    cases=(Case(" Hoa\u0300ng\u00a0 Mai", "Hoàng Mai"), Case("\u200b", None)),
)
