//! The nearest name to one that does not exist, for the hint of an error. It never decides that a name is
//! unknown.

/// The key (`table.key`) that was most likely meant.
pub fn nearest_key<'a>(wrong: &str, keys: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let last = wrong.rsplit('.').next().unwrap_or(wrong);
    nearest(wrong, keys.clone()).or_else(|| {
        // The right key in the wrong table, or in none: an answer only if no other table has it too.
        let mut same = keys.filter(|key| key.rsplit('.').next() == Some(last));
        same.next().filter(|_| same.next().is_none())
    })
}

/// The name with the fewest slips between it and the wrong one, if they are few for its length.
pub fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let slips_max = (wrong.chars().count() / 4).clamp(1, 4);
    names
        .map(|name| (slips(&wrong, &name.to_lowercase()), name))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

/// How many letters were left out, added, mistaken, or swapped with the next (optimal string alignment).
fn slips(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for l in 1..=left.len() {
        let mut row = vec![l];
        for r in 1..=right.len() {
            let mistaken = rows[l - 1][r - 1] + usize::from(left[l - 1] != right[r - 1]);
            let mut least = mistaken.min(rows[l - 1][r] + 1).min(row[r - 1] + 1);
            if l > 1 && r > 1 && left[l - 1] == right[r - 2] && left[l - 2] == right[r - 1] {
                least = least.min(rows[l - 2][r - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 6] = [
        "kafka.bootstrap",
        "commit.interval_ms",
        "clock.interval_ms",
        "clock.allowance_ms",
        "group.id",
        "workers.count",
    ];

    fn key(wrong: &str) -> Option<&'static str> {
        nearest_key(wrong, KEYS.into_iter())
    }

    #[test]
    fn slips_are_counted_by_letter() {
        assert_eq!(slips("bootstrap", "bootstrap"), 0);
        assert_eq!(slips("bootsrap", "bootstrap"), 1);
        assert_eq!(slips("bootstrapp", "bootstrap"), 1);
        assert_eq!(slips("bootstrep", "bootstrap"), 1);
        assert_eq!(slips("botostrap", "bootstrap"), 1);
        assert_eq!(slips("", "abc"), 3);
    }

    #[test]
    fn a_slip_finds_the_key() {
        assert_eq!(key("kafka.bootsrap"), Some("kafka.bootstrap"));
        assert_eq!(key("group.di"), Some("group.id"));
        assert_eq!(key("Commit.Interval_MS"), Some("commit.interval_ms"));
    }

    #[test]
    fn the_nearest_of_several_wins() {
        assert_eq!(key("clok.interval_ms"), Some("clock.interval_ms"));
    }

    #[test]
    fn the_right_key_in_the_wrong_table_is_found_if_only_one_table_has_it() {
        assert_eq!(key("allowance_ms"), Some("clock.allowance_ms"));
        assert_eq!(key("state.count"), Some("workers.count"));
        assert_eq!(key("state.interval_ms"), None);
    }

    #[test]
    fn something_else_entirely_has_no_nearest_name() {
        assert_eq!(key("kafka.colour"), None);
        assert_eq!(key("x"), None);
        assert_eq!(nearest("", KEYS.into_iter()), None);
    }
}
