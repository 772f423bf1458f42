//! Schemas of parameters that are not the types that they are read into.

use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};

/// The latest time that a record may name, in epoch milliseconds: the end of the year 9998.
const EPOCH_MS_MAX: i64 = 253_370_764_799_999;

/// A time: RFC 3339, or epoch milliseconds.
pub fn moment() -> RefOr<Schema> {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(EPOCH_MS_MAX));
    RefOr::T(Schema::AnyOf(AnyOfBuilder::new().item(text).item(number).build()))
}

/// The name of a time zone.
pub fn time_zone() -> RefOr<Schema> {
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build().into()
}
