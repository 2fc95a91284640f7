//! Letters and what goes with them: memos, cover sheets, referrals, notes of a few lines.

use rand::RngExt as _;

use super::Plan;
use crate::lab::pages::canvas::{Area, Canvas, Stand};
use crate::lab::pages::face::{Face, Style};
use crate::lab::pages::words;

/// Name and address of a firm at the top of an area, in the way of the layout; gives the row below.
pub(super) fn heading(canvas: &mut Canvas<'_>, plan: &mut Plan, area: Area) -> usize {
    let stand = [Stand::Left, Stand::Middle, Stand::Right][plan.fixed.random_range(0..3)];
    let ruled = plan.fixed.random_bool(0.6);
    let marked = plan.fixed.random_bool(0.4);
    let firm = words::firm(&mut plan.rng);
    let mut y = area.y;
    if marked {
        let mark = Area::new(area.x, area.y, 150, 120);
        emblem(canvas, plan, mark);
        y += if stand == Stand::Left { 130 } else { 0 };
    }
    y = canvas.line(area.below(y), plan.title, stand, &firm);
    let address = words::address(&mut plan.rng);
    y = canvas.line(area.below(y), plan.small, stand, &address);
    let phones =
        format!("Tel {}  Fax {}", words::phone(&mut plan.rng), words::phone(&mut plan.rng));
    y = canvas.line(area.below(y), plan.small, stand, &phones);
    if ruled {
        canvas.rule(area, y + 12, 4);
        y += 16;
    }
    y + 40
}

/// A mark of a firm: bars, rings or blocks.
pub(super) fn emblem(canvas: &mut Canvas<'_>, plan: &mut Plan, area: Area) {
    let bars = plan.rng.random_range(2..6);
    let style = plan.rng.random_range(0..3);
    for (at, bar) in area.columns(bars, 8).enumerate() {
        let down = plan.rng.random_range(0..area.height / 2);
        match style {
            0 => canvas.solid(Area { height: area.height - down, y: area.y + down, ..bar }),
            1 => canvas.frame(Area { height: area.height - down, ..bar }, 4 + at % 3 * 3),
            _ => canvas.solid(Area {
                height: bar.width.min(area.height),
                y: area.y + down / 2,
                ..bar
            }),
        }
    }
}

/// Paragraphs down to the bottom of an area or until so many are set.
pub(super) fn paragraphs(
    canvas: &mut Canvas<'_>,
    plan: &mut Plan,
    area: Area,
    most: usize,
) -> usize {
    let mut y = area.y;
    for _ in 0..most {
        if y + plan.body.line() * 2 > area.bottom() {
            break;
        }
        let count = plan.rng.random_range(18..90);
        let text = words::prose(&mut plan.rng, count);
        y = canvas.paragraph(area.below(y), plan.body, &text) + plan.body.line() * 2 / 3;
    }
    y
}

fn signature(canvas: &mut Canvas<'_>, plan: &mut Plan, area: Area) {
    let hand = Area { height: 60, width: area.width.min(420), ..area };
    canvas.handwriting(hand, &mut plan.rng);
    let name = words::name(&mut plan.rng);
    canvas.line(area.below(hand.bottom() + 30), plan.body, Stand::Left, &name);
}

pub(super) fn letter(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let mut y = heading(canvas, plan, area);
    let date = words::date(&mut plan.rng);
    let stand = if plan.setting == 0 { Stand::Left } else { Stand::Right };
    y = canvas.line(area.below(y), plan.body, stand, &date) + 30;
    for _ in 0..plan.rng.random_range(2..4) {
        let line = words::address(&mut plan.rng);
        y = canvas.line(area.below(y), plan.body, Stand::Left, &line);
    }
    let name = words::name(&mut plan.rng);
    y = canvas.line(area.below(y + 40), plan.body, Stand::Left, &format!("Dear {name},")) + 20;
    let most = plan.rng.random_range(2..7);
    let text = Area { height: area.height.saturating_sub(y + 330 - area.y), ..area.below(y) };
    y = paragraphs(canvas, plan, text, most);
    y = canvas.line(area.below(y + 30), plan.body, Stand::Left, "Yours sincerely,");
    signature(canvas, plan, area.below(y + 20));
}

pub(super) fn memo(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let title = ["MEMORANDUM", "NOTICE TO STAFF", "INTERNAL NOTE"][plan.setting];
    let mut y = canvas.line(area, plan.title, Stand::Left, title) + 30;
    for label in ["To", "From", "Date", "Subject"] {
        let told = match label {
            "Date" => words::date(&mut plan.rng),
            "Subject" => {
                let count = plan.rng.random_range(3..8);
                words::phrase(&mut plan.rng, count)
            }
            _ => words::name(&mut plan.rng),
        };
        canvas.text(area.x, y, plan.body.bold(), &format!("{label}:"));
        y = canvas.line(Area { x: area.x + 260, ..area.below(y) }, plan.body, Stand::Left, &told)
            + 10;
    }
    canvas.rule(area, y + 10, 6);
    y += 50;
    let points = plan.rng.random_range(2..8);
    for point in 1..=points {
        let count = plan.rng.random_range(10..60);
        let text = words::prose(&mut plan.rng, count);
        if y + plan.body.line() * 2 > area.bottom() {
            break;
        }
        if plan.setting > 0 {
            canvas.text(area.x, y, plan.body, &format!("{point}."));
        }
        let indent = if plan.setting > 0 { 90 } else { 0 };
        let column = Area { x: area.x + indent, width: area.width - indent, ..area.below(y) };
        y = canvas.paragraph(column, plan.body, &text) + 24;
    }
}

pub(super) fn cover(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let mut y = heading(canvas, plan, area);
    let big = plan.title.sized(plan.title.size.max(80));
    let title = ["FAX", "FACSIMILE TRANSMISSION", "Fax cover sheet"][plan.setting];
    if plan.setting == 0 {
        canvas.banner(Area { height: 150, ..area.below(y) }, big, title);
        y += 190;
    } else {
        y = canvas.line(area.below(y), big, Stand::Left, title) + 40;
    }
    let [left, right] = {
        let mut columns = area.columns(2, 40);
        [columns.next().unwrap_or(area), columns.next().unwrap_or(area)]
    };
    for (at, label) in ["To", "From", "Fax", "Phone", "Date", "Pages"].into_iter().enumerate() {
        let column = if at % 2 == 0 { left } else { right };
        let told = match label {
            "To" | "From" => words::name(&mut plan.rng),
            "Date" => words::date(&mut plan.rng),
            "Pages" => plan.rng.random_range(1..30).to_string(),
            _ => words::phone(&mut plan.rng),
        };
        let at = column.below(y);
        canvas.text(at.x, y, plan.body.bold(), label);
        canvas.text(at.x + 150, y, plan.body, &told);
        canvas.rule(column, y + plan.body.line(), 2);
        if column.x == right.x {
            y += plan.body.line() * 2;
        }
    }
    y += 40;
    let count = plan.rng.random_range(10..120);
    let text = words::prose(&mut plan.rng, count);
    let box_area = Area { height: (area.bottom() - y).min(900), ..area.below(y) };
    canvas.frame(box_area, 3);
    canvas.paragraph(box_area.inside(30), plan.body, &text);
    let count = plan.rng.random_range(40..70);
    let fine = words::prose(&mut plan.rng, count);
    canvas.paragraph(area.below(box_area.bottom() + 30), plan.small, &fine);
}

pub(super) fn referral(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let mut y = heading(canvas, plan, area);
    let kind = words::phrase(&mut plan.rng, 2);
    y = canvas.line(area.below(y), plan.body.bold(), Stand::Middle, &format!("Referral: {kind}"))
        + 20;
    let facts = plan.rng.random_range(4..10);
    for at in 0..facts {
        let label = words::phrase(&mut plan.rng, 1);
        let told = match at % 4 {
            0 => words::name(&mut plan.rng),
            1 => words::date(&mut plan.rng),
            2 => words::code(&mut plan.rng),
            _ => words::address(&mut plan.rng),
        };
        canvas.text(area.x, y, plan.body, &format!("{label}:"));
        let mono = Style { face: Face::Mono, ..plan.body };
        y = canvas.line(Area { x: area.x + 340, ..area.below(y) }, mono, Stand::Left, &told) + 8;
    }
    let sections = plan.rng.random_range(2..5);
    for _ in 0..sections {
        if y + 250 > area.bottom() {
            break;
        }
        let heading = words::phrase(&mut plan.rng, 2);
        y = canvas.line(area.below(y + 20), plan.body.bold(), Stand::Left, &heading);
        y = paragraphs(canvas, plan, area.below(y), 1);
    }
    signature(canvas, plan, area.below((y + 40).min(area.bottom().saturating_sub(200))));
}

pub(super) fn sparse(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let y = area.y + plan.rng.random_range(0..area.height / 2);
    let place = area.below(y);
    match plan.setting {
        0 => {
            let count = plan.rng.random_range(8..24);
            let text = words::prose(&mut plan.rng, count);
            let large = plan.body.sized(plan.body.size * 3 / 2);
            canvas.paragraph(place, large, &text);
        }
        1 => {
            let firm = words::firm(&mut plan.rng);
            let y = canvas.line(place, plan.title, Stand::Middle, &firm);
            let count = plan.rng.random_range(4..10);
            let text = words::phrase(&mut plan.rng, count);
            canvas.line(area.below(y + 20), plan.body, Stand::Middle, &text);
        }
        _ => {
            for at in 0..plan.rng.random_range(2..5) {
                let line = Area { y: place.y + at * 110, height: 64, ..place };
                canvas.handwriting(line, &mut plan.rng);
            }
        }
    }
}
