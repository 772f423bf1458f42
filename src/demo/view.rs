//! The picture on the terminal: a function of what is known. Reads no key, keeps nothing, never asks for the time.

use super::board::{Board, ChannelBoard, STATUSES};
use super::changes::{Change, News, status_text};
use super::figures::{grouped, percent, span_text};
use crate::domain::status::Status;
use crate::domain::time::{Millis, Timestamp};
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Cell, Paragraph, Row, Table};
use std::collections::VecDeque;
use std::time::Duration;

/// What there is to see.
pub struct Picture<'a> {
    pub board: &'a Board,
    /// Newest first.
    pub changes: &'a VecDeque<Change>,
    pub now: Timestamp,
    /// How far the runtime's clock is behind, if it is known.
    pub lag: Option<Millis>,
    pub seed: u64,
    pub hours_a_second: f64,
    pub running: Duration,
    pub run_for: Option<Duration>,
    pub records_in: u64,
    pub in_a_second: f64,
    pub out_a_second: f64,
    /// Where the dashboard is.
    pub dashboard: Option<String>,
}

const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
const FAINT: Style = Style::new().fg(Color::DarkGray);
const HEADING: Style = Style::new().fg(Color::DarkGray).add_modifier(Modifier::BOLD);
const GOOD: Style = Style::new().fg(Color::Green);

pub fn draw(frame: &mut Frame<'_>, picture: &Picture<'_>) {
    let channels = picture.board.channels();
    let [head, middle, body, foot] = Layout::vertical([
        Constraint::Length(4),
        Constraint::Length(channels.len() as u16 + 3),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let [left, right] = Layout::horizontal([Constraint::Percentage(46), Constraint::Fill(1)]).areas(body);
    draw_head(frame, head, picture);
    draw_channels(frame, middle, &channels);
    draw_managers(frame, left, picture.board);
    draw_changes(frame, right, picture.changes);
    let mut keys = vec![
        Span::styled(" q", Style::new().add_modifier(Modifier::BOLD)),
        Span::styled(" or Ctrl-C ends it and prints a summary · ", FAINT),
    ];
    match &picture.dashboard {
        Some(url) => keys.extend([Span::styled("dashboard ", FAINT), Span::raw(url.as_str())]),
        None => keys.push(Span::styled("all of it is simulated, no broker", FAINT)),
    }
    let keys = Line::from(keys);
    frame.render_widget(keys, foot);
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, picture: &Picture<'_>) {
    let board = picture.board;
    let time = chrono::DateTime::from_timestamp_millis(picture.now.0);
    let time = time.map_or_else(String::new, |time| time.format("%a %-d %b %H:%M UTC").to_string());
    let mut running = clock_text(picture.running);
    if let Some(run_for) = picture.run_for {
        running += &format!(" of {}", clock_text(run_for));
    }
    let lag = match picture.lag {
        Some(lag) => format!("clock {} behind", span_text(lag)),
        None => "clock not started".to_owned(),
    };
    let faint = |text: String| Span::styled(text, FAINT);
    let count = |count: u64| {
        let style = if count == 0 { GOOD } else { BAD };
        Span::styled(grouped(count), style)
    };
    let lines = vec![
        Line::from(vec![
            Span::styled(time, Style::new().add_modifier(Modifier::BOLD)),
            faint(format!(" · {} h a second · {running} · {lag}", picture.hours_a_second)),
        ]),
        Line::from(vec![
            faint("in ".to_owned()),
            Span::raw(grouped(picture.records_in)),
            faint(format!(" ({}/s) · out ", grouped(picture.in_a_second.round() as u64))),
            Span::raw(grouped(board.records())),
            faint(format!(" ({}/s) · dead letters ", grouped(picture.out_a_second.round() as u64))),
            count(board.dead_letters),
            faint(" · revision gaps ".to_owned()),
            count(board.gaps),
        ]),
    ];
    let block = panel(" chat-goals demo ")
        .title_top(Line::styled(format!(" seed {} ", picture.seed), FAINT).right_aligned());
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn draw_channels(frame: &mut Frame<'_>, area: Rect, channels: &[(&'static str, ChannelBoard)]) {
    const NAME: u16 = 15;
    const GOAL: u16 = 27;
    const COUNT: u16 = 5;
    let bar_width = area.width.saturating_sub(2 + NAME + GOAL + 2 * COUNT + 4);
    let rows = channels.iter().map(|(name, channel)| {
        Row::new([
            Cell::from(*name),
            Cell::from(Span::styled(channel.goal.clone(), Style::new().fg(Color::Cyan))),
            right(grouped(channel.chats_of_all_statuses().into())),
            Cell::from(bar(channel, bar_width.into())),
            right(percent(channel.counters.achievement_rate())),
        ])
    });
    let widths = [
        Constraint::Length(NAME),
        Constraint::Length(GOAL),
        Constraint::Length(COUNT),
        Constraint::Length(bar_width),
        Constraint::Length(COUNT),
    ];
    let heading =
        [Cell::from("Channel"), Cell::from("Goal"), right("chats"), Cell::from("statuses"), right("rate")];
    let legend = STATUSES.iter().flat_map(|status| {
        let (glyph, style) = look(*status);
        [Span::styled(format!(" {glyph} "), style), Span::styled(status_text(*status).to_lowercase(), FAINT)]
    });
    let legend = Line::from_iter(legend.chain([Span::raw(" ")])).right_aligned();
    let block = panel(" Channels ").title_bottom(legend);
    frame.render_widget(Table::new(rows, widths).header(Row::new(heading).style(HEADING)).block(block), area);
}

fn draw_managers(frame: &mut Frame<'_>, area: Rect, board: &Board) {
    const NAME: u16 = 8;
    const COUNT: u16 = 8;
    const ENDED: u16 = 5;
    const RATE: u16 = 5;
    let wide = area.width >= 56;
    let measured_width = if wide { COUNT + 1 } else { 0 };
    let bar_width = area.width.saturating_sub(2 + NAME + measured_width + COUNT + ENDED + RATE + 4);
    let rows = board.managers().into_iter().map(|(name, counters)| {
        let rate = counters.achievement_rate();
        let filled = (rate.unwrap_or(0.0).min(1.0) * f64::from(bar_width)).round() as usize;
        let mut cells = vec![Cell::from(name)];
        if wide {
            cells.push(right(grouped(counters.measured.into())));
        }
        cells.extend([
            right(grouped(counters.achieved.into())),
            right(grouped(counters.ended.into())),
            right(percent(rate)),
            Cell::from(Span::styled("▇".repeat(filled), GOOD)),
        ]);
        Row::new(cells)
    });
    let mut heading = vec![Cell::from("Manager")];
    let mut widths = vec![Constraint::Length(NAME)];
    if wide {
        heading.push(right("measured"));
        widths.push(Constraint::Length(COUNT));
    }
    widths.extend([COUNT, ENDED, RATE, bar_width].map(Constraint::Length));
    heading.extend([right("achieved"), right("ended"), right("rate"), Cell::from("")]);
    let table = Table::new(rows, widths).header(Row::new(heading).style(HEADING));
    frame.render_widget(table.block(panel(" Managers by achievement rate ")), area);
}

fn draw_changes(frame: &mut Frame<'_>, area: Rect, changes: &VecDeque<Change>) {
    let lines: Vec<Line<'_>> = changes.iter().map(|change| change_line(change, area.width >= 62)).collect();
    frame.render_widget(Paragraph::new(lines).block(panel(" Latest changes, a sample ")), area);
}

fn change_line(change: &Change, wide: bool) -> Line<'_> {
    let time = chrono::DateTime::from_timestamp_millis(change.at.0);
    let time = time.map_or_else(String::new, |time| time.format("%H:%M ").to_string());
    let mut spans = vec![Span::styled(time, FAINT)];
    let status = |status: Status| Span::styled(status_text(status), look(status).1);
    match &change.news {
        News::Status { chat, from, to, goal, manager, correction } => {
            spans.push(Span::raw(format!("{chat} ")));
            if let Some(from) = from.filter(|_| wide) {
                spans.push(status(from));
                spans.push(Span::raw(" "));
            }
            spans.push(Span::styled("→ ", FAINT));
            spans.push(status(*to));
            if *correction {
                spans.push(Span::styled(" (corrected)", Style::new().fg(Color::Magenta)));
            }
            // The manager first: a narrow list cuts the goal off.
            if let Some(goal) = goal {
                spans.extend([Span::styled(" · ", FAINT), Span::raw(manager.as_str())]);
                spans.push(Span::styled(format!(" · {goal}"), FAINT));
            }
        }
        News::Deleted { chat, .. } => {
            spans.push(Span::raw(format!("{chat} ")));
            spans.push(Span::styled("→ deleted", FAINT));
        }
        News::Goal { .. } => {
            spans.push(Span::styled(change.news.to_string(), Style::new().fg(Color::Cyan)));
        }
    }
    Line::from(spans)
}

/// One bar for a channel's chats. Every status that has a chat has a cell, if there is room.
fn bar(channel: &ChannelBoard, width: usize) -> Line<'static> {
    let cells = shares(&STATUSES.map(|status| channel.chats(status)), width);
    Line::from_iter(STATUSES.iter().zip(cells).map(|(status, cells)| {
        let (glyph, style) = look(*status);
        Span::styled(glyph.repeat(cells), style)
    }))
}

/// `width` cells, shared out by the counts; the rounding goes to the largest.
fn shares(counts: &[u32], width: usize) -> Vec<usize> {
    let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    if total == 0 {
        return vec![0; counts.len()];
    }
    let share = |count: &u32| match (u64::from(*count) * width as u64 / total) as usize {
        0 if *count > 0 => 1,
        share => share,
    };
    let mut shares: Vec<usize> = counts.iter().map(share).collect();
    while shares.iter().sum::<usize>() != width {
        let largest = (0..counts.len()).max_by_key(|index| shares[*index]).expect("there are statuses");
        if shares.iter().sum::<usize>() < width {
            shares[largest] += 1;
        } else {
            shares[largest] -= 1;
        }
    }
    shares
}

/// Told apart without colours as well.
fn look(status: Status) -> (&'static str, Style) {
    let (glyph, color) = match status {
        Status::Achieved => ("█", Color::Green),
        Status::Measuring => ("▓", Color::Blue),
        Status::AwaitingReply => ("▒", Color::Yellow),
        Status::Missed => ("░", Color::Red),
        Status::None => ("·", Color::DarkGray),
    };
    (glyph, Style::new().fg(color))
}

fn panel(title: &'static str) -> Block<'static> {
    let title = Span::styled(title, Style::new().add_modifier(Modifier::BOLD));
    Block::bordered().border_type(BorderType::Rounded).border_style(FAINT).title_top(title)
}

fn right(text: impl Into<String>) -> Cell<'static> {
    Cell::from(Line::raw(text.into()).alignment(Alignment::Right))
}

fn clock_text(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_wide_as_it_should_be_and_leaves_no_status_out() {
        assert_eq!(shares(&[1, 997, 0, 1, 1], 20), [1, 17, 0, 1, 1]);
        assert_eq!(shares(&[1, 1, 1], 20).iter().sum::<usize>(), 20);
        assert_eq!(shares(&[5, 5, 5, 5, 5], 3).iter().sum::<usize>(), 3);
        assert_eq!(shares(&[0, 0], 20), [0, 0]);
    }
}
