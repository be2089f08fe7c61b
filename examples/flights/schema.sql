-- The database that the pipeline fills.
-- It holds no time of loading, so that two runs over the same data leave the same content.

CREATE TABLE IF NOT EXISTS airlines (
    carrier TEXT PRIMARY KEY,
    name    TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS airports (
    faa   TEXT PRIMARY KEY,
    name  TEXT NOT NULL,
    lat   REAL NOT NULL,
    lon   REAL NOT NULL,
    tzone TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS planes (
    tailnum TEXT PRIMARY KEY,
    year    INTEGER,              -- of manufacture; not known for some
    maker   TEXT NOT NULL,
    model   TEXT NOT NULL,
    seats   INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS flights (
    month           INTEGER NOT NULL CHECK (month BETWEEN 1 AND 12),
    day             INTEGER NOT NULL CHECK (day BETWEEN 1 AND 31),
    carrier         TEXT NOT NULL,
    flight          INTEGER NOT NULL,
    origin          TEXT NOT NULL,
    dest            TEXT NOT NULL,
    tailnum         TEXT,
    scheduled_hour  INTEGER NOT NULL,
    departure_delay REAL,         -- minutes; empty if the flight was cancelled
    arrival_delay   REAL,         -- minutes; empty likewise
    air_time        REAL,         -- minutes; empty likewise
    distance        INTEGER NOT NULL,
    cancelled       INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
    weather         TEXT NOT NULL,
    temp            REAL,         -- °F; empty if the hour was not observed
    wind_speed      REAL,         -- miles an hour; empty likewise
    plane_year      INTEGER,      -- empty if the plane is not registered
    seats           INTEGER,      -- empty likewise
    airline         TEXT,
    destination     TEXT,
    PRIMARY KEY (month, day, carrier, flight, origin)
) WITHOUT ROWID;

-- Sums of a month by route, hour, carrier and weather: months can be added, means are made last.
CREATE TABLE IF NOT EXISTS delays (
    month         INTEGER NOT NULL,
    dimension     TEXT NOT NULL CHECK (dimension IN ('route', 'hour', 'carrier', 'weather')),
    key           TEXT NOT NULL,
    flights       INTEGER NOT NULL,
    cancelled     INTEGER NOT NULL,
    arrived       INTEGER NOT NULL,
    late          INTEGER NOT NULL,
    delay_minutes REAL NOT NULL,
    PRIMARY KEY (month, dimension, key)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS carrier_intervals (
    month   INTEGER NOT NULL,
    carrier TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    mean    REAL NOT NULL,
    low     REAL NOT NULL,
    high    REAL NOT NULL,
    PRIMARY KEY (month, carrier)
) WITHOUT ROWID;

-- Every row that validation set aside, with its reason and its original content as JSON.
CREATE TABLE IF NOT EXISTS rejects (
    source  TEXT NOT NULL,
    month   INTEGER NOT NULL,     -- 0 for a table that has no months
    reason  TEXT NOT NULL,
    content TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS rejects_by_source ON rejects (source, month);

-- How many flights of a month a join found nothing for.
CREATE TABLE IF NOT EXISTS unmatched (
    month   INTEGER NOT NULL,
    source  TEXT NOT NULL,
    flights INTEGER NOT NULL,
    PRIMARY KEY (month, source)
) WITHOUT ROWID;
