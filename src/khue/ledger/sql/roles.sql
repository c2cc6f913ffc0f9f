-- What no role of Khuê may do, said at every start by the server's administrator, in the city's database.
-- ACLs of a database do not travel with CREATE DATABASE … TEMPLATE, so nothing here may be said once only.

-- One SELECT with set_config() would widen its own scope to every row; the view pg_settings has a rule that calls it.
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO khue_owner;  -- pg_dump calls it; no policy binds it
REVOKE UPDATE ON pg_catalog.pg_settings FROM PUBLIC;

-- Large objects are a place to write that no policy covers.
REVOKE EXECUTE ON FUNCTION pg_catalog.lo_create(oid) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.lo_creat(integer) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.lo_from_bytea(oid, bytea) FROM PUBLIC;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
