"""The words of the house: frozen, typed values, read from YAML, TOML and SQL files. No I/O beyond that."""
