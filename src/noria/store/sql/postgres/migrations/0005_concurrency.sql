-- Concurrency limits, and the tickets of those who hold or want slots of them.

update schema_version set version = 5;

-- A limit. Slots that decay come free by themselves, so many each second.
create table slot_limit (
    name text collate "C" primary key not null,
    slots bigint not null,
    active bigint not null,
    decay double precision not null,
    created bigint not null,
    updated bigint not null
);

-- A wish for slots, and once it is granted the slots. Who comes first has the smaller number.
create table slot_ticket (
    id bytea primary key not null,
    number bigint not null,
    process bytea not null,
    pid bigint not null,
    started bigint not null,
    occupy bigint not null,
    rate bigint not null,
    nested bigint not null,
    holder text collate "C",
    arrived bigint not null,
    granted bigint
);

create unique index slot_ticket_by_number on slot_ticket (number);
create index slot_ticket_by_process on slot_ticket (process, pid, granted);
create index slot_ticket_nested on slot_ticket (number) where nested = 1 and granted is null;

-- What a ticket asks of one pool: the line of a pool is its claims that are not held, by number.
create table slot_claim (
    name text collate "C" not null,
    key text collate "C" not null,
    held bigint not null,
    number bigint not null,
    occupy bigint not null,
    primary key (name, key, held, number)
);

create index slot_claim_by_number on slot_claim (number);

-- When all slots taken of a pool that decays will have decayed.
create table slot_level (
    name text collate "C" not null,
    key text collate "C" not null,
    drained bigint not null,
    primary key (name, key)
);

create index slot_level_by_time on slot_level (drained);
