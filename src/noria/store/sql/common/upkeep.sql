-- name: get
-- When something was last done, and where it goes on.
select done, place from upkeep where name = :name

-- name: set
-- Something was done, up to a place.
insert into upkeep (name, done, place) values (:name, :done, :place)
on conflict (name) do update set done = excluded.done, place = excluded.place
