-- name: orphans
-- Rows of runs that are not there. Read whole: asked only when a file is verified.
SELECT 'history' AS part, run_id FROM history WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.run_id = history.run_id)
UNION
SELECT 'pending', run_id FROM pending WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.run_id = pending.run_id)
UNION
SELECT 'tasks', run_id FROM tasks WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.run_id = tasks.run_id)
UNION
SELECT 'current_runs', run_id FROM current_runs
 WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.run_id = current_runs.run_id)
ORDER BY part, run_id
LIMIT :limit;

-- name: gaps
-- Batches of a history that do not begin where the one before ended.
SELECT run_id, first_event_id
  FROM (
    SELECT run_id, first_event_id,
           LAG(next_event_id, 1, 1) OVER (PARTITION BY run_id ORDER BY first_event_id) AS expected_event_id
      FROM history
  ) AS batches
 WHERE first_event_id <> expected_event_id
 ORDER BY run_id, first_event_id
 LIMIT :limit;

-- name: count_runs
-- How many runs there are. Reads the table: asked only when a file is verified.
SELECT COUNT(*) FROM runs;

-- name: runs_to_verify
-- Runs after a run id, with the status that lists show. Reads the table in its key's order.
SELECT runs.run_id, runs.namespace_id, runs.workflow_id, version, next_event_id, runs.status, state, visibility.status
  FROM runs LEFT JOIN visibility ON visibility.run_id = runs.run_id
 WHERE runs.run_id > :after_run_id
 ORDER BY runs.run_id
 LIMIT :limit;
