"""What the city knows: the one store and its one order."""
