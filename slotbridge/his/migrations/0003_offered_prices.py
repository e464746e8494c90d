"""R16a and R16b for each day: copies that cannot drift, and the triggers that make them."""

from django.db import migrations

FOLLOW = [
    # (table, constraint, columns, target, target columns)
    (
        "his_pricelistuse",
        "price_list_use_follows_list",
        "price_list_id, clinic_id, valid, currency",
        "his_pricelist",
        "id, clinic_id, valid, currency",
    ),
    (
        "his_offeredprice",
        "offered_price_follows_use",
        "use_id, channel, valid, currency",
        "his_pricelistuse",
        "id, channel, valid, currency",
    ),
    (
        "his_offeredprice",
        "offered_price_follows_price",
        "price_id, service_id, amount_minor",
        "his_price",
        "id, service_id, amount_minor",
    ),
]

TRIGGERS = """
CREATE FUNCTION his_offer_prices_of_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A price added to the list at the same time waits here, or we wait for it.
    PERFORM 1 FROM his_pricelist WHERE id = NEW.price_list_id FOR NO KEY UPDATE;
    INSERT INTO his_offeredprice
        (organisation_id, use_id, price_id, channel, valid, service_id, amount_minor, currency)
    SELECT NEW.organisation_id, NEW.id, p.id, NEW.channel, NEW.valid, p.service_id,
           p.amount_minor, NEW.currency
    FROM his_price p WHERE p.price_list_id = NEW.price_list_id;
    RETURN NULL;
END $$;
CREATE TRIGGER offer_prices AFTER INSERT ON his_pricelistuse
    FOR EACH ROW EXECUTE FUNCTION his_offer_prices_of_use();

CREATE FUNCTION his_offer_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM his_pricelist WHERE id = NEW.price_list_id FOR NO KEY UPDATE;
    INSERT INTO his_offeredprice
        (organisation_id, use_id, price_id, channel, valid, service_id, amount_minor, currency)
    SELECT NEW.organisation_id, u.id, NEW.id, u.channel, u.valid, NEW.service_id,
           NEW.amount_minor, u.currency
    FROM his_pricelistuse u WHERE u.price_list_id = NEW.price_list_id;
    RETURN NULL;
END $$;
CREATE TRIGGER offer_price AFTER INSERT ON his_price
    FOR EACH ROW EXECUTE FUNCTION his_offer_price();
"""

NO_TRIGGERS = """
DROP TRIGGER offer_price ON his_price;
DROP FUNCTION his_offer_price();
DROP TRIGGER offer_prices ON his_pricelistuse;
DROP FUNCTION his_offer_prices_of_use();
"""


class Migration(migrations.Migration):
    dependencies = [("his", "0002_same_organisation")]

    operations = [
        *[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
                f" REFERENCES {target} ({target_columns}) ON UPDATE CASCADE ON DELETE CASCADE",
                f"ALTER TABLE {table} DROP CONSTRAINT {name}",
            )
            for table, name, columns, target, target_columns in FOLLOW
        ],
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
