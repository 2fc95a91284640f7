//! Rows and columns: tables, results, invoices, order forms, schedules.

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::Plan;
use super::letters::heading;
use crate::lab::pages::canvas::{Area, Canvas, Stand};
use crate::lab::pages::words;

/// Draws what one cell says.
type Cell = fn(&mut StdRng) -> String;

/// How a table is ruled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ruling {
    Grid,
    Lines,
    Open,
}

const RULINGS: [Ruling; 3] = [Ruling::Grid, Ruling::Lines, Ruling::Open];

fn item(rng: &mut StdRng) -> String {
    let count = rng.random_range(1..4);
    words::phrase(rng, count)
}

fn count(rng: &mut StdRng) -> String {
    rng.random_range(1..200).to_string()
}

/// A table of so many rows below a line of headings; gives the row below it.
fn grid(
    canvas: &mut Canvas<'_>,
    plan: &mut Plan,
    area: Area,
    cells: &[Cell],
    rows: usize,
) -> usize {
    let ruling = RULINGS[plan.setting];
    let high = plan.body.line() + plan.rng.random_range(6..26);
    let rows = rows.min((area.height / high).saturating_sub(1));
    let widths = widths(plan, area.width, cells.len());
    for row in 0..=rows {
        let mut x = area.x;
        let y = area.y + row * high;
        for (cell, width) in cells.iter().zip(&widths) {
            let text = if row == 0 { words::phrase(&mut plan.rng, 1) } else { cell(&mut plan.rng) };
            let style = if row == 0 { plan.body.bold() } else { plan.body };
            let at = Area::new(x + 10, y + 4, width.saturating_sub(20), high);
            if canvas.width(style, &text) <= at.width {
                canvas.line(at, style, Stand::Left, &text);
            } else {
                canvas.paragraph(Area { height: style.line(), ..at }, style, &text);
            }
            if ruling == Ruling::Grid {
                canvas.frame(Area::new(x, y, *width, high), 2);
            }
            x += width;
        }
        if ruling == Ruling::Lines || row == 0 {
            canvas.rule(area, y + high - 2, 2);
        }
    }
    area.y + (rows + 1) * high
}

/// Columns of several widths that fill a line.
fn widths(plan: &mut Plan, all: usize, count: usize) -> Vec<usize> {
    let parts: Vec<usize> = (0..count).map(|_| plan.fixed.random_range(2..6)).collect();
    let sum: usize = parts.iter().sum();
    parts.iter().map(|part| part * all / sum.max(1)).collect()
}

pub(super) fn table(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let words_of_title = plan.rng.random_range(2..6);
    let title = words::phrase(&mut plan.rng, words_of_title);
    let y = canvas.line(area, plan.title.sized(60), Stand::Left, &title) + 30;
    let kinds: [Cell; 5] = [item, count, words::money, words::date, words::code];
    let columns = plan.rng.random_range(3..6);
    let rows = plan.rng.random_range(12..60);
    let y = grid(canvas, plan, area.below(y), &kinds[..columns], rows);
    let words_of_note = plan.rng.random_range(10..40);
    let note = words::prose(&mut plan.rng, words_of_note);
    canvas.paragraph(area.below(y + 30), plan.small, &note);
}

pub(super) fn results(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let mut y = heading(canvas, plan, area);
    for label in ["Patient", "Born", "Sample", "Doctor"] {
        let told = match label {
            "Born" => words::date(&mut plan.rng),
            "Sample" => words::code(&mut plan.rng),
            _ => words::name(&mut plan.rng),
        };
        canvas.text(area.x, y, plan.body.bold(), label);
        canvas.text(area.x + 260, y, plan.body, &told);
        y += plan.body.line() + 6;
    }
    for _ in 0..plan.rng.random_range(1..4) {
        if y + 400 > area.bottom() {
            break;
        }
        let title = words::phrase(&mut plan.rng, 2);
        y = canvas.line(area.below(y + 30), plan.body.bold(), Stand::Left, &title) + 6;
        let rows = plan.rng.random_range(4..14);
        let kinds: [Cell; 4] = [item, words::measure, words::measure, count];
        y = grid(canvas, plan, area.below(y), &kinds, rows);
    }
}

pub(super) fn invoice(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let mut y = heading(canvas, plan, area);
    let title = format!("INVOICE {}", words::code(&mut plan.rng));
    y = canvas.line(area.below(y), plan.title.sized(56), Stand::Left, &title) + 10;
    for _ in 0..plan.rng.random_range(2..4) {
        let line = words::address(&mut plan.rng);
        y = canvas.line(area.below(y), plan.body, Stand::Left, &line);
    }
    let rows = plan.rng.random_range(3..20);
    let kinds: [Cell; 4] = [count, item, words::money, words::money];
    y = grid(canvas, plan, area.below(y + 40), &kinds, rows);
    for label in ["Subtotal", "Tax", "Total"] {
        let told = format!("{label}   {}", words::money(&mut plan.rng));
        let style = if label == "Total" { plan.body.bold() } else { plan.body };
        y = canvas.line(area.below(y + 12), style, Stand::Right, &told);
    }
    let words_of_note = plan.rng.random_range(10..50);
    let note = words::prose(&mut plan.rng, words_of_note);
    canvas.paragraph(area.below(y + 40), plan.small, &note);
}

pub(super) fn order(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let firm = words::firm(&mut plan.rng);
    let mut y = canvas.line(area, plan.title, Stand::Left, &format!("Order {firm}")) + 20;
    let rows = plan.rng.random_range(8..24);
    let kinds: [Cell; 4] = [words::code, item, words::money, |_| String::new()];
    y = grid(canvas, plan, area.below(y), &kinds, rows) + 40;
    for _ in 0..plan.rng.random_range(3..7) {
        if y + 120 > area.bottom() {
            break;
        }
        let label = words::phrase(&mut plan.rng, 2);
        let end = canvas.text(area.x + 60, y, plan.body, &label);
        canvas.frame(Area::new(area.x, y, 36, 36), 3);
        if plan.rng.random_bool(0.4) {
            let line = Area::new(
                end + 40,
                y.saturating_sub(10),
                area.right().saturating_sub(end + 40),
                50,
            );
            canvas.handwriting(line, &mut plan.rng);
        }
        canvas.rule(Area::new(end + 20, y, area.right().saturating_sub(end + 20), 40), y + 44, 2);
        y += 90;
    }
    let words_of_terms = plan.rng.random_range(40..110);
    let terms = words::prose(&mut plan.rng, words_of_terms);
    canvas.paragraph(area.below(y), plan.small, &terms);
}

pub(super) fn schedule(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let name = words::phrase(&mut plan.rng, 3);
    let y = canvas.line(area, plan.title.sized(70), Stand::Middle, &name) + 20;
    let weeks = plan.rng.random_range(4..8);
    let high = area.below(y).height / weeks;
    for week in 0..weeks {
        let band = Area { y: y + week * high, height: high, ..area };
        for (day, cell) in band.columns(5 + plan.setting, 0).enumerate() {
            canvas.frame(cell, 2);
            let number = (week * 7 + day + 1).to_string();
            let below = canvas.line(cell.inside(8), plan.body.bold(), Stand::Left, &number);
            if plan.rng.random_bool(0.6) {
                let count = plan.rng.random_range(1..6);
                let text = words::phrase(&mut plan.rng, count);
                canvas.paragraph(cell.inside(10).below(below), plan.small, &text);
            }
        }
    }
}
