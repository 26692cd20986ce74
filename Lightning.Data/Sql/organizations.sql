-- Organizations, their members and invitations.

-- A user's organizations, in the format of the setting lightning.memberships: {member};{admin};{owner}. The session
-- gate reads them with the session, before the caller is authenticated.
CREATE FUNCTION app.memberships_of(who uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN count(*) = 0 THEN '' ELSE format('{%s};{%s};{%s}',
            string_agg(membership.organization_id::text, ',' ORDER BY membership.organization_id),
            string_agg(membership.organization_id::text, ',' ORDER BY membership.organization_id)
                FILTER (WHERE membership.role IN ('admin', 'owner')),
            string_agg(membership.organization_id::text, ',' ORDER BY membership.organization_id)
                FILTER (WHERE membership.role = 'owner')) END
    FROM app.memberships AS membership
    JOIN app.organizations AS organization ON organization.id = membership.organization_id
    WHERE membership.user_id = memberships_of.who AND organization.deleted_at IS NULL $$;

ALTER TABLE app.memberships ADD CONSTRAINT ck_memberships_role CHECK (role IN ('member', 'admin', 'owner'));
ALTER TABLE app.invitations ADD CONSTRAINT ck_invitations_role CHECK (role IN ('member', 'admin'));

-- The names and addresses of members, whose other data the actor may not see.
CREATE FUNCTION app.people_of(organization uuid, people uuid[]) RETURNS TABLE (user_id uuid, name text, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT person.id, person.name, person.email
    FROM app.memberships AS membership JOIN app.users AS person ON person.id = membership.user_id
    WHERE membership.organization_id = people_of.organization AND membership.user_id = ANY (people_of.people)
        AND (people_of.organization = ANY (app.member_of()) OR app.acts_as('admin')) $$;

CREATE FUNCTION app.is_member_address(organization uuid, address text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM app.memberships AS membership JOIN app.users AS person ON person.id = membership.user_id
        WHERE membership.organization_id = is_member_address.organization AND person.email_verified
            AND lower(person.email COLLATE "C") = is_member_address.address
            AND is_member_address.organization = ANY (app.member_of())) $$;

-- The names on invitations that the actor received or may send: the actor may see neither the organization, before they
-- accept, nor the inviter.
CREATE FUNCTION app.invitation_names(ids uuid[]) RETURNS TABLE (id uuid, organization_name text, invited_by text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT invitation.id, organization.name, inviter.name
    FROM app.invitations AS invitation
    JOIN app.organizations AS organization ON organization.id = invitation.organization_id
    LEFT JOIN app.users AS inviter ON inviter.id = invitation.invited_by_id
    WHERE invitation.id = ANY (invitation_names.ids) AND organization.deleted_at IS NULL
        AND (invitation.user_id = app.actor() OR invitation.organization_id = ANY (app.admin_of())
            OR app.acts_as('admin')) $$;

-- Creates an organization of the transaction's actor, who becomes its owner. False if the slug is taken.
CREATE FUNCTION app.create_organization(new_id uuid, new_slug text, new_name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF app.actor() IS NULL OR NOT app.acts_as('verified') OR NOT app.acts_as('themself') THEN RETURN false; END IF;
    INSERT INTO app.organizations (id, slug, name, created_at) VALUES (new_id, new_slug, new_name, clock_timestamp())
        ON CONFLICT (slug) DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO app.memberships (id, organization_id, user_id, role, created_at)
        VALUES (gen_random_uuid(), new_id, app.actor(), 'owner', clock_timestamp());
    RETURN true;
END $$;

-- Whether no other organization has a slug. Deleted organizations keep theirs.
CREATE FUNCTION app.is_slug_free(slug text, except_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM app.organizations AS other
        WHERE other.slug = is_slug_free.slug AND other.id IS DISTINCT FROM is_slug_free.except_id) $$;

-- Deletes an organization of which the transaction's actor is an owner. It is kept for a while, but has no members.
CREATE FUNCTION app.delete_organization(id uuid, version bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT app.acts_as('verified') OR NOT app.acts_as('themself') THEN RETURN false; END IF;
    UPDATE app.organizations AS organization SET deleted_at = clock_timestamp()
        WHERE organization.id = delete_organization.id AND organization.deleted_at IS NULL
            AND organization.xmin::text::bigint = delete_organization.version
            AND organization.id = ANY (app.owner_of());
    RETURN FOUND;
END $$;

-- Deletes organizations that were deleted long ago, with everything in them; never those of the last day.
CREATE FUNCTION app.purge_deleted_organizations(before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    purged integer;
BEGIN
    DELETE FROM app.organizations WHERE id = ANY (ARRAY(
        SELECT id FROM app.organizations WHERE deleted_at < LEAST(before, clock_timestamp() - interval '1 day')
        ORDER BY deleted_at LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END $$;

-- The transaction's actor joins the organization that invited them. Null if the invitation was revoked or has expired.
-- The row's lock lets only one of an acceptance and a revocation win.
CREATE FUNCTION app.accept_invitation(id uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    accepted app.invitations;
BEGIN
    IF NOT app.acts_as('verified') OR NOT app.acts_as('themself') THEN RETURN NULL; END IF;
    DELETE FROM app.invitations AS invitation
        WHERE invitation.id = accept_invitation.id AND invitation.user_id = app.actor()
            AND invitation.expires_at > clock_timestamp()
            AND EXISTS (SELECT FROM app.organizations AS organization
                WHERE organization.id = invitation.organization_id AND organization.deleted_at IS NULL)
        RETURNING * INTO accepted;
    IF NOT FOUND THEN RETURN NULL; END IF;
    INSERT INTO app.memberships (id, organization_id, user_id, role, created_at)
        VALUES (gen_random_uuid(), accepted.organization_id, app.actor(), accepted.role, clock_timestamp())
        ON CONFLICT (organization_id, user_id) DO NOTHING;
    RETURN accepted.organization_id;
END $$;

-- One owner remains. Changes of owners are serialized by the organization's row. Deleting the organization deletes
-- them all.
CREATE FUNCTION app.keep_an_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM app.organizations WHERE id = OLD.organization_id FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (SELECT FROM app.memberships AS other
            WHERE other.organization_id = OLD.organization_id AND other.role = 'owner' AND other.id <> OLD.id) THEN
        RAISE EXCEPTION 'An organization must have an owner.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'last_owner';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_an_owner_on_update BEFORE UPDATE OF role ON app.memberships
    FOR EACH ROW WHEN (OLD.role = 'owner' AND NEW.role <> 'owner') EXECUTE FUNCTION app.keep_an_owner();
CREATE TRIGGER keep_an_owner_on_delete BEFORE DELETE ON app.memberships
    FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION app.keep_an_owner();

-- Every process drops the user from its cache when their memberships change.
CREATE FUNCTION app.tell_membership() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('lightning', 'user:' || coalesce(NEW.user_id, OLD.user_id));
    RETURN NULL;
END $$;
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON app.memberships
    FOR EACH ROW EXECUTE FUNCTION app.tell_membership();

CREATE FUNCTION app.tell_members() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('lightning', 'user:' || membership.user_id)
        FROM app.memberships AS membership WHERE membership.organization_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_deletion AFTER UPDATE OF deleted_at ON app.organizations
    FOR EACH ROW WHEN (OLD.deleted_at IS DISTINCT FROM NEW.deleted_at) EXECUTE FUNCTION app.tell_members();

-- A user is deleted: where they are the last owner, an administrator or else the oldest member becomes one; without
-- other members the organization is deleted. What they created stays, as an owner's.
CREATE FUNCTION app.leave_organizations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    organization uuid;
    successor uuid;
BEGIN
    FOR organization IN SELECT organization_id FROM app.memberships WHERE user_id = OLD.id AND role = 'owner'
        ORDER BY organization_id LOOP
        PERFORM FROM app.organizations WHERE id = organization FOR NO KEY UPDATE;
        CONTINUE WHEN EXISTS (SELECT FROM app.memberships AS other WHERE other.organization_id = organization
            AND other.role = 'owner' AND other.user_id <> OLD.id);
        SELECT other.id INTO successor FROM app.memberships AS other
            WHERE other.organization_id = organization AND other.user_id <> OLD.id
            ORDER BY other.role = 'admin' DESC, other.created_at, other.id LIMIT 1;
        IF successor IS NULL THEN
            DELETE FROM app.organizations WHERE id = organization;
        ELSE
            UPDATE app.memberships SET role = 'owner' WHERE id = successor;
        END IF;
    END LOOP;
    UPDATE app.notes AS note SET owner_id = app.owner_after(note.organization_id, OLD.id)
        WHERE note.owner_id = OLD.id AND note.organization_id IS NOT NULL;
    UPDATE app.deleted_notes AS note SET owner_id = app.owner_after(note.organization_id, OLD.id)
        WHERE note.owner_id = OLD.id AND note.organization_id IS NOT NULL;
    RETURN OLD;
END $$;

-- The owner of an organization who has been its member for the longest time, other than one user.
CREATE FUNCTION app.owner_after(organization uuid, leaving uuid) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT user_id FROM app.memberships
    WHERE organization_id = owner_after.organization AND role = 'owner' AND user_id <> owner_after.leaving
    ORDER BY created_at, id LIMIT 1 $$;
CREATE TRIGGER leave_organizations BEFORE DELETE ON app.users
    FOR EACH ROW EXECUTE FUNCTION app.leave_organizations();

-- An invitation is for an e-mail address, like a share (note_shares.sql).
CREATE FUNCTION app.resolve_invitation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('invitation:' || NEW.address, 0));
    NEW.user_id := (
        SELECT person.id FROM app.users AS inviter JOIN app.users AS person ON person.issuer = inviter.issuer
        WHERE inviter.id = NEW.invited_by_id AND person.email_verified
            AND lower(person.email COLLATE "C") = NEW.address
        ORDER BY person.created_at, person.id LIMIT 1);
    RETURN NEW;
END $$;
CREATE TRIGGER resolve BEFORE INSERT ON app.invitations FOR EACH ROW EXECUTE FUNCTION app.resolve_invitation();

-- A user has the invitations for their address, and loses those for their former address.
CREATE FUNCTION app.claim_invitations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    folded text := lower(NEW.email COLLATE "C");
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('invitation:' || folded, 0));
    UPDATE app.invitations SET user_id = NULL
        WHERE user_id = NEW.id AND (address <> folded OR NOT NEW.email_verified);
    UPDATE app.invitations AS invitation SET user_id = NEW.id FROM app.users AS inviter
        WHERE NEW.email_verified AND invitation.address = folded AND invitation.user_id IS NULL
            AND inviter.id = invitation.invited_by_id AND inviter.issuer = NEW.issuer;
    RETURN NULL;
END $$;
CREATE TRIGGER claim_invitations AFTER INSERT OR UPDATE OF email, email_verified ON app.users
    FOR EACH ROW EXECUTE FUNCTION app.claim_invitations();

-- Identity sends the mail, once for each new expiry; at most one for an invitation waits.
CREATE FUNCTION app.mail_invitation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM identity.outbox AS waiting
            WHERE waiting.kind = 'invitation' AND waiting.recipient = NEW.id::text) THEN
        INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
            VALUES (gen_random_uuid(), 'invitation', NEW.id::text, '', clock_timestamp(), 0);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER mail_invitation AFTER INSERT ON app.invitations
    FOR EACH ROW EXECUTE FUNCTION app.mail_invitation();
CREATE TRIGGER mail_invitation_again AFTER UPDATE OF expires_at ON app.invitations
    FOR EACH ROW WHEN (OLD.expires_at <> NEW.expires_at) EXECUTE FUNCTION app.mail_invitation();

-- Deletes invitations that expired long ago.
CREATE FUNCTION app.purge_expired_invitations(before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    purged integer;
BEGIN
    DELETE FROM app.invitations WHERE id = ANY (ARRAY(
        SELECT id FROM app.invitations WHERE expires_at < LEAST(before, clock_timestamp() - interval '1 day')
        ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END $$;

ALTER TABLE app.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY services ON app.organizations TO lightning_identity, lightning_admin USING (true);
CREATE POLICY services ON app.invitations TO lightning_identity, lightning_admin USING (true);
CREATE POLICY services ON app.memberships TO lightning_admin USING (true);
