//! `notes`: the note beside a committed position is read, whatever it is, and what is read comes back.

use chat_goals::runtime::note::Note;

pub fn run(data: &[u8]) {
    let note = Note::decode(&String::from_utf8_lossy(data));
    assert_eq!(Note::decode(&note.encode()), note);
}
