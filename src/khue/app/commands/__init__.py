"""The commands of `khue`, one noun a file."""
