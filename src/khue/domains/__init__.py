"""The subjects of the city, one folder each; found by khue.app.catalogue alone."""
