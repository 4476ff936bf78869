-- One row a run. `state` holds the run's scalars as the engine wrote them; `version` counts committed transitions.
CREATE TABLE runs (
  run_id TEXT NOT NULL PRIMARY KEY,
  namespace_id TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  next_event_id INTEGER NOT NULL,
  status INTEGER NOT NULL,
  wake_at INTEGER, -- the earliest deadline; NULL = nothing to wait for
  state BLOB NOT NULL
) STRICT;
CREATE INDEX runs_by_wake_at ON runs (wake_at, run_id) WHERE wake_at IS NOT NULL;

-- The run that a workflow id stands for. The primary key is what makes a workflow id unique.
CREATE TABLE current_runs (
  namespace_id TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  first_run_id TEXT NOT NULL,
  create_request_id TEXT NOT NULL,
  is_running INTEGER NOT NULL,
  status INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  attached_request_ids TEXT NOT NULL, -- a JSON list
  PRIMARY KEY (namespace_id, workflow_id)
) STRICT, WITHOUT ROWID;

-- Pending activities, timers, children, ...: one row each, written only when touched.
CREATE TABLE pending (
  run_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  blob BLOB NOT NULL,
  PRIMARY KEY (run_id, kind, key)
) STRICT, WITHOUT ROWID;

-- Events, a row for each batch that was written together. Blobs are big, so the table has row ids: fat keys make a
-- shallow tree deep, and new batches of all runs land side by side at the table's end.
CREATE TABLE history (
  run_id TEXT NOT NULL,
  first_event_id INTEGER NOT NULL,
  next_event_id INTEGER NOT NULL,
  blob BLOB NOT NULL,
  PRIMARY KEY (run_id, first_event_id)
) STRICT;

-- Ready tasks that no worker has started yet.
CREATE TABLE tasks (
  run_id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  ref INTEGER NOT NULL,
  namespace_id TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  queue TEXT NOT NULL,
  stamp INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  normal_queue TEXT NOT NULL,
  priority INTEGER NOT NULL,
  fairness_key TEXT NOT NULL,
  fairness_weight REAL NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (run_id, kind, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_by_queue ON tasks (namespace_id, queue, kind, priority, created_at, run_id, ref);

-- What runs do to other runs and has not been recorded as done.
CREATE TABLE outbox (
  run_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  ref INTEGER NOT NULL,
  namespace_id TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  blob BLOB NOT NULL,
  PRIMARY KEY (run_id, kind, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_by_created_at ON outbox (created_at, run_id, kind, ref);

-- How runs show in lists. The columns are the fields of `VisibilityRecord`; filters are written over them.
CREATE TABLE visibility (
  run_id TEXT NOT NULL PRIMARY KEY,
  namespace_id TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  workflow_type TEXT NOT NULL,
  task_queue TEXT NOT NULL,
  status INTEGER NOT NULL,
  start_at INTEGER NOT NULL,
  execution_at INTEGER NOT NULL,
  close_at INTEGER, -- NULL while open
  close_order INTEGER NOT NULL, -- close_at, or the greatest integer while open: lists show open runs first
  history_length INTEGER NOT NULL,
  history_size_bytes INTEGER NOT NULL,
  state_transition_count INTEGER NOT NULL,
  parent_workflow_id TEXT NOT NULL,
  parent_run_id TEXT NOT NULL,
  root_workflow_id TEXT NOT NULL,
  root_run_id TEXT NOT NULL,
  first_run_id TEXT NOT NULL,
  memo BLOB NOT NULL,
  search_attributes BLOB NOT NULL,
  searchable TEXT NOT NULL -- a JSON object: name -> string, number, bool or list of strings
) STRICT;
CREATE INDEX visibility_by_time ON visibility (namespace_id, close_order DESC, start_at DESC, run_id DESC);
CREATE INDEX visibility_by_status ON visibility (namespace_id, status, close_order DESC, start_at DESC, run_id DESC);
CREATE INDEX visibility_by_type
  ON visibility (namespace_id, workflow_type, close_order DESC, start_at DESC, run_id DESC);
CREATE INDEX visibility_by_workflow_id
  ON visibility (namespace_id, workflow_id, close_order DESC, start_at DESC, run_id DESC);

CREATE TABLE namespaces (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  description TEXT NOT NULL,
  owner_email TEXT NOT NULL,
  data TEXT NOT NULL, -- a JSON object of strings
  retention_ns INTEGER NOT NULL,
  is_global INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  search_attribute_aliases TEXT NOT NULL -- a JSON object of strings
) STRICT, WITHOUT ROWID;

-- Custom search attributes of a namespace.
CREATE TABLE search_attributes (
  namespace_id TEXT NOT NULL,
  name TEXT NOT NULL,
  type INTEGER NOT NULL, -- temporal.api.enums.v1.IndexedValueType
  PRIMARY KEY (namespace_id, name)
) STRICT, WITHOUT ROWID;

-- Settings of the store as a whole.
CREATE TABLE metadata (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The migrations that this file has been through.
CREATE TABLE schema_version (
  version INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
