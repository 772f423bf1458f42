//! Where settings come from: a file, over it the environment, over it the command line. All are read to their
//! end, so that every problem is told at once. It never reads the environment itself: the caller says what is
//! in it.

use super::checks;
use super::error::{ConfigError, Place, Problem};
use super::kafka_properties::{Properties, name_in_environment};
use super::schema::{Given, Key, Table};
use super::settings::{Config, TABLES};
use super::unknown::{nearest, nearest_key};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

const PREFIX: &str = "CHAT_GOALS_";
const PROPERTIES: &str = "kafka.properties";
const PROPERTIES_IN_ENVIRONMENT: &str = "KAFKA__PROPERTIES__";
/// Variables that are no settings: the filter of the log, and where the configuration file is.
const NO_SETTINGS: [&str; 2] = ["LOG", "CONFIG"];

impl Config {
    /// Merges `file`, the variables of the environment (as `CHAT_GOALS_KAFKA__BOOTSTRAP`) and `overrides` (as
    /// `kafka.bootstrap`), the later over the earlier, and checks the result. Files that secrets are in are
    /// read too.
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        overrides: &[(String, String)],
    ) -> Result<Config, ConfigError> {
        let mut merge = Merge::default();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            merge.file(path, &text);
        }
        merge.environment(env);
        merge.command_line(overrides);
        merge.finish()
    }
}

#[derive(Default)]
struct Merge {
    config: Config,
    properties: Properties,
    /// Where each setting (`table.key`) was written last.
    places: BTreeMap<String, Place>,
    problems: Vec<Problem>,
}

impl Merge {
    fn file(&mut self, path: &Path, text: &str) {
        let source = File { path, text };
        match DeTable::parse(text) {
            Ok(root) => {
                for (name, value) in root.get_ref() {
                    self.entry_of_file(&source, name, value);
                }
            }
            Err(error) => self.problem(
                source.place(error.span().map_or(0, |span| span.start)),
                format!("this is not TOML: {}", error.message()),
                "nothing of this file was read".to_owned(),
            ),
        }
    }

    fn entry_of_file(&mut self, source: &File, name: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let place = source.place(name.span().start);
        let name = name.get_ref().as_ref();
        let table = TABLES.iter().find(|table| table.name == name);
        match (table, value.get_ref()) {
            (Some(table), DeValue::Table(entries)) => self.table_of_file(source, table, entries),
            (Some(_), other) => self.problem(
                place,
                format!("`{name}` must be a table, not {}", Given::Toml(other).shown()),
                format!("write `[{name}]`, and its keys below"),
            ),
            (None, DeValue::Table(_)) => self.problem(
                place,
                format!("unknown table `{name}`"),
                match nearest(name, TABLES.iter().map(|table| table.name)) {
                    Some(near) => did_you_mean(near),
                    None => format!("there are {}", list(TABLES.iter().map(|table| table.name))),
                },
            ),
            (None, _) => self.unknown_key(place, name),
        }
    }

    fn table_of_file(&mut self, source: &File, table: &Table, entries: &DeTable<'_>) {
        for (name, value) in entries {
            let place = source.place(name.span().start);
            let path = format!("{}.{}", table.name, name.get_ref());
            if let Some(key) = table.keys.iter().find(|key| key.name == name.get_ref().as_ref()) {
                self.set(table, key, Given::Toml(value.get_ref()), place, &path);
            } else if path == PROPERTIES {
                match value.get_ref() {
                    DeValue::Table(entries) => self.properties_of_file(source, "", entries),
                    other => self.problem(
                        place,
                        format!("`{path}` must be a table, not {}", Given::Toml(other).shown()),
                        format!("write `[{path}]`, and the properties below"),
                    ),
                }
            } else {
                self.unknown_key(place, &path);
            }
        }
    }

    /// A property's name has dots. Written without quotes, it makes tables within tables.
    fn properties_of_file(&mut self, source: &File, outer: &str, entries: &DeTable<'_>) {
        for (name, value) in entries {
            let place = source.place(name.span().start);
            let name = format!("{outer}{}", name.get_ref());
            let text = match value.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                DeValue::Boolean(value) => Some(value.to_string()),
                DeValue::Float(number) => Some(number.as_str().to_owned()),
                DeValue::Integer(number) => {
                    i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
                }
                DeValue::Table(entries) => {
                    self.properties_of_file(source, &format!("{name}."), entries);
                    continue;
                }
                DeValue::Datetime(_) | DeValue::Array(_) => None,
            };
            match text {
                Some(text) => self.write_property(&name, &name, text, place),
                None => self.problem(
                    place,
                    format!("`{PROPERTIES}.{name}` must be a string, a number, true or false"),
                    "write it as a string if librdkafka takes it as one".to_owned(),
                ),
            }
        }
    }

    fn environment(&mut self, env: impl Iterator<Item = (String, String)>) {
        for (variable, value) in env {
            let Some(rest) = variable.strip_prefix(PREFIX) else { continue };
            let place = Place::Environment(variable.clone());
            if NO_SETTINGS.contains(&rest) || is_of_a_kubernetes_service(rest) {
                continue;
            }
            if let Some(property) = rest.strip_prefix(PROPERTIES_IN_ENVIRONMENT) {
                self.write_property(&variable, &name_in_environment(property), value, place);
            } else if let Some((table, key)) = all_keys().find(|(table, key)| variable_of(table, key) == rest)
            {
                self.set(table, key, Given::Text(&value), place, &variable);
            } else {
                self.unknown_variable(place, &variable, rest);
            }
        }
    }

    fn unknown_variable(&mut self, place: Place, variable: &str, rest: &str) {
        let names: Vec<String> = all_keys()
            .map(|(table, key)| variable_of(table, key))
            .chain(NO_SETTINGS.map(str::to_owned))
            .collect();
        let hint = match nearest(rest, names.iter().map(String::as_str)) {
            Some(near) => did_you_mean(&format!("{PREFIX}{near}")),
            None => "a setting is written as `CHAT_GOALS_KAFKA__BOOTSTRAP`, a property of Kafka as \
                     `CHAT_GOALS_KAFKA__PROPERTIES__CLIENT_ID`"
                .to_owned(),
        };
        self.problem(place, format!("unknown variable `{variable}`"), hint);
    }

    fn command_line(&mut self, overrides: &[(String, String)]) {
        for (path, value) in overrides {
            let place = Place::CommandLine(path.clone());
            let property = path.strip_prefix(PROPERTIES).and_then(|rest| rest.strip_prefix('.'));
            if let Some(property) = property {
                self.write_property(property, property, value.clone(), place);
            } else if let Some((table, key)) = all_keys().find(|(table, key)| path_of(table, key) == *path) {
                self.set(table, key, Given::Text(value), place, path);
            } else {
                self.unknown_key(place, path);
            }
        }
    }

    /// `written` is the name that the setting has in this source.
    fn set(&mut self, table: &Table, key: &Key, given: Given<'_>, place: Place, written: &str) {
        match (key.set)(&mut self.config, given) {
            Ok(()) => {
                self.places.insert(path_of(table, key), place);
            }
            Err(wrong) => self.problem(
                place,
                format!("`{written}` {wrong}"),
                format!("its default is {}", (key.default)()),
            ),
        }
    }

    fn write_property(&mut self, written: &str, name: &str, value: String, place: Place) {
        if let Err(problem) = self.properties.write(written, name, value, place) {
            self.problems.push(problem);
        }
    }

    fn unknown_key(&mut self, place: Place, path: &str) {
        let paths: Vec<String> =
            all_keys().map(|(table, key)| path_of(table, key)).chain([PROPERTIES.to_owned()]).collect();
        let table = path.split_once('.').and_then(|(name, _)| TABLES.iter().find(|table| table.name == name));
        let hint = match (nearest_key(path, paths.iter().map(String::as_str)), table) {
            (Some(near), _) => did_you_mean(near),
            (None, Some(table)) => {
                let keys = table.keys.iter().map(|key| key.name);
                format!("[{}] has {}", table.name, list(keys.chain(table.free.iter().map(|free| free.name))))
            }
            (None, None) => format!("the tables are {}", list(TABLES.iter().map(|table| table.name))),
        };
        self.problem(place, format!("unknown key `{path}`"), hint);
    }

    fn problem(&mut self, place: Place, sentence: String, hint: String) {
        self.problems.push(Problem { place, sentence, hint });
    }

    fn finish(mut self) -> Result<Config, ConfigError> {
        let (properties, unreadable) = std::mem::take(&mut self.properties).read();
        self.config.kafka.properties = properties;
        self.problems.extend(unreadable);
        if self.problems.is_empty() {
            for broken in checks::broken(&self.config) {
                let written = broken.keys.iter().filter_map(|key| self.places.get(*key));
                let place = written.max().cloned().unwrap_or(Place::Default);
                self.problem(place, broken.sentence, broken.hint);
            }
        }
        if self.problems.is_empty() {
            return Ok(self.config);
        }
        self.problems.sort_by(|left, right| left.place.cmp(&right.place));
        Err(ConfigError::Refused(self.problems))
    }
}

/// A file and its text, to say which line something is on.
struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn place(&self, position: usize) -> Place {
        let before = &self.text.as_bytes()[..position.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Place::File { path: self.path.to_owned(), line }
    }
}

fn all_keys() -> impl Iterator<Item = (&'static Table, &'static Key)> {
    TABLES.iter().flat_map(|table| table.keys.iter().map(move |key| (table, key)))
}

fn path_of(table: &Table, key: &Key) -> String {
    format!("{}.{}", table.name, key.name)
}

/// Without the prefix.
fn variable_of(table: &Table, key: &Key) -> String {
    format!("{}__{}", table.name, key.name).to_uppercase()
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Kubernetes gives every container variables for each Service, and a Service `chat-goals` (or
/// `chat-goals-api`) makes them begin as ours do: CHAT_GOALS_SERVICE_HOST, CHAT_GOALS_PORT_8080_TCP_ADDR. No
/// setting looks like that.
fn is_of_a_kubernetes_service(rest: &str) -> bool {
    if rest.contains("__") {
        return false;
    }
    let rest = format!("_{rest}");
    let of_port = |(_, port): (&str, &str)| {
        let mut parts = port.split('_');
        parts
            .next()
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
            && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
    };
    rest.ends_with("_SERVICE_HOST")
        || rest.ends_with("_SERVICE_PORT")
        || rest.contains("_SERVICE_PORT_")
        || rest.ends_with("_PORT")
        || rest.split_once("_PORT_").is_some_and(of_port)
}

#[cfg(test)]
mod tests;
