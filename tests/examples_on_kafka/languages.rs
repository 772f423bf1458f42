//! How an example is run in each language. It looks into none of them.

use std::path::PathBuf;
use std::process::{Command, Output};

#[derive(Clone, Copy, Debug)]
pub enum Language {
    Python,
    Java,
    TypeScript,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::Python, Self::Java, Self::TypeScript];

    /// Whose story its writer tells.
    pub fn channel(self) -> String {
        format!("{self:?}-shop").to_lowercase()
    }

    pub fn write(self, channel: &str) {
        let output = self.run("writer", &[channel]);
        assert!(output.status.success(), "{self:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// What its reader prints, and what it complains of.
    pub fn read(self) -> (String, String) {
        let output = self.run("reader", &[]);
        let complaints = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{self:?}: {complaints}");
        (String::from_utf8(output.stdout).unwrap(), complaints)
    }

    fn run(self, example: &str, args: &[&str]) -> Output {
        let folder = std::env::var_os("EXAMPLES_DIR").expect("run dev/examples");
        let folder = PathBuf::from(folder).join(format!("{self:?}").to_lowercase());
        let mut command = match self {
            Self::Python => Command::new(folder.join("venv/bin/python")),
            Self::Java => Command::new("java"),
            Self::TypeScript => Command::new(folder.join("node_modules/.bin/tsx")),
        };
        match self {
            Self::Python => command.arg(format!("{example}.py")),
            Self::Java => {
                let class = example[..1].to_uppercase() + &example[1..];
                command.args(["-cp", "lib/*", &format!("{class}.java")])
            }
            Self::TypeScript => command.arg(format!("{example}.ts")),
        };
        command.args(args).current_dir(&folder).output().unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}
