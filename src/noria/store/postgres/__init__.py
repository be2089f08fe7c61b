"""PostgreSQL: the store of a team. Imported only when a location names one, with psycopg."""
