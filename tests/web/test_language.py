import ast
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from starlette.testclient import TestClient
from tests.web.sample_centre import SampleCentre

import khue.web.words as words
from khue.contract.errors import Conflict
from khue.contract.label import Label
from khue.web.from_below import from_below, lines

WEB = Path(words.__file__).parent
FOR_PROGRAMS = {"own_site.py"}  # answers problem objects only, in English like every other door
ERRORS = {"Refused", "NotFound", "Forbidden", "Conflict", "TooLarge"}


def catalogue() -> Catalog:
    return read_po(BytesIO((WEB / "locale/en/LC_MESSAGES/khue.po").read_bytes()), locale="en")


def used() -> set[str]:
    options = {"templates/**.html": {"trimmed": "true", "extensions": "jinja2.ext.i18n"}}
    methods = [("templates/**.html", "jinja2"), ("**.py", "python")]
    keywords: Any = {"_": None, "gettext": None, "ngettext": (1, 2)}
    found = extract_from_dir(str(WEB), method_map=methods, options_map=options, keywords=keywords)
    return {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found} | said_by_errors()


def said_by_errors() -> set[str]:
    files = [file for file in WEB.glob("*.py") if file.name not in FOR_PROGRAMS]
    calls = [node for file in files for node in ast.walk(ast.parse(file.read_text())) if is_error(node)]
    parts = [part for call in calls for part in (*call.args, *(k.value for k in call.keywords))]
    return {part.value for part in parts if isinstance(part, ast.Constant)}


def is_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS


def test_every_text_of_the_pages_is_translated_and_nothing_else_is() -> None:
    known = {m.id[0] if isinstance(m.id, tuple) else m.id: m for m in catalogue() if m.id}
    assert used() - set(known) == set(), "add these to locale/en/LC_MESSAGES/khue.po"
    assert set(known) - used() == set(), "nobody says these any more"
    empty = [text for text, m in known.items() if not all(m.string if isinstance(m.string, tuple) else [m.string])]
    assert empty == []
    assert not [text for text, message in known.items() if message.fuzzy]


def test_a_translation_keeps_the_places_of_its_text() -> None:
    for message in catalogue():
        assert not list(message.check()), message.id


def test_every_state_has_a_word_in_both_languages_and_a_shape_of_its_own_within_its_group() -> None:
    labels: list[Label] = [state.label for state in words.STATES.values()]
    labels += [*words.DIMENSIONS.values(), *words.KINDS.values()]
    assert all(label.vi and label.en for label in labels)
    groups = (("fresh", "late", "lost", "by_hand", "never"), ("clean", "flagged", "held", "rejected", "unchanged"))
    for group in groups:
        assert len({words.STATES[name].shape for name in group}) == len(group)


@pytest.mark.parametrize(
    ("address", "headers", "language"),
    [
        ("/log", {}, "vi"),
        ("/log", {"accept-language": "en-GB,en;q=0.8,vi;q=0.5"}, "en"),
        ("/log", {"accept-language": "en;q=0.2,vi;q=0.5"}, "vi"),
        ("/log", {"accept-language": "fr, ;q=x"}, "vi"),
        ("/log", {"cookie": "lang=en"}, "en"),
        ("/log?lang=vi", {"cookie": "lang=en", "accept-language": "en"}, "vi"),
        ("/log?lang=xx", {}, "vi"),
    ],
)
def test_the_language_is_asked_for_then_remembered_then_guessed(
    client: TestClient, address: str, headers: dict[str, str], language: str
) -> None:
    assert f'<html lang="{language}"' in client.get(address, headers=headers).text


def test_a_chosen_language_is_remembered(client: TestClient) -> None:
    client.get("/log?lang=en")
    assert '<html lang="en"' in client.get("/data").text


def test_what_the_rooms_below_say_is_said_in_vietnamese() -> None:
    assert from_below("The commit 12 was undone before", "vi") == "Lần cập nhật 12 đã được thu hồi trước đây"
    assert from_below("The file is HTML, not .xls; it was read all the same.", "vi").startswith("Tệp thật ra là HTML")
    assert from_below("The commit 12 was undone before", "en") == "The commit 12 was undone before"
    assert from_below("Nobody ever said this", "vi") == "Nobody ever said this"


@pytest.mark.parametrize("line", lines())
def test_a_line_that_no_room_says_any_more_is_not_kept(line: str) -> None:
    rooms = [file for file in WEB.parent.rglob("*.py") if WEB not in file.parents]
    pieces = [piece for piece in line.split("{}") if len(piece.strip()) > 2]
    assert any(all(piece in file.read_text(encoding="utf-8") for piece in pieces) for file in rooms)


def test_an_error_from_below_is_told_in_the_language_of_the_page(client: TestClient, centre: SampleCentre) -> None:
    centre.failing = Conflict("The commit 40 was undone before")
    assert "Lần cập nhật 40 đã được thu hồi trước đây" in client.get("/commit/40").text
    assert "The commit 40 was undone before" in client.get("/commit/40?lang=en").text
