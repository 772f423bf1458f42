//! The figures of managers as a file: all of them in a period, or one of them day by day.

use super::chats::NOBODY;
use super::managers::{Asked, Order, ask};
use crate::serve::dashboard::csv::Csv;
use crate::serve::dashboard::query::Query;
use crate::serve::dashboard::{Dashboard, Failure};
use crate::serve::model::answers::{Figures, ManagersAnswer};

const COUNTS: [&str; 8] = [
    "measured",
    "achieved",
    "missed",
    "ended",
    "closes",
    "achieved_of_ended",
    "achievement_rate",
    "ended_achievement_rate",
];

/// The text, and a name for the file.
pub fn file(dashboard: &Dashboard, query: &Query) -> Result<(String, String), Failure> {
    let order = Order::asked(query)?;
    let manager = if query.get(NOBODY).is_some() { Some("") } else { query.get("manager") };
    let Asked { mut answer, .. } = ask(dashboard, query, manager)?;
    order.sort(&mut answer.managers);
    let name = format!("managers-{}-{}.csv", answer.period.from.0, answer.period.to.0);
    let text = match manager {
        Some(id) => by_date(&answer, id),
        None => by_manager(&answer),
    };
    Ok((text, name))
}

fn by_manager(answer: &ManagersAnswer) -> String {
    let mut csv = Csv::default();
    let heads = ["channel", "from", "to", "scope", "manager"];
    let changes =
        ["achievement_rate_change", "ended_achievement_rate_change", "preceding_from", "preceding_to"];
    csv.row(heads.into_iter().chain(COUNTS).chain(changes));
    let all = answer.managers.iter().map(|of| ("MANAGER", of.manager_id.as_str(), &of.compared));
    for (scope, manager, compared) in all.chain(std::iter::once(("CHANNEL", "", &answer.total))) {
        let mut row = vec![
            answer.channel_id.clone().unwrap_or_default(),
            answer.period.from.0.to_string(),
            answer.period.to.0.to_string(),
            scope.to_owned(),
            manager.to_owned(),
        ];
        row.extend(counts(&compared.figures));
        row.extend([share(compared.achievement_rate_change), share(compared.ended_achievement_rate_change)]);
        row.extend([answer.preceding.from.0.to_string(), answer.preceding.to.0.to_string()]);
        csv.row(row.iter().map(String::as_str));
    }
    csv.into_text()
}

fn by_date(answer: &ManagersAnswer, manager: &str) -> String {
    let mut csv = Csv::default();
    csv.row(["channel", "manager", "date"].into_iter().chain(COUNTS));
    for day in &answer.days {
        let channel = answer.channel_id.clone().unwrap_or_default();
        let mut row = vec![channel, manager.to_owned(), day.date.0.to_string()];
        row.extend(counts(&day.figures));
        csv.row(row.iter().map(String::as_str));
    }
    csv.into_text()
}

fn counts(of: &Figures) -> Vec<String> {
    let counts = [of.measured, of.achieved, of.missed, of.ended, of.closes, of.achieved_of_ended];
    let rates = [of.achievement_rate, of.ended_achievement_rate];
    counts.iter().map(u64::to_string).chain(rates.into_iter().map(share)).collect()
}

/// Empty where there is none: nought is another thing.
fn share(of: Option<f64>) -> String {
    of.map_or_else(String::new, |of| format!("{of:.6}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::json::output::Date;
    use crate::serve::model::answers::{Compared, Day, ManagerFigures, Period};

    fn answer() -> ManagersAnswer {
        let date = |text: &str| Date(text.parse().unwrap());
        let figures = Figures {
            measured: 3,
            achieved: 1,
            ended: 4,
            achievement_rate: Some(0.25),
            ..Figures::default()
        };
        let compared = Compared { figures, achievement_rate_change: Some(-0.5), ..Compared::default() };
        ManagersAnswer {
            channel_id: Some("a,b".into()),
            period: Period { from: date("2026-03-02"), to: date("2026-03-03") },
            preceding: Period { from: date("2026-02-28"), to: date("2026-03-01") },
            managers: vec![ManagerFigures { manager_id: "=mia()".into(), compared }],
            total: Compared::default(),
            days: vec![Day { date: date("2026-03-02"), figures }],
        }
    }

    #[test]
    fn managers_come_with_the_whole_channel_last() {
        let text = by_manager(&answer());
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines[1],
            "\"a,b\",2026-03-02,2026-03-03,MANAGER,'=mia(),3,1,0,4,0,0,0.250000,,-0.500000,,2026-02-28,2026-03-01"
        );
        assert!(lines[2].starts_with("\"a,b\",2026-03-02,2026-03-03,CHANNEL,,0,0,"));
        assert_eq!(lines[0].split(',').count(), 17);
        assert_eq!(lines[3], "");
    }

    #[test]
    fn days_come_by_date() {
        let text = by_date(&answer(), "mia");
        assert!(text.contains("\r\n\"a,b\",mia,2026-03-02,3,1,0,4,0,0,0.250000,\r\n"), "{text}");
    }
}
