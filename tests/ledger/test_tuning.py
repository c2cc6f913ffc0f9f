from pathlib import Path

from khue.ledger.tuning import configuration, shared_memory


def test_shared_memory_that_is_closed_to_others_is_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert shared_memory(tmp_path) == {"dynamic_shared_memory_type": "mmap"}
    tmp_path.chmod(0o1777)
    assert shared_memory(tmp_path) == {}
    assert shared_memory(tmp_path / "none") == {}


def test_changes_win_and_quotes_are_doubled(tmp_path: Path) -> None:
    text = configuration(tmp_path / "it's", {"max_connections": "7"})
    assert "max_connections = '7'" in text
    assert "it''s" in text
