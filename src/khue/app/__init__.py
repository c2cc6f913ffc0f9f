"""The wiring: settings, catalogue, processes, commands, and the order of work."""
