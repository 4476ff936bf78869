-- name: put_effect
-- One effect to carry out; a second writing replaces the first.
INSERT INTO outbox (run_id, kind, ref, namespace_id, workflow_id, created_at, blob)
VALUES (:run_id, :kind, :ref, :namespace_id, :workflow_id, :created_at, :blob)
ON CONFLICT (run_id, kind, ref) DO UPDATE SET created_at = excluded.created_at, blob = excluded.blob;

-- name: delete_effect
-- An effect whose result is recorded.
DELETE FROM outbox WHERE run_id = :run_id AND kind = :kind AND ref = :ref;

-- name: delete_effects_of_run
-- All effects of a run.
DELETE FROM outbox WHERE run_id = :run_id;

-- name: effects
-- The outbox, oldest first, after a place in it. Index: outbox_by_created_at.
SELECT namespace_id, workflow_id, run_id, kind, ref, created_at, blob
  FROM outbox
 WHERE (created_at, run_id, kind, ref) > (:after_created_at, :after_run_id, :after_kind, :after_ref)
 ORDER BY created_at, run_id, kind, ref
 LIMIT :limit;
