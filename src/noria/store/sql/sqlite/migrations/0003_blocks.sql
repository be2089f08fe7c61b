-- Configuration by type and name, and secrets; a secret stands here encrypted only.

pragma user_version = 3;

-- A block: its newest version's number, and when that was saved.
create table block (
    id blob primary key not null,
    slug text not null,
    name text not null,
    version integer not null,
    created integer not null,
    updated integer not null
) without rowid;

create unique index block_by_name on block (slug, name);

-- What a version of a block holds in plain text, a JSON object.
create table block_version (
    block blob not null,
    version integer not null,
    updated integer not null,
    data text not null,
    primary key (block, version)
) without rowid;

-- A field of a version that is encrypted, and the id of the key that opens it.
create table block_secret (
    block blob not null,
    version integer not null,
    field text not null,
    key text not null,
    box blob not null,
    primary key (block, version, field)
) without rowid;

-- Keys that were given up. Nothing may be encrypted with them any more: whoever still holds one must
-- not write what nobody will be able to read.
create table retired_key (
    id text primary key not null
) without rowid;
