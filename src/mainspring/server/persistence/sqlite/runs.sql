-- name: insert_run
-- The first transition of a run; no row is written if the run exists.
INSERT INTO runs (run_id, namespace_id, workflow_id, version, next_event_id, status, wake_at, state)
VALUES (:run_id, :namespace_id, :workflow_id, 1, :next_event_id, :status, :wake_at, :state)
ON CONFLICT (run_id) DO NOTHING;

-- name: update_run
-- Compare-and-set: no row is written if another transition was committed since this one's run was loaded.
UPDATE runs
   SET version = version + 1, next_event_id = :next_event_id, status = :status, wake_at = :wake_at, state = :state
 WHERE run_id = :run_id
   AND version = :version;

-- name: load_run
-- The run's scalars, if all of its key fits. At most one.
SELECT version, next_event_id, status, wake_at, state
  FROM runs
 WHERE run_id = :run_id AND namespace_id = :namespace_id AND workflow_id = :workflow_id;

-- name: find_run
-- The key of a run known by its id. At most one.
SELECT namespace_id, workflow_id, run_id
  FROM runs
 WHERE run_id = :run_id AND namespace_id = :namespace_id;

-- name: runs_of_namespace
-- Some run ids of a namespace, after one. Reads the table: asked only when a namespace is deleted.
SELECT run_id
  FROM runs
 WHERE namespace_id = :namespace_id AND run_id > :after_run_id
 ORDER BY run_id
 LIMIT :limit;

-- name: open_runs
-- Runs of a namespace that have not closed, newest first, after a place; asked when a file is opened.
-- Index: visibility_by_status; all open runs have one close_order.
SELECT v.start_at, r.workflow_id, r.run_id, r.version, r.next_event_id, r.status, r.wake_at, r.state
  FROM visibility AS v JOIN runs AS r ON r.run_id = v.run_id
 WHERE v.namespace_id = :namespace_id AND v.status = 1 AND v.close_order = :close_order
   AND (v.start_at, v.run_id) < (:start_at, :run_id)
 ORDER BY v.start_at DESC, v.run_id DESC
 LIMIT :limit;

-- name: due_runs
-- Runs whose earliest deadline has come, the longest overdue first. Index: runs_by_wake_at.
SELECT namespace_id, workflow_id, run_id
  FROM runs
 WHERE wake_at <= :now
 ORDER BY wake_at, run_id
 LIMIT :limit;

-- name: next_wake_at
-- The earliest deadline of all. Index: runs_by_wake_at.
SELECT wake_at
  FROM runs
 WHERE wake_at IS NOT NULL
 ORDER BY wake_at, run_id
 LIMIT 1;

-- name: delete_run
-- The run itself; what hangs on it goes by statements of its own.
DELETE FROM runs WHERE run_id = :run_id;

-- name: current_run
-- The run that the workflow id stands for. At most one.
SELECT namespace_id, workflow_id, run_id, first_run_id, create_request_id, is_running, status, started_at,
       attached_request_ids
  FROM current_runs
 WHERE namespace_id = :namespace_id AND workflow_id = :workflow_id;

-- name: put_current_run
-- Written without a question: the caller holds the running run.
INSERT INTO current_runs (
  namespace_id, workflow_id, run_id, first_run_id, create_request_id, is_running, status, started_at,
  attached_request_ids
)
VALUES (
  :namespace_id, :workflow_id, :run_id, :first_run_id, :create_request_id, :is_running, :status, :started_at,
  :attached_request_ids
)
ON CONFLICT (namespace_id, workflow_id) DO UPDATE
   SET run_id = excluded.run_id, first_run_id = excluded.first_run_id, create_request_id = excluded.create_request_id,
       is_running = excluded.is_running, status = excluded.status, started_at = excluded.started_at,
       attached_request_ids = excluded.attached_request_ids;

-- name: insert_current_run
-- The workflow id's first run; no row is written if it has one.
INSERT INTO current_runs (
  namespace_id, workflow_id, run_id, first_run_id, create_request_id, is_running, status, started_at,
  attached_request_ids
)
VALUES (
  :namespace_id, :workflow_id, :run_id, :first_run_id, :create_request_id, :is_running, :status, :started_at,
  :attached_request_ids
)
ON CONFLICT (namespace_id, workflow_id) DO NOTHING;

-- name: replace_current_run
-- Compare-and-set: no row is written if the workflow id stands for another run than expected.
UPDATE current_runs
   SET run_id = :run_id, first_run_id = :first_run_id, create_request_id = :create_request_id,
       is_running = :is_running, status = :status, started_at = :started_at,
       attached_request_ids = :attached_request_ids
 WHERE namespace_id = :namespace_id AND workflow_id = :workflow_id AND run_id = :expected_run_id;

-- name: delete_current_run
-- Only if the workflow id still stands for this run.
DELETE FROM current_runs
 WHERE namespace_id = :namespace_id AND workflow_id = :workflow_id AND run_id = :run_id;

-- name: delete_current_runs_of_namespace
-- The workflow ids of a namespace become free.
DELETE FROM current_runs WHERE namespace_id = :namespace_id;

-- name: put_pending
-- One pending record, new or changed.
INSERT INTO pending (run_id, kind, key, blob)
VALUES (:run_id, :kind, :key, :blob)
ON CONFLICT (run_id, kind, key) DO UPDATE SET blob = excluded.blob;

-- name: delete_pending
-- One pending record that is done with.
DELETE FROM pending WHERE run_id = :run_id AND kind = :kind AND key = :key;

-- name: pending_of_run
-- All pending records of a run. Bound: the limits of the engine.
SELECT kind, key, blob FROM pending WHERE run_id = :run_id ORDER BY kind, key;

-- name: delete_pending_of_run
-- All that was pending in a run.
DELETE FROM pending WHERE run_id = :run_id;
