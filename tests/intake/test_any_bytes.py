"""Whatever the bytes, a decoder gives records or refuses; rows and bytes are all accounted for."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from khue.contract.errors import Refused
from khue.intake.decode import decode_again, open_file
from khue.intake.decoders.csv_text import decode
from khue.intake.decoders.stream import Input

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
STARTS = st.sampled_from(
    [b"", b"PK\x03\x04", b"\x1f\x8b", b"<table>", b"[", b'{"a":', b"a,b\n", b"\xff\xfe", b'a;"b"\n']
)


@QUICK
@given(start=STARTS, rest=st.binary(max_size=400))
def test_any_bytes_are_records_or_refused(air, start, rest):
    try:
        decoded = open_file(start + rest, air)
        batches = list(decoded)
    except Refused:
        return
    assert decoded.records == sum(batch.frame.height for batch in batches) == decoded.rows


@QUICK
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=8))
def test_any_csv_keeps_its_bytes_and_gives_the_same_again(air, rows):
    def quoted(cell):
        return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\n\r') else cell

    content = ("station,at,co\n" + "".join(",".join(quoted(cell) for cell in row) + "\n" for row in rows)).encode()
    decoding = decode(Input(content, "x"))
    chunks = list(decoding.chunks)
    assert b"".join(chunk.content for chunk in chunks) == content
    decoded = open_file(content, air)
    for batch in decoded:
        assert decode_again(batch.parts[0].raw.content, batch.profile, None, air).equals(batch.frame)


@QUICK
@given(text=st.text(st.sampled_from('ab,;"\n\r \0'), max_size=60))
def test_odd_quoting_loses_no_byte(air, text):
    content = b"station,at,co\n" + text.encode()
    try:
        batches = list(open_file(content, air))
    except Refused:
        return
    if batches:
        assert b"".join(batch.parts[0].raw.content for batch in batches) == content
    for batch in batches:
        assert decode_again(batch.parts[0].raw.content, batch.profile, None, air).equals(batch.frame)
