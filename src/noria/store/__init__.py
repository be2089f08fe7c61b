"""The only place with SQL: rows in, rows out, one module per noun.

`database` says what a store promises to the nouns, `opening` opens the one that a location names,
and a package for each dialect keeps its connections and transactions, brings it to the schema of
this program and turns its errors into sentences. Statements stand in `sql/`, each named and
explained; `filters` and `conditions` alone compose text. What the rows mean, which process is alive
and what a resumed run may do is decided above, in `noria.backend`.
"""
