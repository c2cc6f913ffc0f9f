"""The normalisers, one noun a file: each makes one written form of a value out of the many that people write."""
