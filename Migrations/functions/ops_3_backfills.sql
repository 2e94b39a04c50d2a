-- Backfills, as the schema ops promises them.

create or replace view ops.backfills as
select p.backfill_id, p.connection_id, p.connection, c.platform, p.resources, p.window_from, p.window_to, p.state, p.share_done, p.time_left, p.chunks_count, p.chunks_failed,
       p.pages_count, p.records_count, p.notes, p.failed_windows, p.last_code, p.created_at, p.last_page_at, p.ended_at, p.job_id
from portolan.backfill_progress p join portolan.connections c using (connection_id);
comment on view ops.backfills is 'Windows of the past that are read, or were: order by backfill_id desc.';
comment on column ops.backfills.backfill_id is 'What portolan backfills takes.';
comment on column ops.backfills.connection_id is 'Whose past.';
comment on column ops.backfills.connection is 'Name of the connection.';
comment on column ops.backfills.platform is 'Its platform.';
comment on column ops.backfills.resources is 'What of it.';
comment on column ops.backfills.window_from is 'Inclusive; NULL: from the beginning.';
comment on column ops.backfills.window_to is 'Exclusive.';
comment on column ops.backfills.state is 'waiting, reading, paused, done, failed (some of it could not be read) or cancelled.';
comment on column ops.backfills.share_done is 'From 0 to 1, by time. An open beginning counts as ten years back.';
comment on column ops.backfills.time_left is 'At the pace of the last chunks; NULL: nothing to go by.';
comment on column ops.backfills.chunks_count is 'Chunks that have ended.';
comment on column ops.backfills.chunks_failed is 'How many of them failed.';
comment on column ops.backfills.pages_count is 'Pages committed.';
comment on column ops.backfills.records_count is 'Records on them, changed or not.';
comment on column ops.backfills.notes is 'What was clamped, and why.';
comment on column ops.backfills.failed_windows is 'What could not be read; portolan backfills retry tries it again.';
comment on column ops.backfills.last_code is 'Code of the error a window failed with.';
comment on column ops.backfills.created_at is 'When it was asked for.';
comment on column ops.backfills.last_page_at is 'When a page was last committed.';
comment on column ops.backfills.ended_at is 'When it ended; NULL: it has not.';
comment on column ops.backfills.job_id is 'Its job, whose children read.';
