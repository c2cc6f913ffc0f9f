"""A proposal is a contract that can be read, says what was seen, and shows nothing personal."""

import polars as pl
import yaml

from khue.clean.infer import infer, names
from khue.contract.odcs import read_contract_text

FRAME = pl.DataFrame(
    {
        "Mã xã": ["00331", "00226", "00004"],
        "Trạm đo": ["Hoàng Mai", "Đống Đa", "Hoàng Mai"],
        "Ngày": ["31/10/2021", "01/11/2021", "02/11/2021"],
        "Lượng mưa (mm)": ["12,5", None, "0"],
        "Họ và tên": ["Nguyễn Văn A", "Trần Thị B", "Lê C"],
        "Số điện thoại": ["0912345678", "0987654321", ""],
        "Có mưa": ["có", "không", "có"],
    }
)


def test_a_proposal_says_types_and_profiles() -> None:
    body = yaml.safe_load(infer(FRAME, "Lượng mưa"))
    properties = {one["name"]: one for one in body["schema"][0]["properties"]}
    types = {name: one["logicalType"] for name, one in properties.items()}
    assert types == {
        "ma_xa": "string",
        "tram_do": "string",
        "ngay": "date",
        "luong_mua_mm": "number",
        "ho_va_ten": "string",
        "so_dien_thoai": "string",
        "co_mua": "boolean",
    }
    assert "1 of 3 empty" in properties["luong_mua_mm"]["description"]
    assert "from 0.0 to 12.5" in properties["luong_mua_mm"]["description"]
    assert properties["tram_do"]["examples"] == ["Hoàng Mai", "Đống Đa"]


def test_a_proposal_shows_nothing_personal() -> None:
    text = infer(FRAME, "Lượng mưa")
    assert "Nguyễn" not in text
    assert "0912345678" not in text


def test_a_proposal_can_be_read_as_a_contract() -> None:
    contract = read_contract_text(infer(FRAME, "Lượng mưa"))
    assert contract.type == "luong_mua"
    assert contract.key == "{ma_xa}"


def test_names_are_unique_and_plain() -> None:
    assert names(["Đông Anh", "Dong anh", "", "2021", "Mã số (1)"]) == [
        "dong_anh",
        "dong_anh_2",
        "column",
        "c_2021",
        "ma_so_1",
    ]


def test_an_empty_table_is_proposed_too() -> None:
    assert read_contract_text(infer(pl.DataFrame({"a": []}, schema={"a": pl.String}), "x")).type == "x"
