-- Data-protection keys. Each service sees its own key ring.

ALTER TABLE keys.data_protection ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_ring ON keys.data_protection
    USING (service = current_user) WITH CHECK (service = current_user);
