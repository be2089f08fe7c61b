-- Concurrency limits, and the tickets of those who hold or want slots of them.

pragma user_version = 5;

-- A limit. Slots that decay come free by themselves, so many each second.
create table slot_limit (
    name text primary key not null,
    slots integer not null,
    active integer not null,
    decay real not null,
    created integer not null,
    updated integer not null
) without rowid;

-- A wish for slots, and once it is granted the slots. Who comes first has the smaller number.
create table slot_ticket (
    id blob primary key not null,
    number integer not null,
    process blob not null,
    pid integer not null,
    started integer not null,
    occupy integer not null,
    rate integer not null,
    nested integer not null,
    holder text,
    arrived integer not null,
    granted integer
) without rowid;

create unique index slot_ticket_by_number on slot_ticket (number);
create index slot_ticket_by_process on slot_ticket (process, pid, granted);
create index slot_ticket_nested on slot_ticket (number) where nested = 1 and granted is null;

-- What a ticket asks of one pool: the line of a pool is its claims that are not held, by number.
create table slot_claim (
    name text not null,
    key text not null,
    held integer not null,
    number integer not null,
    occupy integer not null,
    primary key (name, key, held, number)
) without rowid;

create index slot_claim_by_number on slot_claim (number);

-- When all slots taken of a pool that decays will have decayed.
create table slot_level (
    name text not null,
    key text not null,
    drained integer not null,
    primary key (name, key)
) without rowid;

create index slot_level_by_time on slot_level (drained);
