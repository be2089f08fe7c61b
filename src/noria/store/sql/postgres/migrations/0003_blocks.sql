-- Configuration by type and name, and secrets; a secret stands here encrypted only.

update schema_version set version = 3;

-- A block: its newest version's number, and when that was saved.
create table block (
    id bytea primary key not null,
    slug text collate "C" not null,
    name text collate "C" not null,
    version bigint not null,
    created bigint not null,
    updated bigint not null
);

create unique index block_by_name on block (slug, name);

-- What a version of a block holds in plain text, a JSON object.
create table block_version (
    block bytea not null,
    version bigint not null,
    updated bigint not null,
    data text collate "C" not null,
    primary key (block, version)
);

-- A field of a version that is encrypted, and the id of the key that opens it.
create table block_secret (
    block bytea not null,
    version bigint not null,
    field text collate "C" not null,
    key text collate "C" not null,
    box bytea not null,
    primary key (block, version, field)
);

-- Keys that were given up. Nothing may be encrypted with them any more: whoever still holds one must
-- not write what nobody will be able to read.
create table retired_key (
    id text collate "C" primary key not null
);
