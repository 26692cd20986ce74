-- The actor of the current transaction, as the API sets it for row-level security (RowSecurityInterceptor).

-- Functions with settings of their own are never inlined into a query, so these have none; every name in them is
-- qualified with pg_catalog instead.
CREATE FUNCTION app.actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(pg_catalog.current_setting('lightning.actor', true), '')::pg_catalog.uuid $$;

CREATE FUNCTION app.acts_as(what text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT what OPERATOR(pg_catalog.=) ANY
        (pg_catalog.string_to_array(coalesce(pg_catalog.current_setting('lightning.acts_as', true), ''), ' ')) $$;

-- The ids of the actor's organizations: of all, of those that they administer, of those that they own.
CREATE FUNCTION app.member_of() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(pg_catalog.split_part(pg_catalog.current_setting('lightning.memberships', true), ';', 1),
        '')::pg_catalog.uuid[] $$;
CREATE FUNCTION app.admin_of() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(pg_catalog.split_part(pg_catalog.current_setting('lightning.memberships', true), ';', 2),
        '')::pg_catalog.uuid[] $$;
CREATE FUNCTION app.owner_of() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(pg_catalog.split_part(pg_catalog.current_setting('lightning.memberships', true), ';', 3),
        '')::pg_catalog.uuid[] $$;
