"""How data comes in: decoders, sources, doors, group commit."""
