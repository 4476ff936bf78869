-- name: put_task
-- One row for each (run, kind, ref): a newer attempt replaces the row of an older one.
INSERT INTO tasks (
  run_id, kind, ref, namespace_id, workflow_id, queue, stamp, created_at, normal_queue, priority, fairness_key,
  fairness_weight, expires_at
)
VALUES (
  :run_id, :kind, :ref, :namespace_id, :workflow_id, :queue, :stamp, :created_at, :normal_queue, :priority,
  :fairness_key, :fairness_weight, :expires_at
)
ON CONFLICT (run_id, kind, ref) DO UPDATE
   SET queue = excluded.queue, stamp = excluded.stamp, created_at = excluded.created_at,
       normal_queue = excluded.normal_queue, priority = excluded.priority, fairness_key = excluded.fairness_key,
       fairness_weight = excluded.fairness_weight, expires_at = excluded.expires_at;

-- name: delete_task
-- A task that was started, or is wanted no more.
DELETE FROM tasks WHERE run_id = :run_id AND kind = :kind AND ref = :ref;

-- name: drop_task
-- A stale task, unless a newer attempt has taken its row.
DELETE FROM tasks WHERE run_id = :run_id AND kind = :kind AND ref = :ref AND stamp = :stamp;

-- name: delete_tasks_of_run
-- All tasks of a run.
DELETE FROM tasks WHERE run_id = :run_id;

-- name: ready_tasks
-- Tasks of a queue in the order in which pollers get them, after a place in it. Index: tasks_by_queue.
SELECT namespace_id, workflow_id, run_id, queue, kind, ref, stamp, created_at, normal_queue, priority, fairness_key,
       fairness_weight, expires_at
  FROM tasks
 WHERE namespace_id = :namespace_id AND queue = :queue AND kind = :kind
   AND (priority, created_at, run_id, ref) > (:after_priority, :after_created_at, :after_run_id, :after_ref)
 ORDER BY priority, created_at, run_id, ref
 LIMIT :limit;

-- name: count_tasks
-- How many tasks wait in a queue. Index: tasks_by_queue.
SELECT COUNT(*) FROM tasks WHERE namespace_id = :namespace_id AND queue = :queue AND kind = :kind;

-- name: queues_with_tasks
-- Every queue that has a task, asked once, at start. Bound: one row for each queue. Index: tasks_by_queue.
SELECT DISTINCT namespace_id, queue, kind FROM tasks ORDER BY namespace_id, queue, kind;
