//! `/api/v1/managers`.

use super::parameters::{Parameters, in_order};
use super::respond::{ask, json};
use super::{Api, schemas};
use crate::http::problem::Problem;
use crate::serve::model::answers::ManagersAnswer;
use crate::serve::model::questions::CountersQuestion;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use chrono::{DateTime, Days, NaiveDate};
use chrono_tz::Tz;
use utoipa::IntoParams;

/// How many days a period has if only its end is said, or nothing: today, and those before.
const DAYS: u64 = 30;

/// Whose counters, and of which days.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `managers` reads")]
struct ManagersParameters {
    /// Only this channel; otherwise all together.
    #[param(min_length = 1, max_length = 256)]
    channel: Option<String>,
    /// Only this manager, with their days; the empty text is nobody.
    #[param(max_length = 256)]
    manager: Option<String>,
    /// The first day; 29 days before the last one if it is not said.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day; today if it is not said.
    #[param(format = Date)]
    to: Option<String>,
    /// The time zone that tells which day is today; that of the channel (of none: UTC) if it is not said. The days of the
    /// counters are always those of their channels' time zones (E2).
    #[param(schema_with = schemas::time_zone)]
    tz: Option<Tz>,
}

/// How managers did in a period
///
/// Counters by date summed up, with both rates and the size of the sample (`ended`), beside the same of the period of
/// equal length just before. Over dates or managers a chat may be counted more than once (E3).
#[utoipa::path(
    get,
    path = "/api/v1/managers",
    operation_id = "getManagers",
    tag = "managers",
    params(ManagersParameters),
    responses((status = 200, description = "Managers, the total, and the days.", body = ManagersAnswer)),
)]
pub async fn managers(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let mut given = Parameters::of(&uri)?;
    let (channel, manager) = (given.id("channel")?, given.manager("manager")?);
    let (from, to) = (given.date("from")?, given.date("to")?);
    let zone =
        given.value("tz", "the name of a time zone, as in Europe/Paris", |name| name.parse::<Tz>().ok())?;
    given.end()?;
    in_order(from, to)?;
    let answer = ask(&api.model, move |model| {
        let today = || match zone {
            Some(zone) => today_in(zone, model.now().0),
            None => model.today(channel.as_deref()),
        };
        // A period that begins later than today ends where it begins.
        let to = to.unwrap_or_else(|| today().max(from.unwrap_or(NaiveDate::MIN)));
        let from = from.unwrap_or_else(|| to.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(NaiveDate::MIN));
        model.managers(&CountersQuestion { channel, manager, from, to })
    });
    json(&headers, &answer.await?)
}

fn today_in(zone: Tz, now: i64) -> NaiveDate {
    DateTime::from_timestamp_millis(now).map_or(NaiveDate::MAX, |now| now.with_timezone(&zone).date_naive())
}
