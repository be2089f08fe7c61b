-- What a resume has to know of tasks in transactions, and the locks of transactions.

update schema_version set version = 7;

-- How far the transaction of a task has come (noria.core.records.TransactionMark), and what was set
-- in it.
create table task_transaction (
    task_run bytea primary key not null,
    flow_run bytea not null,
    epoch bigint not null,
    mark bigint not null,
    has_inner bigint not null,
    values_format text collate "C",
    values_inline bytea,
    values_reference text collate "C",
    values_size bigint
);

create index task_transaction_by_flow_run on task_transaction (flow_run);

-- A lock that is held, until when at most, and by which process: it ends with that.
create table key_lock (
    key text collate "C" primary key not null,
    holder text collate "C" not null,
    process bytea not null,
    acquired bigint not null,
    expires bigint
);
