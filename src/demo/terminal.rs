//! The terminal while the demo draws on it: opened, drawn on, read for keys, and always given back, also after a
//! panic of any thread. What is drawn is not decided here.

use ratatui::DefaultTerminal;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static OPEN: AtomicBool = AtomicBool::new(false);
static PANICKED: AtomicBool = AtomicBool::new(false);

pub struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    pub fn open() -> io::Result<Self> {
        // Set first: whatever fails from here on, the terminal is given back.
        OPEN.store(true, Ordering::SeqCst);
        match ratatui::try_init() {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if OPEN.load(Ordering::SeqCst) {
            self.terminal.draw(draw)?;
        }
        Ok(())
    }
}

/// Reads keys in a thread of its own, and calls `quit` at the first that ends the demo. A terminal that hung up
/// never answers; then only this thread waits for it.
pub fn watch_keys(quit: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let watch = move || {
        while let Ok(event) = event::read() {
            if matches!(event, Event::Key(key) if quits(key)) {
                return quit();
            }
        }
    };
    std::thread::Builder::new().name("keys".to_owned()).spawn(watch).map(drop)
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Leaves the picture and makes the terminal usable again, if it is not already.
pub fn give_back() {
    if OPEN.swap(false, Ordering::SeqCst) {
        ratatui::restore();
        // Otherwise only the end of `Terminal` shows it, which a panic elsewhere or an exit does not reach.
        let _ = execute!(io::stdout(), Show);
    }
}

/// From now on a panic of any thread gives the terminal back before it is printed, and is remembered.
pub fn watch_panics() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.store(true, Ordering::SeqCst);
            give_back();
            print(panic);
        }));
    });
}

/// Whether a thread has panicked since [`watch_panics`].
pub fn panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

fn quits(key: KeyEvent) -> bool {
    let control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press && (control_c || matches!(key.code, KeyCode::Char('q' | 'Q')))
}
