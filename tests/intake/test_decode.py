"""Files become batches of records, nothing is lost, and the bytes of each commit give the same records again."""

import gzip
import hashlib
import io
from dataclasses import replace

import polars as pl
import pytest
import xlsxwriter

from khue.contract.errors import Refused, TooLarge
from khue.contract.source import Long
from khue.intake import decode
from khue.intake.decode import RECORDS, Sender, decode_again, open_file, with_first_seq

HTML = """<table><thead><tr><th>Ngày</th><th>
Xã A</th><th>Xã  B</th><th>Xã A</th></tr></thead><tbody>
<tr><td>01/01/2020</td><td>1.5</td><td>&nbsp;</td><td>2</td></tr>
<tr><td>02/01/2020</td><td>0.5</td><td>&nbsp;</td><td>4</td></tr>
<tr><td>Tổng</td><td>2.0</td><td>0</td><td>7</td></tr>
<tr><td>Trung bình</td><td>1.0</td><td>&nbsp;</td><td>3</td></tr></tbody></table>"""


def taken(file, contract, source=None, **more):
    """Read a file whole, and prove that each batch can be read again from its raw bytes."""
    decoded = open_file(file, contract, source, **more)
    batches = list(decoded)
    for batch in batches:
        part = batch.parts[0]
        content = part.raw.content or batches[0].parts[0].raw.content
        assert part.raw.digest == hashlib.sha256(content).digest()
        again = decode_again(content, batch.profile, source if source and source.file else None, contract)
        assert again.equals(batch.frame)
        assert batch.frame.height <= RECORDS
        assert batch.frame["_record"].to_list() == list(range(batch.frame.height))
    frames = [batch.frame for batch in batches]
    return decoded, batches, pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()


def raw_of(batches):
    return b"".join(batch.parts[0].raw.content for batch in batches)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-8-sig", "utf-16-le"])
def test_rain_export_gives_a_record_for_every_cell_and_compares_footers(rain, rain_table, encoding):
    decoded, batches, frame = taken(HTML.encode(encoding), rain, rain_table)
    assert frame["station"].to_list() == ["Xã A", "Xã B", "Xã A (2)"] * 2
    assert frame["rain"].to_list() == ["1.5", None, "2", "0.5", None, "4"]
    assert frame["_row"].to_list() == [2, 2, 2, 3, 3, 3]
    assert frame["_column"].to_list() == frame["station"].to_list()
    assert decoded.totals["rows"] == 4
    assert decoded.totals["footers"] == 2
    (finding,) = decoded.findings
    assert (finding.column, finding.stated, finding.computed) == ("Xã A (2)", 7, 6)
    assert batches[0].headings == {"at": "Ngày"}


def test_truncated_html_gives_the_rows_that_are_there_and_a_note(rain, rain_table):
    decoded, _, frame = taken(HTML[: HTML.index("<td>4")].encode("utf-16"), rain, rain_table)
    assert frame.height == 6
    assert any("ends too early" in note for note in decoded.notes)


def test_a_whole_file_is_kept_by_its_first_commit(rain, rain_table):
    rows = "".join(f"<tr><td>{n}</td><td>1</td><td>2</td><td>3</td></tr>" for n in range(5000))
    text = HTML.replace("</tbody>", f"{rows}</tbody>")
    _, batches, frame = taken(text.encode(), rain, rain_table)
    assert frame.height == 3 * 5002
    assert [len(batch.parts[0].raw.content) for batch in batches] == [len(text.encode()), 0]
    assert with_first_seq(batches[1], 7).parts[0].raw.of == 7
    assert with_first_seq(batches[0], 7).parts[0].raw.of is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1258"])
def test_csv_encoding_and_delimiter_are_found(air, air_flat, delimiter, encoding):
    text = f"trạm{delimiter}lúc{delimiter}CO\n" + f"Đông{delimiter}2026{delimiter}1\n" * 3
    # cp1258 writes a letter and a tone mark apart; only its own decomposition encodes.
    content = text.replace("ạ", "a\u0323").replace("ú", "u\u0301") if encoding == "cp1258" else text
    _, batches, frame = taken(content.encode(encoding), air, air_flat)
    assert frame["station"].to_list() == ["Đông"] * 3
    assert frame["co"].to_list() == ["1"] * 3
    assert raw_of(batches) == content.encode(encoding)


def test_raw_of_all_commits_is_the_file(air, air_flat):
    rows = [f'"Trạm, {n}",2026-01-01 00:00:{n % 60:02},{n}.5\r\n' for n in range(25_003)]
    rows[77] = '"hai\ndòng",2026,1\r\n'
    content = ("trạm,lúc,CO\r\n" + "".join(rows)).encode()
    decoded, batches, frame = taken(content, air, air_flat, sender=Sender(name="a.csv"))
    assert frame.height == decoded.rows == 25_003
    assert raw_of(batches) == content
    assert frame["station"][77] == "hai\ndòng"
    assert frame["_row"].to_list() == list(range(2, 25_005))
    assert [batch.parts[0].position.key.split(":")[-1] for batch in batches] == ["0", "1", "2"]


def test_gzip_is_unpacked_and_the_position_is_of_the_file_as_received(air, air_flat):
    content = "trạm,lúc,CO\n".encode() + b"a,2026,1\n" * 50
    packed = gzip.compress(content)
    decoded, batches, frame = taken(packed, air, air_flat)
    assert frame.height == 50
    assert raw_of(batches) == content
    assert decoded.sha256 == hashlib.sha256(packed).hexdigest()


def test_truncated_gzip_gives_what_could_be_read(air, air_flat):
    content = "trạm,lúc,CO\n".encode() + "".join(f"{n},2026,{n * 7919 % 1000}\n" for n in range(30_000)).encode()
    decoded, _, frame = taken(gzip.compress(content)[:-2000], air, air_flat)
    assert 0 < frame.height < 30_000
    assert any("ends too early" in note for note in decoded.notes)


def test_gzip_bomb_is_refused(air, air_flat):
    with pytest.raises(TooLarge):
        list(open_file(gzip.compress(b"a,b\n" + b"0" * (400 << 20), 9), air, air_flat))


LONG_HEAD = b"station_name,timestamp_utc,parameter,value,unit,quality_flag\n"


def test_long_rows_of_one_key_are_one_record_wherever_they_stand(air, air_long):
    rows = b"S,t1,co,1,u,v\nS,t2,co,3,u,v\nS,t1,temp,2,C,v\nR,t1,co,4,u,v\nS,t1,zz,6,u,v\nS ,t2, CO2 ,9,u,v\n"
    _, _, frame = taken(LONG_HEAD + rows, air, air_long)
    assert frame["station"].to_list() == ["S", "S", "R"]
    assert frame["at"].to_list() == ["t1", "t2", "t1"]
    assert frame["co"].to_list() == ["1", "3", "4"]
    assert frame["temp"].to_list() == ["2", None, None]
    assert frame["_unit.temp"][0] == "C"
    assert frame["_row"].to_list() == [2, 3, 5]
    assert '"zz"' in frame["_extra"][0]
    assert '"9"' in frame["_extra"][1]


def test_a_parameter_that_stands_twice_loses_neither_value_and_the_last_record_is_whole(air, air_long):
    rows = b"S,t1,co,1,u,v\nS,t1,temp,2,C,v\nR,t1,co,9,u,v\nS,t1,co,5,u,v\nS,t1,zz,6,u,v\nS,t1,zz,7,u,v\n"
    _, _, frame = taken(LONG_HEAD + rows, air, air_long)
    assert frame["station"].to_list() == ["S", "S", "R"]
    assert frame["co"].to_list() == ["1", "5", "9"]
    assert frame["temp"].to_list() == [None, "2", None]
    assert ['"6"' in extra for extra in frame["_extra"][:2]] == [True, False]


def test_a_row_that_says_nothing_new_is_no_record_and_is_named_in_a_note(air, air_long):
    rows = b"S,t1,co,1,u,v\nS,t1,co,1,u,v\nS,t1,temp,,C,v\nS,t1,temp,2,C,v\nS,t1,co,,u,v\nS,t2,co,,u,v\n"
    decoded, _, frame = taken(LONG_HEAD + rows, air, air_long)
    assert frame.select("co", "temp").rows() == [("1", "2"), (None, None)]
    assert any(note.startswith("3 rows say nothing") for note in decoded.notes)


def test_long_rows_without_a_whole_key_or_a_parameter_stay_apart_and_keep_their_values(air, air_long):
    rows = b",t1,co,1,u,v\n,t1,temp,2,C,v\nS,t1,,3,u,v\nS,t1,co,4,u,v\n"
    _, _, frame = taken(LONG_HEAD + rows, air, air_long)
    assert frame.select("station", "co", "temp").rows() == [(None, "1", None), (None, None, "2"), ("S", "4", None)]
    assert '"3"' in frame["_extra"][2]


def test_a_long_table_beyond_the_limit_is_refused_before_a_record_is_given(air, air_long, monkeypatch):
    monkeypatch.setattr(decode, "LONG_ROWS", 3)
    with pytest.raises(TooLarge, match="in parts"):
        next(iter(open_file(LONG_HEAD + b"S,t,co,1,u,v\n" * 4, air, air_long)))


def test_a_long_table_in_any_order_gives_the_same_records_in_batches_that_can_be_read_again(air, air_long):
    names = [name for name in air.by_name if name not in ("station", "at")]
    rows = [f"S,{n},{name},{n},u,v\n" for n in range(12_345) for name in names]
    rows.sort(key=lambda row: hashlib.sha256(row.encode()).digest())
    _, batches, frame = taken(LONG_HEAD + "".join(rows).encode(), air, air_long)
    assert [batch.frame.height for batch in batches] == [10_000, 2_345]
    assert frame.select(pl.col(names).is_not_null().all()).row(0) == (True,) * len(names)
    assert frame.height == frame["at"].n_unique() == 12_345
    whole = batches[0].parts[0].raw
    assert whole.content == LONG_HEAD + "".join(rows).encode()
    assert with_first_seq(batches[1], 4).parts[0].raw == replace(whole, content=b"", of=4)
    for batch in batches:
        assert decode_again(whole.content, batch.profile, air_long, air).equals(batch.frame)


def test_ragged_blank_and_broken_rows_are_all_accounted_for(air, air_flat):
    content = "trạm,lúc,CO\na,2026\n\nb,2026,1,beyond\n".encode() + b"\xff\xfe,2026,1\nc,2026,1\nd,20"
    decoded, batches, frame = taken(content, air, air_flat)
    assert decoded.rows == frame.height == 5
    assert frame["station"].to_list() == ["a", None, None, "c", None]
    assert frame["_broken"][1] == "the row has 4 cells, the headings are 3"
    assert "b,2026,1,beyond" in frame["_extra"][1]
    assert frame["_broken"].is_null().to_list() == [True, False, False, True, False]
    assert frame["_row"].to_list() == [2, 4, 5, 6, 7]
    assert raw_of(batches) == content


def test_blank_cells_beyond_the_last_heading_break_nothing(air, air_flat):
    _, _, frame = taken("trạm,lúc,CO\na,2026,1,,\nb,2026,2\n".encode(), air, air_flat)
    assert frame.select("station", "co").rows() == [("a", "1"), ("b", "2")]


def test_a_file_cannot_speak_for_the_decoder(air, air_flat):
    _, _, frame = taken("trạm,lúc,CO,_deleted,_id,_broken\na,2026,1,true,urn:x:y,no\n".encode(), air, air_flat)
    assert not {"_deleted", "_id", "_broken"} & set(frame.columns)
    assert '"·_deleted"' in frame["_extra"][0]


def test_a_cell_of_10_mb_breaks_its_row_alone(air, air_flat):
    content = "trạm,lúc,CO\n".encode() + b"a,2026," + b"x" * (10 << 20) + b"\nb,2026,1\n"
    _, _, frame = taken(content, air, air_flat)
    assert "longer than" in frame["_broken"][0]
    assert frame["station"][1] == "b"


def test_a_quote_that_is_never_closed_breaks_its_row_alone(air, air_flat):
    rows = b"".join(b"s%d,2026,1\n" % n for n in range(300_000))
    content = "trạm,lúc,CO\n".encode() + b'"open,2026,1\n' + rows
    decoded, batches, frame = taken(content, air, air_flat)
    assert frame.height == decoded.rows == 300_001
    assert frame["_broken"].null_count() == 300_000
    assert raw_of(batches) == content


def test_nul_in_a_text_breaks_the_record_and_is_shown(air, air_flat):
    _, _, frame = taken("trạm,lúc,CO\na\0b,2026,1\nc,2026,1\n".encode(), air, air_flat)
    assert frame["station"].to_list() == [None, "c"]
    assert "a␀b" in frame["_extra"][0]
    assert frame["_broken"].is_not_null().to_list() == [True, False]


def test_a_thousand_columns_and_repeated_headings(air):
    headings = ["station", "co", "co", *(f"c{n}" for n in range(997))]
    content = ",".join(headings) + "\n" + ",".join(str(n) for n in range(1000)) + "\n"
    _, _, frame = taken(content.encode(), air)
    assert frame["co"].to_list() == ["1"]
    assert '"co (2)":{"type":"Property","value":"2"}' in frame["_extra"][0]


def test_sql_and_year_9999_are_only_text(air, air_flat):
    content = 'trạm,lúc,CO\n"\'; DROP TABLE state.rain; --",9999-12-31,1e999\n'.encode()
    _, _, frame = taken(content, air, air_flat)
    assert frame.select("station", "at", "co").row(0) == ("'; DROP TABLE state.rain; --", "9999-12-31", "1e999")


def workbook(rows):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for line, row in enumerate(rows):
        sheet.write_row(line, 0, row)
    book.close()
    return out.getvalue()


def test_xlsx_rows_are_counted_as_the_sheet_shows_them(air, air_flat):
    content = workbook([[], ["trạm", "lúc", "CO"], ["a", 45000, 1.5], [], ["b", "2026", None]])
    _, _, frame = taken(content, air, air_flat)
    assert frame["station"].to_list() == ["a", "b"]
    assert frame["at"].to_list() == ["45000", "2026"]
    assert frame["_row"].to_list() == [3, 5]


def test_xlsx_bombs_and_torn_files_are_refused(air):
    bomb = io.BytesIO()
    import zipfile  # noqa: PLC0415

    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (200 << 20))
    with pytest.raises(TooLarge):
        open_file(bomb.getvalue(), air)
    with pytest.raises(Refused):
        open_file(workbook([["a"], ["b"]])[:-200], air)


def test_ndjson_keeps_the_good_lines_and_names_the_bad(air):
    lines = [
        b'{"station":"a","at":"2026","co":1.5,"zz":{"deep":[1]}}', b"{broken", b'{"co": NaN}', b"[1]", b"",
        b'{"x":' + b"[" * 100 + b"]" * 100 + b"}", b'{"station":"b","co":2}',
    ]  # fmt: skip
    content = b"\n".join(lines)
    decoded, batches, frame = taken(content, air)
    assert decoded.format == "ndjson"
    assert frame["co"].to_list() == [1.5, None, None, None, None, 2.0]
    assert frame["_broken"].is_null().to_list() == [True, False, False, False, False, True]
    assert frame["_row"].to_list() == [1, 2, 3, 4, 6, 7]
    assert raw_of(batches) == content


@pytest.mark.parametrize("content", [b"[NaN]", b'{"a": Infinity}', b"[" * 100_000, b"[1,", b'{"a":"\\ud800"}'])
def test_json_that_is_none_is_refused(air, content):
    with pytest.raises(Refused):
        list(open_file(content, air))


def test_json_records_keep_numbers_and_say_which_elements_are_none(air):
    _, _, frame = taken(b'{"data":[{"station":"a","co":1},{"station":2,"co":2.5}],"x":1}', air)
    assert frame["co"].to_list() == [1.0, 2.5]
    assert frame["station"].to_list() == ["a", "2"]


def test_a_wrong_ending_is_no_obstacle(rain, rain_table, air, air_flat):
    assert open_file(HTML.encode(), rain, rain_table, sender=Sender(name="a.xls")).format == "html"
    content = "trạm,lúc,CO\na,2026,1\n".encode()
    assert open_file(content, air, air_flat, sender=Sender(name="a.xlsx")).format == "csv"


@pytest.mark.parametrize("content", [b"", b"   \n", b"%PDF-1.7", b"\xd0\xcf\x11\xe0rest", b"<html>no table</html>"])
def test_what_holds_no_table_is_refused_with_what_to_do(air, content):
    with pytest.raises(Refused):
        open_file(content, air)


def test_the_source_is_found_by_its_headings(air, air_flat, air_long):
    content = b"station_name,timestamp_utc,parameter,value,unit,quality_flag\nS,t,co,1,u,v\n"
    assert open_file(content, air, sources=[air_flat, air_long]).source.name == "air-long"
    assert open_file("Tram;LÚC;co\na;b;1\n".encode(), air, sources=[air_flat, air_long]).source.name == "air-flat"
    by_hand = open_file(b"Station,At,PM2.5,PM25\na,b,1,2\n", air, sources=[air_long])
    assert by_hand.source.columns["Station"] == "station"


def test_long_without_its_headings_still_keeps_the_rows(air, air_long):
    assert isinstance(air_long.shape, Long)
    _, _, frame = taken(b"station_name,timestamp_utc\nS,t\nT,u\n", air, air_long)
    assert frame["station"].to_list() == ["S", "T"]


def test_keys_that_stand_twice_are_noticed(air):
    assert any("twice" in note for note in open_file(b'[{"station":"a","co":1,"co":2}]', air).notes)
