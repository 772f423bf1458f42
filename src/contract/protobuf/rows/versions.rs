//! Which program made a row, and whether this one may go on from it. Every row and page begins with the versions of the
//! stored format and of the rules, as one number.
//!
//! The format is how facts are written down; the rules are what follows from them, and part of what follows lies in the
//! rows (views, contributions, deadlines). Nothing here converts a row.

use std::fmt;

/// How rows are written. Raised when a field changes its meaning, or when what an older program would leave out matters;
/// everything up to it must stay readable. A field that older programs may ignore needs no new format.
pub const FORMAT_VERSION: u32 = 1;

/// What follows from the facts. Raised when the same records give other results; the time-zone data counts too (E2).
pub const RULES_VERSION: u32 = 1;

/// The older rules whose rows are good under [`RULES_VERSION`], each with the reason. Anything else needs a rebuild.
pub const COMPATIBLE_RULES: &[(u32, &str)] = &[];

/// This program.
pub const OURS: Program = Program {
    versions: Versions { format: FORMAT_VERSION, rules: RULES_VERSION },
    compatible: COMPATIBLE_RULES,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Versions {
    pub format: u32,
    pub rules: u32,
}

/// What a program writes, and which older rules it may go on from.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    pub versions: Versions,
    pub compatible: &'static [(u32, &'static str)],
}

/// Why a program must not touch a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It would misread what a newer program wrote.
    Newer { row: Versions, program: Versions },
    /// It would derive other things than those that are published, and only where a record happens to come.
    OlderRules { row: Versions, program: Versions },
}

impl Versions {
    /// As rows begin: it outlives the process, and a first format costs nothing.
    pub const fn number(self) -> u32 {
        (self.format - 1) << 16 | self.rules
    }

    /// `None`: nobody has ever written this.
    pub const fn of_number(number: u32) -> Option<Self> {
        let rules = number & 0xffff;
        if rules == 0 { None } else { Some(Self { format: (number >> 16) + 1, rules }) }
    }

    /// Of a stored row or page, without reading any more of it.
    pub fn of_row(row: &[u8]) -> Result<Self, String> {
        /// The first field of every row, a varint.
        const VERSIONS: u8 = 1 << 3;
        let Some((&VERSIONS, mut rest)) = row.split_first() else { return Err(NO_VERSIONS.into()) };
        let number = prost::encoding::decode_varint(&mut rest).map_err(|error| error.to_string())?;
        u32::try_from(number).ok().and_then(Self::of_number).ok_or_else(|| NO_VERSIONS.into())
    }
}

impl Program {
    /// Whether this program may go on from what that one made.
    pub fn check(&self, row: Versions) -> Result<(), Refusal> {
        let program = self.versions;
        if row.format > program.format || row.rules > program.rules {
            return Err(Refusal::Newer { row, program });
        }
        let compatible = |rules: u32| self.compatible.iter().any(|(known, _)| *known == rules);
        match row.rules == program.rules || compatible(row.rules) {
            true => Ok(()),
            false => Err(Refusal::OlderRules { row, program }),
        }
    }
}

/// Checks the first field of a row that is being decoded.
pub(super) fn check(number: u32) -> Result<(), String> {
    // The only line that costs anything while everything is as it should be.
    if number == OURS.versions.number() {
        return Ok(());
    }
    let row = Versions::of_number(number).ok_or(NO_VERSIONS)?;
    OURS.check(row).map_err(|refusal| refusal.to_string())
}

const NO_VERSIONS: &str = "the row does not say under which format and rules it was written";

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "format {}, rules {}", self.format, self.rules)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Newer { row, program } => write!(
                f,
                "this program is older than the state: there are rows of {row}, and it knows {program}; \
                 hint: go on with the newer program, or rebuild with this one (docs/downgrade.md)"
            ),
            Refusal::OlderRules { row, program } => write!(
                f,
                "the rules have changed: there are rows of {row}, and this program has {program}, under which the \
                 same records may come to something else; hint: go on with the program of before, and let this one \
                 fold everything anew beside it (chat-goals rebuild, then diff and promote; docs/upgrade.md)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Program =
        Program { versions: Versions { format: 3, rules: 4 }, compatible: &[(2, "a sum was only renamed")] };

    fn of(format: u32, rules: u32) -> Versions {
        Versions { format, rules }
    }

    #[test]
    fn the_numbers_are_frozen() {
        assert_eq!(of(1, 1).number(), 1);
        assert_eq!(of(2, 5).number(), 0x1_0005);
        for versions in [of(1, 1), of(2, 5), of(65_536, 65_535)] {
            assert_eq!(Versions::of_number(versions.number()), Some(versions));
        }
        assert_eq!(Versions::of_number(0), None);
    }

    #[test]
    fn rows_of_this_program_and_of_an_older_format_are_good() {
        for format in 1..=3 {
            assert_eq!(LATER.check(of(format, 4)), Ok(()));
        }
    }

    #[test]
    fn older_rules_need_a_rebuild_unless_they_are_declared_compatible() {
        assert_eq!(LATER.check(of(1, 2)), Ok(()));
        for rules in [1, 3] {
            let (row, program) = (of(1, rules), LATER.versions);
            assert_eq!(LATER.check(row), Err(Refusal::OlderRules { row, program }));
        }
        let says = LATER.check(of(1, 1)).unwrap_err().to_string();
        assert!(
            says.contains("rules 1") && says.contains("rules 4") && says.contains("chat-goals rebuild"),
            "{says}"
        );
    }

    #[test]
    fn anything_newer_is_refused() {
        for row in [of(4, 4), of(1, 5), of(4, 1), of(4, 5)] {
            assert_eq!(LATER.check(row), Err(Refusal::Newer { row, program: LATER.versions }));
        }
    }

    #[test]
    fn every_compatible_version_is_an_older_one() {
        assert!(COMPATIBLE_RULES.iter().all(|(rules, why)| *rules < RULES_VERSION && !why.is_empty()));
    }

    #[test]
    fn the_versions_of_a_row_are_its_first_field() {
        assert_eq!(Versions::of_row(&[8, 1, 0x12, 0]), Ok(of(1, 1)));
        assert_eq!(Versions::of_row(&[8, 0x85, 0x80, 0x04]), Ok(of(2, 5)));
        for damaged in [&[][..], &[8], &[8, 0], &[0x12, 1, 8, 1], &[8, 0x80]] {
            assert!(Versions::of_row(damaged).is_err(), "{damaged:?}");
        }
    }
}
