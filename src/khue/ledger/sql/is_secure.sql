-- Whether the logins that must not widen their scope are shut in, and may connect.
SELECT bool_and(NOT has_function_privilege(r, 'pg_catalog.set_config(text, text, boolean)', 'EXECUTE')
                AND NOT has_table_privilege(r, 'pg_catalog.pg_settings', 'UPDATE')
                AND NOT EXISTS (SELECT FROM pg_namespace n
                                WHERE nspname = 'public' AND has_schema_privilege(r, n.oid, 'CREATE'))
                AND NOT has_database_privilege(r, current_database(), 'TEMPORARY')
                AND has_database_privilege(r, current_database(), 'CONNECT'))
FROM unnest(ARRAY['khue_scoped', 'khue_public']) r
