-- name: by_name
-- The newest version of a block, or the one asked for.
select b.id, b.slug, b.name, v.version, b.created, v.updated, v.data
from block as b join block_version as v on v.block = b.id
where b.slug = :slug and b.name = :name and v.version = coalesce(:version, b.version)

-- name: by_id
-- As above, by id.
select b.id, b.slug, b.name, v.version, b.created, v.updated, v.data
from block as b join block_version as v on v.block = b.id
where b.id = :id and v.version = coalesce(:version, b.version)

-- name: page
-- Blocks in their newest versions, by type and name, from a keyset on.
select b.id, b.slug, b.name, v.version, b.created, v.updated, v.data
from block as b join block_version as v on v.block = b.id and v.version = b.version
where
    (cast(:slug as text) is null or b.slug = :slug)
    and (cast(:after_slug as text) is null or (b.slug, b.name) > (:after_slug, :after_name))
order by b.slug, b.name
limit :limit

-- name: versions
-- All versions of a block, the oldest first.
select b.id, b.slug, b.name, v.version, b.created, v.updated, v.data
from block as b join block_version as v on v.block = b.id
where b.id = :id
order by v.version

-- name: sealed
-- The encrypted fields of one version.
select block, version, field, key, box from block_secret
where block = :id and version = :version
order by field

-- name: create
-- A block that is new, unless its type has one of this name.
insert into block (id, slug, name, version, created, updated)
values (:id, :slug, :name, :version, :created, :updated)
on conflict do nothing

-- name: advance
-- A block that is there has a version more, unless somebody else was quicker.
update block set version = :version, updated = :updated
where id = :id and version = :version - 1

-- name: add_version
-- What a version holds in plain text.
insert into block_version (block, version, updated, data) values (:id, :version, :updated, :data)

-- name: add_sealed
-- What a version holds encrypted.
insert into block_secret (block, version, field, key, box)
values (:block, :version, :field, :key, :box)

-- name: delete
-- A block.
delete from block where id = :id

-- name: delete_versions
-- All its versions.
delete from block_version where block = :id

-- name: delete_sealed
-- All its secrets.
delete from block_secret where block = :id

-- name: all_sealed
-- Everything that is encrypted.
select block, version, field, key, box from block_secret order by block, version, field

-- name: keys
-- The keys that are in use.
select distinct key from block_secret order by key

-- name: is_retired
-- Whether a key was given up.
select count(*) from retired_key where id = :key

-- name: retire
-- Give a key up.
insert into retired_key (id) values (:key) on conflict do nothing

-- name: take_back
-- A key that was given up is in use again.
delete from retired_key where id = :key

-- name: reseal
-- The same secret under another key.
update block_secret set key = :key, box = :box
where block = :block and version = :version and field = :field

-- name: totals
-- How many blocks there are.
select count(*) from block
