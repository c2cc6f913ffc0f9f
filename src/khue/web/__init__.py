"""How people see it: server-rendered pages."""
