-- name: put_visibility
-- How a run shows, replaced whole.
INSERT INTO visibility (
  run_id, namespace_id, workflow_id, workflow_type, task_queue, status, start_at, execution_at, close_at, close_order,
  history_length, history_size_bytes, state_transition_count, parent_workflow_id, parent_run_id, root_workflow_id,
  root_run_id, first_run_id, memo, search_attributes, searchable
)
VALUES (
  :run_id, :namespace_id, :workflow_id, :workflow_type, :task_queue, :status, :start_at, :execution_at, :close_at,
  :close_order, :history_length, :history_size_bytes, :state_transition_count, :parent_workflow_id, :parent_run_id,
  :root_workflow_id, :root_run_id, :first_run_id, :memo, :search_attributes, :searchable
)
ON CONFLICT (run_id) DO UPDATE
   SET workflow_type = excluded.workflow_type, task_queue = excluded.task_queue, status = excluded.status,
       start_at = excluded.start_at, execution_at = excluded.execution_at, close_at = excluded.close_at,
       close_order = excluded.close_order, history_length = excluded.history_length,
       history_size_bytes = excluded.history_size_bytes, state_transition_count = excluded.state_transition_count,
       parent_workflow_id = excluded.parent_workflow_id, parent_run_id = excluded.parent_run_id,
       root_workflow_id = excluded.root_workflow_id, root_run_id = excluded.root_run_id,
       first_run_id = excluded.first_run_id, memo = excluded.memo, search_attributes = excluded.search_attributes,
       searchable = excluded.searchable;

-- name: delete_visibility
-- The run shows no more.
DELETE FROM visibility WHERE run_id = :run_id;

-- name: executions
-- One namespace's runs after a place in the list, open ones first. /* filter */ is where the compiled condition goes.
-- Index: visibility_by_time, or a narrower one that the filter allows.
SELECT namespace_id, workflow_id, run_id, workflow_type, task_queue, status, start_at, execution_at, close_at,
       history_length, history_size_bytes, state_transition_count, parent_workflow_id, parent_run_id, root_workflow_id,
       root_run_id, first_run_id, memo, search_attributes, searchable
  FROM visibility
 WHERE namespace_id = :page_namespace_id
   AND (close_order, start_at, run_id) < (:page_close_order, :page_start_at, :page_run_id)
   /* filter */
 ORDER BY close_order DESC, start_at DESC, run_id DESC
 LIMIT :page_limit;

-- name: count_executions
-- How many runs match; /* filter */ is where the compiled condition goes.
SELECT COUNT(*) FROM visibility WHERE namespace_id = :page_namespace_id /* filter */;

-- name: count_executions_by
-- Counts by one column; /* column */ is one of the table's own names. Bound: one row for each of its values.
SELECT /* column */, COUNT(*)
  FROM visibility
 WHERE namespace_id = :page_namespace_id /* filter */
 GROUP BY /* column */
 ORDER BY /* column */;
