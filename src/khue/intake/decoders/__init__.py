"""Decoders: bytes of one format to frames of text, one format a file."""
