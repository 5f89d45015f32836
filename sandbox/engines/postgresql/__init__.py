"""PostgreSQL behind flexible servers: a real one, with Azure's roles, limits and way in."""
