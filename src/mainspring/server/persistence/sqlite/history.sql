-- name: insert_history
-- One batch; never written twice, never changed.
INSERT INTO history (run_id, first_event_id, next_event_id, blob)
VALUES (:run_id, :first_event_id, :next_event_id, :blob);

-- name: history
-- Batches that hold events of a range, oldest first. Batches of a run lie end to end, so the one that holds the first
-- event asked for is the last that begins no later: the inner query finds it without reading what comes before.
SELECT first_event_id, next_event_id, blob
  FROM history
 WHERE run_id = :run_id
   AND first_event_id >= COALESCE((SELECT MAX(first_event_id) FROM history
                                    WHERE run_id = :run_id AND first_event_id <= :first_event_id), 0)
   AND first_event_id < :before_event_id
   AND next_event_id > :first_event_id
 ORDER BY first_event_id
 LIMIT :limit;

-- name: history_newest_first
-- The same batches as `history`, the newest first.
SELECT first_event_id, next_event_id, blob
  FROM history
 WHERE run_id = :run_id
   AND first_event_id >= COALESCE((SELECT MAX(first_event_id) FROM history
                                    WHERE run_id = :run_id AND first_event_id <= :first_event_id), 0)
   AND first_event_id < :before_event_id
   AND next_event_id > :first_event_id
 ORDER BY first_event_id DESC
 LIMIT :limit;

-- name: delete_history_of_run
-- All events of a run.
DELETE FROM history WHERE run_id = :run_id;
