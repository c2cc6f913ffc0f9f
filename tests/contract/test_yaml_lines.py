import pytest
from hypothesis import given
from hypothesis import strategies as st

from khue.contract.errors import ContractError
from khue.contract.yaml_lines import read_toml, read_yaml


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: [1, 2\n", 3, "not YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, "stands twice"),
        ("a: 1\nb: x: y\nc: 2\n", 2, "Mapping values are not allowed here"),
        ("a:\n  - 1\n b: 2\n", 3, "not YAML"),
        ("a: 'x\nb: 2\n", 3, "end of stream"),
        ("a: 1\nb: @x\n", 2, "cannot start any token"),
        ("a: !x 1\n", 1, "tags"),
        ("a: {b: &x [1]}\n", 1, "Anchors"),
        ("a: &x 1\nb: *x\n", 1, "Anchors"),
        ("a: !!python/object:os.system x\n", 1, "tags"),
        ("", 1, "empty"),
        ("a: 1\n2: b\n", 2, "key must be text"),
        ("a: 2021-13-45\n", 1, "cannot be read"),
        ("a: \x00\n", 1, "not YAML"),
        ("[" * 5000, 1, ""),
        ("[" * 60 + "]" * 60, 1, "deep"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_yaml(text, "f.yaml")
    assert caught.value.where == f"f.yaml:{line}"
    assert says in str(caught.value)


def test_a_value_knows_the_line_of_its_key() -> None:
    root = read_yaml("a:\n  b: 1\n  c:\n    - x\n    - y\n", "f.yaml")
    assert root.need("a").need("c").where == "f.yaml:3"
    assert root.need("a").need("c").items()[1].where == "f.yaml:5"


def test_an_unknown_key_is_told_the_nearest_one() -> None:
    with pytest.raises(ContractError, match=r"f.yaml:2: .*lable.*Did you mean “label”"):
        read_yaml("name: x\nlable: y\n", "f.yaml").mapping(known=("name", "label"))


def test_toml_says_the_line_of_what_is_wrong() -> None:
    root = read_toml('code = "1"\n\n[name]\nvi = "a"\nen = 2\n', "city.toml")
    with pytest.raises(ContractError, match=r"city.toml:5: Text must stand here"):
        root.need("name").label()
    with pytest.raises(ContractError, match=r"city.toml:2: This is not TOML"):
        read_toml("a = 1\nb = \n", "city.toml")


@given(st.text(max_size=300))
def test_no_text_raises_anything_but_a_contract_error(text: str) -> None:
    for read in (read_yaml, read_toml):
        try:
            read(text, "f").plain()
        except ContractError as error:
            assert error.where.startswith("f:")
