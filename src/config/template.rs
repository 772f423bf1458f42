//! The commented TOML that holds every setting with its default, made from the documentation in `settings`.
//! It never shows the values of a running configuration.

use super::Config;
use super::settings::TABLES;
use std::fmt::Write;

const HEAD: &str = "\
# Every setting of chat-goals, with its default. Take away the `# ` before one to change it.
#
# A setting comes from this file, else from its default. Before both go environment variables, as in
# CHAT_GOALS_KAFKA__BOOTSTRAP (`__` between the table and the key), and before these go flags of the command
# line.
#
# This file is made from the documentation in src/config/settings.rs:
# chat-goals config template > config/chat-goals.toml
";

impl Config {
    /// The commented TOML with every setting and its default.
    pub fn template() -> String {
        let mut text = HEAD.to_owned();
        for table in TABLES {
            text.push('\n');
            comment(&mut text, table.doc);
            writeln!(text, "[{}]", table.name).expect("a String takes everything");
            for key in table.keys {
                text.push('\n');
                comment(&mut text, key.doc);
                if let Some(limits) = &key.limits {
                    writeln!(text, "# From {} to {}.", limits.start(), limits.end())
                        .expect("a String takes everything");
                }
                writeln!(text, "# {} = {}", key.name, (key.default)()).expect("a String takes everything");
            }
            for free in table.free {
                text.push('\n');
                comment(&mut text, free.doc);
                writeln!(text, "[{}.{}]", table.name, free.name).expect("a String takes everything");
            }
        }
        text
    }
}

/// A documentation comment comes with the space that follows its `///`.
fn comment(text: &mut String, doc: &[&str]) {
    for line in doc {
        text.push('#');
        text.push_str(line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn load(text: &str) -> Config {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(text.as_bytes()).expect("a temporary file takes text");
        Config::load(Some(file.path()), std::iter::empty(), &[]).expect("the text is a configuration")
    }

    #[test]
    fn the_file_in_the_repository_is_the_template() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/chat-goals.toml");
        let file = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            file == Config::template(),
            "config/chat-goals.toml is not what the settings say; make it again with: \
             chat-goals config template > config/chat-goals.toml"
        );
    }

    #[test]
    fn the_template_as_it_is_changes_nothing() {
        assert_eq!(load(&Config::template()), Config::default());
    }

    #[test]
    fn the_template_with_every_key_taken_out_of_its_comment_is_the_defaults() {
        let keys: Vec<&str> = TABLES.iter().flat_map(|table| table.keys).map(|key| key.name).collect();
        let mut taken = 0;
        let text: String = Config::template()
            .lines()
            .map(|line| {
                let key = line.strip_prefix("# ").and_then(|rest| rest.split_once(" = "));
                match key {
                    Some((key, _)) if keys.contains(&key) => {
                        taken += 1;
                        format!("{}\n", &line[2..])
                    }
                    _ => format!("{line}\n"),
                }
            })
            .collect();
        assert_eq!(taken, keys.len());
        assert_eq!(load(&text), Config::default());
    }

    #[test]
    fn every_table_and_key_is_documented_and_its_default_is_within_its_limits() {
        for table in TABLES {
            assert!(!table.doc.is_empty(), "[{}] says nothing about itself", table.name);
            for key in table.keys {
                assert!(!key.doc.is_empty(), "{}.{} says nothing about itself", table.name, key.name);
                if let Some(limits) = &key.limits {
                    let default: i64 = (key.default)().parse().expect("only numbers have limits");
                    assert!(limits.contains(&default), "{}.{}", table.name, key.name);
                }
            }
        }
    }

    #[test]
    fn no_line_of_the_template_is_too_long_to_read() {
        for line in Config::template().lines() {
            assert!(line.chars().count() <= 110, "{line}");
        }
    }
}
