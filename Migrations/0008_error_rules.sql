-- Why: an operator's rules for what failures mean, which hold before those that are compiled in. The functions are in
-- functions/error_rules.sql.
-- Locks: none on existing tables; everything here is new.
-- Breaking: no.

create table portolan.error_rules (
  rule_id    text primary key check (rule_id ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
  platform   text,
  priority   integer not null default 100,
  enabled    boolean not null default true,
  definition jsonb not null check (jsonb_typeof(definition) = 'object'),
  note       text,
  created_at timestamptz not null default portolan.now(),
  created_by text not null default session_user,
  changed_at timestamptz not null default portolan.now()
);
comment on table portolan.error_rules is 'Rules that decide what a failure means before any compiled rule is asked. Written by set_error_rule and drop_error_rule, which check them.';
comment on column portolan.error_rules.rule_id is 'What errors that it decides carry as their rule.';
comment on column portolan.error_rules.platform is 'The platform it holds for; NULL: all.';
comment on column portolan.error_rules.priority is 'Lower is asked first.';
comment on column portolan.error_rules.enabled is 'Whether it is asked at all.';
comment on column portolan.error_rules.definition is 'Conditions and meaning; the fields are in docs/errors.md.';
comment on column portolan.error_rules.note is 'Why it is there, for people.';
comment on column portolan.error_rules.created_at is 'When it was first written.';
comment on column portolan.error_rules.created_by is 'The database role that first wrote it.';
comment on column portolan.error_rules.changed_at is 'When it was last written.';

-- One row. Workers look at it instead of at the rules.
create table portolan.error_rules_version (
  single  boolean primary key default true check (single),
  version bigint not null default 0
);
insert into portolan.error_rules_version default values;
comment on table portolan.error_rules_version is 'How often the rules have changed: a worker that knows this number knows the rules.';
comment on column portolan.error_rules_version.single is 'There is one row.';
comment on column portolan.error_rules_version.version is 'Grows with every change.';
