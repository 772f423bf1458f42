//! How times and dates look in the OpenAPI document: they are told by [`Time`] and [`Date`], as everywhere in the
//! contract.

use crate::contract::json::output::{Date, Time};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339 in UTC, with 0 or 3 digits of a fraction."))
            .build()
            .into()
    }
}

impl ToSchema for Time {}

impl PartialSchema for Date {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .description(Some("A calendar date, in the time zone of its channel (E2)."))
            .build()
            .into()
    }
}

impl ToSchema for Date {}
