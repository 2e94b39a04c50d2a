-- Why: least privilege. Four group roles: the migrator owns everything, workers and schedulers, the console (who looks), operators (who look and
--      act). Logins are made members of them. What each may do stands in functions/zz_grants.sql and is put right at every migrate.
-- Locks: none here. The grants that follow hand the existing tables over to portolan_migrator: ACCESS EXCLUSIVE on each, for a moment, if the
--      migrating user may do that. On a busy fleet, migrate in a quiet hour.
-- Breaking: no for logins that own the tables, or that own the database and migrate. Another login that called our functions as PUBLIC has to be
--      made a member of a role.

-- Roles belong to the cluster: another database of it may have made them already, or be at it. A user that may not make roles goes on without:
-- then an administrator runs deploy/postgres/roles.sql, and the next migrate grants.
do $$
declare r record;
begin
  for r in select * from (values
      ('portolan_migrator', 'Portolan: owns schemas, tables, functions and views. Members migrate.'),
      ('portolan_worker', 'Portolan: what workers and schedulers need.'),
      ('portolan_console', 'Portolan: reads how things are, and the unified views. No credentials, no payloads, no changes.'),
      ('portolan_operator', 'Portolan: the console''s rights, and the functions people act with.')) v(name, meaning)
  loop
    continue when exists (select from pg_catalog.pg_roles x where x.rolname = r.name);
    begin
      execute format('create role %I nologin', r.name);
      execute format('comment on role %I is %L', r.name, r.meaning);
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise notice '% may not make the role %; an administrator can: deploy/postgres/roles.sql', current_user, r.name;
    end;
  end loop;
  if exists (select from pg_catalog.pg_roles x where x.rolname = 'portolan_migrator') and not pg_catalog.pg_has_role(current_user, 'portolan_migrator', 'MEMBER') then
    begin
      execute format('grant portolan_migrator to %I', current_user);
    exception when insufficient_privilege then
      raise notice '% may not make itself a member of portolan_migrator, and keeps owning what it makes', current_user;
    end;
  end if;
end $$;
