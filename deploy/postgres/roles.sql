-- Portolan's group roles, for an administrator, where the user that migrates may not make roles (psql -f roles.sql).
-- Afterwards: portolan migrate, which grants. What each role may do: docs/secrets.md.
create role portolan_migrator nologin;
create role portolan_worker nologin;
create role portolan_console nologin;
create role portolan_operator nologin;

-- The user that migrates: its tables are handed over to the group at its next migrate.
-- grant portolan_migrator to portolan;
-- In PostgreSQL 16 and later the one line above is enough; the group must be able to make the platforms' schemas:
-- grant create on database portolan to portolan_migrator;

-- Logins:
-- create role portolan_worker_1 login password '…' in role portolan_worker;
-- create role portolan_grafana login password '…' in role portolan_console;
-- create role ann login password '…' in role portolan_operator;
