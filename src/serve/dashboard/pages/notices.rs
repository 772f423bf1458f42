//! What a list of chats says of the figure that led to it: what that counts, and how close to it the list can be.

use super::chats::NOBODY;
use crate::serve::dashboard::query::Query;

/// What the link that led here counts, and what the list can show of it.
pub fn notice(query: &Query) -> Option<String> {
    let credited = match (query.get("manager"), query.get(NOBODY)) {
        (Some(_), _) => " credited to the same manager",
        (None, Some(_)) => " credited to nobody",
        (None, None) => "",
    };
    let about = about(query.get("about")?, credited)?;
    if query.get("channel").is_some() {
        return Some(about);
    }
    Some(format!(
        "{about} Dates are those of each channel’s own time zone, so this list goes from where these dates begin first to \
         where they end last: it may begin some hours early and end some hours late."
    ))
}

/// `credited`: to whom the chats of the list are.
fn about(word: &str, credited: &str) -> Option<String> {
    let closed = || {
        format!(
            "A view does not tell when a chat was closed, so this list has those{credited} that changed last in that time, \
             whatever they show: it is close, not the same."
        )
    };
    Some(match word {
        "achieved" => format!(
            "The figure counts the chats that achieved their goal on these dates, whatever came later. This list has \
             those{credited} that show Achieved now and changed last in that time: it lacks those that changed since."
        ),
        "missed" => format!(
            "The figure counts the chats that missed a deadline on these dates, whatever came later. This list has \
             those{credited} that show Missed now and changed last in that time: it lacks those that changed since."
        ),
        "measured" => format!(
            "The figure counts the chats whose measuring began on these dates. This list has those{credited} that changed \
             last in that time, by whatever: it is close, not the same."
        ),
        "ended" => format!("The figure counts the chats that were closed on these dates. {}", closed()),
        "closes" => format!(
            "The figure counts how often chats were closed on these dates: one that was closed twice counts twice. {}",
            closed()
        ),
        "rate" => format!(
            "The figure divides how many chats achieved their goal on these dates by how many were closed on them. {}",
            closed()
        ),
        "ended-rate" => format!(
            "The figure is the share of those that show Achieved among the chats that were closed on these dates. {}",
            closed()
        ),
        "goal" => "The figure counts the chats that show exactly this goal. This list goes by the event of the goal, so it \
                   has those with another filter or period, too."
            .to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_figure_of_all_channels_is_said_to_have_the_dates_of_each() {
        let said = |of: &[(&str, &str)]| notice(&Query::of(of)).unwrap();
        let zones = "time zone";
        assert!(said(&[("about", "missed")]).contains(zones));
        assert!(!said(&[("about", "missed"), ("channel", "shop")]).contains(zones));
        assert_eq!(notice(&Query::of(&[("about", "weather")])), None);
    }

    #[test]
    fn each_figure_has_a_notice_of_its_own() {
        let words = ["measured", "achieved", "missed", "ended", "closes", "rate", "ended-rate", "goal"];
        let said: BTreeSet<_> = words.iter().map(|word| about(word, "").unwrap()).collect();
        assert_eq!(said.len(), words.len());
    }

    #[test]
    fn who_is_credited_is_told_where_somebody_is_asked_for() {
        let said = |of: &[(&str, &str)]| notice(&Query::of(of)).unwrap();
        assert!(
            said(&[("about", "ended"), ("manager", "mia")])
                .contains("has those credited to the same manager that")
        );
        assert!(said(&[("about", "ended"), ("nobody", "yes")]).contains("has those credited to nobody that"));
        assert!(said(&[("about", "ended")]).contains("has those that"));
    }
}
