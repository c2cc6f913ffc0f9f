"""Which encoding text is in: byte order mark, zero bytes, UTF-8, else the best guess among Vietnamese code pages."""

import codecs
import unicodedata

from charset_normalizer import from_bytes

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
GUESSES = ["cp1258", "cp1252", "latin_1"]
SAMPLE = 1 << 16


def bom_length(head: bytes) -> int:
    """Return how many bytes the byte order mark takes (0 if there is none)."""
    return next((len(mark) for mark, _ in BOMS if head.startswith(mark)), 0)


def find_encoding(head: bytes) -> str:
    """Return the name of the codec for text that starts with `head`; never raises."""
    for mark, name in BOMS:
        if head.startswith(mark):
            return name
    if wide := _wide(head):
        return wide
    if _utf8(head):
        return "utf-8"
    if _vietnamese(head):
        return "cp1258"
    best = from_bytes(head[:SAMPLE], cp_isolation=GUESSES).best()
    return "cp1252" if best is None or best.encoding == "latin_1" else best.encoding


def _vietnamese(head: bytes) -> bool:
    """Whether the bytes read as windows-1258 have tone marks that all sit on a letter (đ, ơ, ư count too)."""
    text = head[:SAMPLE].decode("cp1258", errors="replace")
    marks = sum(1 for letter in text if unicodedata.combining(letter))
    left = sum(1 for letter in unicodedata.normalize("NFC", text) if unicodedata.combining(letter))
    return "\ufffd" not in text and left == 0 and (marks > 0 or any(letter in "đĐơƠưƯ" for letter in text))


def _wide(head: bytes) -> str | None:
    """Return UTF-16 without a mark: every second byte of ASCII markup is zero."""
    sample = head[:4096]
    if len(sample) < 4:
        return None
    half = max(len(sample) // 2, 1)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.3 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 and odd < 0.05 else None


def _utf8(head: bytes) -> bool:
    """Whether it is UTF-8 with a few bad bytes: they make bad rows, not another encoding.

    Text of another code page is hardly ever valid UTF-8 beyond ASCII, so half of it being valid is enough.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        text = head.decode("utf-8", errors="replace")
        good = sum(1 for letter in text if ord(letter) > 127 and letter != "\ufffd")
        return good >= text.count("\ufffd") or _mostly_ascii(text)
    return True


def _mostly_ascii(text: str) -> bool:
    """Whether a single bad byte stands in a text without any other letter beyond ASCII."""
    bad = text.count("\ufffd")
    return bad <= 1 and all(ord(letter) < 128 or letter == "\ufffd" for letter in text)
