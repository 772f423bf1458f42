//! The time line of a chat as positions in an SVG: [`facts`] is what there is to draw, [`scale`] turns times into places,
//! [`lanes`] keeps bars apart, and this puts them together. Pure: it reads no clock, and draws no line itself; the
//! template does.
//!
//! Places from left to right are percent of the width, so the picture is as wide as the page; from top to bottom they are
//! pixels.

pub mod cycles;
pub mod facts;
mod lanes;
mod scale;
#[cfg(test)]
mod tests;

use facts::{Facts, Mark, Outcome, Round};
use lanes::Lanes;
pub use scale::{Percent, Tick};
use scale::{Scale, anchor};

/// Where the names of the times stand, and where the first lane begins.
const AXIS_HEIGHT: u32 = 22;
/// The name of a lane or a bar, above it.
const NAME_HEIGHT: u32 = 15;
const BAND_HEIGHT: u32 = 16;
const BAR_HEIGHT: u32 = 9;
/// Between lanes.
const GAP: u32 = 12;
/// Where the name of the clock stands.
const FOOT_HEIGHT: u32 = 20;
/// The least room for the name of a bar, in percent.
const NAME_WIDTH: f64 = 24.0;
/// What is further right than this is named to its left.
const TURNS: f64 = 70.0;

/// What the template draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pub height: u32,
    /// Where grid lines begin and end.
    pub top: u32,
    pub bottom: u32,
    pub ticks: Vec<Tick>,
    pub conversation: Conversation,
    pub rounds: Vec<Bar>,
    pub events: Option<Events>,
    pub clock: Clock,
}

/// The lane of cycles, with what was said in them.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    pub name_y: u32,
    pub y: u32,
    pub height: u32,
    /// The middle of the band.
    pub middle: u32,
    pub bands: Vec<Band>,
    pub marks: Vec<Placed>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    pub x: Percent,
    pub width: Percent,
    /// Its beginning is not known.
    pub faded: bool,
    pub title: String,
}

/// A round: up to its end in full, from there to its deadline faint.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub class: &'static str,
    pub x: Percent,
    pub width: Percent,
    /// What of it was left when it ended.
    pub rest: Option<(Percent, Percent)>,
    pub y: u32,
    pub height: u32,
    pub name: String,
    pub name_x: Percent,
    pub name_y: u32,
    pub anchor: &'static str,
    pub title: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    pub name_y: u32,
    pub y: u32,
    pub height: u32,
    pub middle: u32,
    pub marks: Vec<Placed>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    pub class: &'static str,
    pub x: Percent,
    pub title: String,
}

/// The moment of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    pub x: Percent,
    pub name: String,
    pub name_x: Percent,
    pub name_y: u32,
    pub anchor: &'static str,
    /// It lies further right than the picture goes.
    pub beyond: bool,
}

/// `None`: there is nothing to draw.
pub fn picture(facts: &Facts) -> Option<Picture> {
    let scale = Scale::of(facts)?;
    let mut y = AXIS_HEIGHT;
    let conversation = conversation(facts, &scale, y);
    y = conversation.y + conversation.height + GAP;
    let (rounds, y) = rounds(facts, &scale, y);
    let (events, y) = events(facts, &scale, y);
    Some(Picture {
        height: y + FOOT_HEIGHT,
        top: AXIS_HEIGHT - 4,
        bottom: y,
        ticks: scale.ticks(),
        conversation,
        rounds,
        events,
        clock: clock(facts, &scale, y + FOOT_HEIGHT - 5),
    })
}

fn conversation(facts: &Facts, scale: &Scale, top: u32) -> Conversation {
    let bands = facts.cycles.iter().map(|cycle| {
        let to = cycle.to.unwrap_or(facts.clock);
        let (x, width) = scale.span(cycle.from, to);
        Band { x, width, faded: !cycle.from_is_known, title: cycle.title.clone() }
    });
    let y = top + NAME_HEIGHT;
    Conversation {
        name_y: top + NAME_HEIGHT - 4,
        y,
        height: BAND_HEIGHT,
        middle: y + BAND_HEIGHT / 2,
        bands: bands.collect(),
        marks: facts.said.iter().map(|mark| placed(mark, scale)).collect(),
    }
}

fn placed(mark: &Mark, scale: &Scale) -> Placed {
    Placed { class: mark.kind.class(), x: scale.place(mark.at), title: mark.title.clone() }
}

fn rounds(facts: &Facts, scale: &Scale, top: u32) -> (Vec<Bar>, u32) {
    let mut lanes = Lanes::default();
    let bars: Vec<Bar> = facts.rounds.iter().map(|round| bar(round, facts, scale, top, &mut lanes)).collect();
    let lane_height = NAME_HEIGHT + BAR_HEIGHT + GAP;
    (bars, top + lanes.count() as u32 * lane_height)
}

fn bar(round: &Round, facts: &Facts, scale: &Scale, top: u32, lanes: &mut Lanes) -> Bar {
    let ends = match round.outcome {
        Outcome::Open => facts.clock.clamp(round.start, round.deadline),
        Outcome::Missed => round.deadline,
        Outcome::Achieved | Outcome::Superseded => round.ended.unwrap_or(round.deadline),
    };
    let (x, width) = scale.span(round.start, ends);
    let rest = (ends < round.deadline).then(|| scale.span(ends, round.deadline));
    let right = scale.place(round.deadline.max(ends));
    let turned = x.0 > TURNS;
    let (from, to) = if turned {
        ((right.0 - NAME_WIDTH).min(x.0), right.0)
    } else {
        (x.0, right.0.max(x.0 + NAME_WIDTH))
    };
    let y = top + lanes.take(from, to) as u32 * (NAME_HEIGHT + BAR_HEIGHT + GAP);
    Bar {
        class: round.outcome.class(),
        x,
        width,
        rest,
        y: y + NAME_HEIGHT,
        height: BAR_HEIGHT,
        name: format!("Round {} · {}", round.number, round.outcome.word()),
        name_x: if turned { right } else { x },
        name_y: y + NAME_HEIGHT - 4,
        anchor: if turned { "end" } else { "start" },
        title: round.title.clone(),
    }
}

fn events(facts: &Facts, scale: &Scale, top: u32) -> (Option<Events>, u32) {
    if facts.events.is_empty() {
        return (None, top);
    }
    let y = top + NAME_HEIGHT;
    let events = Events {
        name_y: top + NAME_HEIGHT - 4,
        y,
        height: BAND_HEIGHT,
        middle: y + BAND_HEIGHT / 2,
        marks: facts.events.iter().map(|mark| placed(mark, scale)).collect(),
    };
    (Some(events), y + BAND_HEIGHT + GAP)
}

fn clock(facts: &Facts, scale: &Scale, name_y: u32) -> Clock {
    let beyond = facts.clock > scale.end();
    let x = scale.place(facts.clock);
    let name = if beyond { format!("{} →", facts.clock_name) } else { facts.clock_name.clone() };
    Clock { x, name, name_x: x, name_y, anchor: anchor(x), beyond }
}
