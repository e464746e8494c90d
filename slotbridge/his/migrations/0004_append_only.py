"""The story of a visit and the audit cannot be rewritten; the outbox wakes the workers."""

from django.db import migrations

SQL = """
CREATE FUNCTION his_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON his_visitevent
    FOR EACH ROW EXECUTE FUNCTION his_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON his_auditentry
    FOR EACH ROW EXECUTE FUNCTION his_append_only();

CREATE FUNCTION his_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('slotbridge_work', '');
    RETURN NULL;
END $$;
CREATE TRIGGER wake AFTER INSERT ON his_outboxentry
    FOR EACH STATEMENT EXECUTE FUNCTION his_wake();
"""

BACK = """
DROP TRIGGER wake ON his_outboxentry;
DROP FUNCTION his_wake();
DROP TRIGGER append_only ON his_auditentry;
DROP TRIGGER append_only ON his_visitevent;
DROP FUNCTION his_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("his", "0003_offered_prices")]

    operations = [migrations.RunSQL(SQL, BACK)]
