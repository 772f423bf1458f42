//! What all pages share: the frame around them, and the small parts that are written the same everywhere. Each part is a
//! template that escapes what it is given.

use super::assets;
use super::links::Link;
use super::words::{Exactly, Mark, Moment, Trend, grouped};
use askama::Template;
use askama::filters::HtmlSafe;

/// The screens of the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    Overview,
    Chats,
    Managers,
    Goals,
    DeadLetters,
}

impl Screen {
    const ALL: [Screen; 5] =
        [Screen::Overview, Screen::Chats, Screen::Managers, Screen::Goals, Screen::DeadLetters];

    pub fn name(self) -> &'static str {
        match self {
            Screen::Overview => "Overview",
            Screen::Chats => "Chats",
            Screen::Managers => "Managers",
            Screen::Goals => "Goals",
            Screen::DeadLetters => "Dead letters",
        }
    }

    pub fn path(self) -> &'static str {
        match self {
            Screen::Overview => "/",
            Screen::Chats => "/chats",
            Screen::Managers => "/managers",
            Screen::Goals => "/goals",
            Screen::DeadLetters => "/dead-letters",
        }
    }
}

/// The frame of one page.
#[derive(Clone, Debug)]
pub struct Frame {
    pub title: String,
    pub screen: Option<Screen>,
    /// Of the assets.
    pub version: &'static str,
    pub now_ms: i64,
    /// Where changes are heard of.
    pub events: String,
    /// Whether the page is kept up to date.
    pub live: bool,
    /// Whether somebody signed in who may want to sign out.
    pub signed_in: bool,
    /// Whether the reader may see the other screens.
    pub is_open: bool,
    /// How many times as fast as real time passes, if it is simulated.
    pub simulated: Option<String>,
}

impl Frame {
    pub fn new(title: impl Into<String>, screen: Option<Screen>, now_ms: i64) -> Self {
        Self {
            title: title.into(),
            screen,
            version: &assets::VERSION,
            now_ms,
            events: "/events".to_owned(),
            live: true,
            signed_in: false,
            is_open: true,
            simulated: None,
        }
    }

    pub fn screens(&self) -> [Screen; 5] {
        Screen::ALL
    }

    pub fn is(&self, screen: &Screen) -> bool {
        self.screen == Some(*screen)
    }

    /// One that shows a moment that is over.
    pub fn still(self) -> Self {
        Self { live: false, ..self }
    }
}

/// A number or a word, with the page that it leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(
    source = "{% if let Some(href) = href %}<a href=\"{{ href }}\">{{ text }}</a>{% else %}{{ text }}{% endif %}",
    ext = "html"
)]
pub struct Linked {
    pub text: String,
    pub href: Option<String>,
}

impl Linked {
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: None }
    }

    pub fn to(text: impl Into<String>, link: &Link) -> Self {
        Self { text: text.into(), href: Some(link.to_string()) }
    }

    /// Where it leads; empty: nowhere.
    pub fn address(&self) -> &str {
        self.href.as_deref().unwrap_or_default()
    }

    /// A count; none leads nowhere.
    pub fn count(count: u64, link: &Link) -> Self {
        if count == 0 { Self::text("0") } else { Self::to(grouped(count), link) }
    }
}

impl HtmlSafe for Linked {}

#[derive(Template)]
#[template(source = "<time datetime=\"{{ of.exact }}\" data-relative>{{ of.short }}</time>", ext = "html")]
struct MomentHtml<'a> {
    of: &'a Moment,
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        MomentHtml { of: self }.fmt(f)
    }
}

impl HtmlSafe for Moment {}

#[derive(Template)]
#[template(
    source = "<time datetime=\"{{ of.exact }}\" title=\"{{ of.exact }}\">{{ of.short }}</time>",
    ext = "html"
)]
struct ExactlyHtml<'a> {
    of: &'a Moment,
}

impl std::fmt::Display for Exactly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        ExactlyHtml { of: &self.0 }.fmt(f)
    }
}

impl HtmlSafe for Exactly {}

#[derive(Template)]
#[template(source = "<span class=\"status {{ of.class }}\">{{ of.word }}</span>", ext = "html")]
struct MarkHtml<'a> {
    of: &'a Mark,
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        MarkHtml { of: self }.fmt(f)
    }
}

impl HtmlSafe for Mark {}

#[derive(Template)]
#[template(
    source = "<span class=\"change {{ of.class }}\"><span aria-hidden=\"true\">{{ of.arrow }} {{ of.text }}</span>\
              <span class=\"hidden-name\">{{ of.words }}</span></span>",
    ext = "html"
)]
struct TrendHtml<'a> {
    of: &'a Trend,
}

impl std::fmt::Display for Trend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        TrendHtml { of: self }.fmt(f)
    }
}

impl HtmlSafe for Trend {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::dashboard::links;

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let linked = Linked::to("<b>\"&", &links::chat("<script>"));
        assert_eq!(linked.to_string(), "<a href=\"/chats/%3Cscript%3E\">&#60;b&#62;&#34;&#38;</a>");
        assert_eq!(Linked::text("<i>").to_string(), "&#60;i&#62;");
    }

    #[test]
    fn no_count_leads_nowhere() {
        assert_eq!(Linked::count(0, &links::chats()).to_string(), "0");
        assert_eq!(Linked::count(1_200, &links::chats()).to_string(), "<a href=\"/chats\">1,200</a>");
    }

    #[test]
    fn a_status_has_its_word_beside_its_colour() {
        let mark = Mark { class: "missed", word: "Missed" };
        assert_eq!(mark.to_string(), "<span class=\"status missed\">Missed</span>");
    }
}
