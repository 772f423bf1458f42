//! Reads, parses and checks lines in a thread of its own, a chunk ahead of whoever folds them. It folds nothing: a line
//! that is no record is handed on with the reason.

use crate::contract::json::input::{Line, LineJson, parse};
use anyhow::Context as _;
use self_cell::self_cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc;

/// Enough lines to make handing them over cheap, few enough to stay in the processor's cache.
const CHUNK_BYTES: usize = 64 << 10;
/// How many chunks may wait.
const CHUNKS_AHEAD: usize = 4;

/// A line, or why it is no record.
pub type Checked<'a> = Result<Line<'a>, String>;
/// Lines that are not blank, with their numbers from 1.
type Lines<'a> = Vec<(u64, Checked<'a>)>;
/// The same before they are checked.
type ParsedLines<'a> = Vec<(u64, Result<LineJson<'a>, String>)>;

/// Whole lines, the number of the first, and how many there are, blank ones too.
pub struct Text {
    bytes: Vec<u8>,
    first: u64,
    count: usize,
}

self_cell!(
    /// Whole lines as they were parsed, which borrows from them.
    pub struct Parsed {
        owner: Text,
        #[covariant]
        dependent: ParsedLines,
    }
);

self_cell!(
    /// Parsed lines and the records that they are; the latter borrow from the former.
    pub struct Chunk {
        owner: Parsed,
        #[covariant]
        dependent: Lines,
    }
);

impl Chunk {
    fn of(text: Text) -> Self {
        Self::new(Parsed::new(text, parsed), checked)
    }

    /// How many bytes its lines had.
    pub fn bytes(&self) -> usize {
        self.borrow_owner().borrow_owner().bytes.len()
    }
}

/// Chunks in their order, each to be given back: the thread that has made it frees its many small pieces sooner than another.
pub struct Chunks {
    made: mpsc::Receiver<io::Result<Chunk>>,
    spent: mpsc::Sender<Chunk>,
}

impl Chunks {
    pub fn next(&self) -> Option<io::Result<Chunk>> {
        self.made.recv().ok()
    }

    pub fn give_back(&self, chunk: Chunk) {
        // The last ones find nobody any more, and end here.
        let _ = self.spent.send(chunk);
    }
}

/// The lines of a file, or of standard input for `-`.
pub fn read(path: &Path) -> anyhow::Result<Chunks> {
    let input: Box<dyn Read + Send> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?)
    };
    let (sender, made) = mpsc::sync_channel(CHUNKS_AHEAD);
    let (spent, used) = mpsc::channel();
    std::thread::Builder::new().name("lines".to_owned()).spawn(move || {
        let mut texts = Texts { input, rest: Vec::new(), next: 1, ended: false };
        while let Some(text) = texts.next().transpose() {
            used.try_iter().for_each(drop);
            // Nobody listens any more after an error or a stop.
            if sender.send(text.map(Chunk::of)).is_err() {
                break;
            }
        }
    })?;
    Ok(Chunks { made, spent })
}

fn parsed(text: &Text) -> ParsedLines<'_> {
    /// Shorter ones are blank, mostly.
    const LINE_BYTES_MIN: usize = 32;
    let mut parsed = Vec::with_capacity(text.count.min(text.bytes.len() / LINE_BYTES_MIN));
    let mut begin = 0;
    let ends = memchr::memchr_iter(b'\n', &text.bytes).chain([text.bytes.len()]);
    for (number, end) in (text.first..).zip(ends) {
        let line = text.bytes[begin..end].trim_ascii();
        begin = end + 1;
        if !line.is_empty() {
            parsed.push((number, parse(line)));
        }
    }
    parsed
}

fn checked(parsed: &Parsed) -> Lines<'_> {
    let lines = parsed.borrow_dependent().iter();
    lines
        .map(|(number, line)| (*number, line.as_ref().map_err(String::clone).and_then(LineJson::line)))
        .collect()
}

struct Texts {
    input: Box<dyn Read + Send>,
    /// The beginning of a line whose end is not read yet.
    rest: Vec<u8>,
    next: u64,
    ended: bool,
}

impl Texts {
    /// The next whole lines; the last line may lack its end.
    fn next(&mut self) -> io::Result<Option<Text>> {
        let mut bytes = std::mem::take(&mut self.rest);
        while !self.ended {
            // One read: what came through a pipe is folded without waiting for more.
            let before = bytes.len();
            bytes.resize(before + CHUNK_BYTES, 0);
            let read = self.input.read(&mut bytes[before..]);
            bytes.truncate(before + *read.as_ref().unwrap_or(&0));
            self.ended = read? == 0;
            // What was read before has no end of a line in it.
            if let Some(end) = memchr::memrchr(b'\n', &bytes[before..]) {
                self.rest = bytes.split_off(before + end + 1);
                break;
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let first = self.next;
        let ended = memchr::memchr_iter(b'\n', &bytes).count();
        self.next += ended as u64;
        let count = ended + usize::from(bytes.last() != Some(&b'\n'));
        Ok(Some(Text { bytes, first, count }))
    }
}
