"""The only place with SQL: rows in, rows out, one module per noun.

`database` keeps the connections and transactions of one SQLite file, `migrations` brings the file
to the schema of this program, `faults` turns what SQLite reports into a sentence. Statements stand
in `sql/`, each named and explained; `filters` alone composes conditions. What the rows mean, which
process is alive and what a resumed run may do is decided above, in `noria.backend`.
"""
