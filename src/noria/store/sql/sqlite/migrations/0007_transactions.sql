-- What a resume has to know of tasks in transactions, and the locks of transactions.

pragma user_version = 7;

-- How far the transaction of a task has come (noria.core.records.TransactionMark), and what was set
-- in it.
create table task_transaction (
    task_run blob primary key not null,
    flow_run blob not null,
    epoch integer not null,
    mark integer not null,
    has_inner integer not null,
    values_format text,
    values_inline blob,
    values_reference text,
    values_size integer
) without rowid;

create index task_transaction_by_flow_run on task_transaction (flow_run);

-- A lock that is held, until when at most, and by which process: it ends with that.
create table key_lock (
    key text primary key not null,
    holder text not null,
    process blob not null,
    acquired integer not null,
    expires integer
) without rowid;
