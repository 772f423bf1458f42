//! The cycles of a chat, as far as its facts tell them: a row keeps the current cycle only, and of earlier ones the
//! replies and the closes.

use super::facts::Cycle;

/// What is known of a chat's cycles; times in milliseconds since the epoch.
pub struct Known<'a> {
    /// By time, the current cycle's included.
    pub closes: &'a [i64],
    /// When something happened in the chat, by time, whichever cycle that was in.
    pub happened: &'a [i64],
    /// The current cycle's bounds; the first cycle of a chat has no opening.
    pub opened: Option<i64>,
    pub closed: Option<i64>,
}

/// From the first to the current one. Those of which nothing but the close is known begin at it.
pub fn cycles(known: &Known<'_>) -> Vec<Cycle> {
    let mut cycles = Vec::new();
    let mut after = i64::MIN;
    let earlier = known.closes.iter().filter(|close| match (known.opened, known.closed) {
        // A close at the very opening of a cycle is the cycle before's, unless this one is closed there too.
        (Some(opened), _) => **close <= opened && known.closed != Some(**close),
        (None, closed) => closed != Some(**close),
    });
    for close in earlier {
        let first = known.happened.iter().find(|at| **at > after && **at <= *close);
        cycles.push(Cycle {
            from: *first.unwrap_or(close),
            from_is_known: false,
            to: Some(*close),
            title: "an earlier cycle, from the first that is known of it to its close".to_owned(),
        });
        after = *close;
    }
    let first = known.happened.iter().find(|at| **at > after);
    let from = known.opened.or(first.copied()).or(known.closed);
    if let Some(from) = from {
        let title =
            if known.closed.is_some() { "the current cycle, closed" } else { "the current cycle, open" };
        cycles.push(Cycle {
            from,
            // The first cycle of a chat begins with its first record.
            from_is_known: known.opened.is_some() || cycles.is_empty(),
            to: known.closed,
            title: title.to_owned(),
        });
    }
    cycles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(
        closes: &[i64],
        happened: &[i64],
        opened: Option<i64>,
        closed: Option<i64>,
    ) -> Vec<(i64, Option<i64>)> {
        let known = Known { closes, happened, opened, closed };
        cycles(&known).into_iter().map(|cycle| (cycle.from, cycle.to)).collect()
    }

    #[test]
    fn a_chat_of_one_cycle_begins_with_its_first_fact() {
        assert_eq!(spans(&[], &[5, 7], None, None), [(5, None)]);
        assert_eq!(spans(&[9], &[5, 7], None, Some(9)), [(5, Some(9))]);
    }

    #[test]
    fn earlier_cycles_begin_with_the_first_that_is_known_of_them() {
        assert_eq!(
            spans(&[9, 20], &[5, 7, 12, 31], Some(30), None),
            [(5, Some(9)), (12, Some(20)), (30, None)]
        );
    }

    #[test]
    fn a_close_that_nothing_is_known_before_is_a_moment() {
        assert_eq!(spans(&[9, 20], &[5], Some(30), None), [(5, Some(9)), (20, Some(20)), (30, None)]);
    }

    #[test]
    fn a_chat_of_which_nothing_is_known_has_no_cycle() {
        assert_eq!(spans(&[], &[], None, None), []);
    }
}
