//! What wants to be seen: flyers, coupons, price lists, menus.

use rand::RngExt as _;

use super::Plan;
use super::letters::emblem;
use super::pictures::picture;
use crate::lab::pages::canvas::{Area, Canvas, Stand};
use crate::lab::pages::words;

fn shout(canvas: &mut Canvas<'_>, plan: &mut Plan, area: Area) -> usize {
    let count = plan.rng.random_range(2..5);
    let text = words::phrase(&mut plan.rng, count).to_uppercase();
    let mut size = plan.title.size * 2;
    // As large as the line allows.
    while size > 40 && canvas.width(plan.title.sized(size), &text) > area.width {
        size -= 6;
    }
    let style = plan.title.sized(size);
    if plan.setting == 1 {
        let banner = Area { height: style.line() + 30, ..area };
        canvas.banner(banner, style, &text);
        return banner.bottom() + 30;
    }
    canvas.line(area, style, Stand::Middle, &text) + 20
}

pub(super) fn flyer(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let mut y = shout(canvas, plan, area);
    let high = plan.rng.random_range(350..800);
    let shown = Area { height: high, ..area.below(y) }.inside(plan.fixed.random_range(0..200));
    picture(canvas, plan, shown);
    y = shown.bottom() + 50;
    for _ in 0..plan.rng.random_range(2..6) {
        let count = plan.rng.random_range(3..8);
        let text = format!("* {}", words::phrase(&mut plan.rng, count));
        let style = plan.body.sized(plan.body.size * 3 / 2);
        y = canvas.line(area.below(y), style, Stand::Left, &text) + 16;
    }
    let price = format!("ONLY ${}!", words::money(&mut plan.rng));
    y = canvas.line(area.below(y + 20), plan.title, Stand::Middle, &price);
    let call = format!("Call {} today", words::phone(&mut plan.rng));
    let foot = Area { height: 120, y: (y + 30).min(area.bottom() - 130), ..area };
    canvas.banner(foot, plan.title.sized(64), &call);
    let text = words::prose(&mut plan.rng, 20);
    canvas.paragraph(area.below(foot.bottom() + 10), plan.small.sized(22), &text);
}

pub(super) fn boxes(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let y = shout(canvas, plan, area);
    let (across, down) = (2 + plan.setting.min(1), plan.rng.random_range(2..5));
    let high = area.below(y).height / down;
    for row in 0..down {
        let band = Area { height: high.saturating_sub(30), y: y + row * high, ..area };
        for cell in band.columns(across, 30) {
            let thick = plan.rng.random_range(2..9);
            canvas.frame(cell, thick);
            let inner = cell.inside(24);
            let count = plan.rng.random_range(1..3);
            let title = words::phrase(&mut plan.rng, count);
            let below = canvas.line(inner, plan.body.bold().sized(44), Stand::Middle, &title);
            if plan.rng.random_bool(0.4) {
                let shown = Area { height: inner.below(below).height / 2, ..inner.below(below) };
                picture(canvas, plan, shown);
                let price = format!("${}", words::money(&mut plan.rng));
                canvas.line(inner.below(shown.bottom() + 10), plan.title, Stand::Middle, &price);
            } else {
                let count = plan.rng.random_range(10..50);
                let text = words::prose(&mut plan.rng, count);
                canvas.paragraph(inner.below(below + 10), plan.body, &text);
            }
        }
    }
}

pub(super) fn coupons(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let firm = words::firm(&mut plan.rng);
    let y = canvas.line(area, plan.title, Stand::Middle, &firm) + 20;
    let rows = plan.rng.random_range(3..6);
    let high = area.below(y).height / rows;
    for row in 0..rows {
        let band = Area { y: y + row * high, height: high.saturating_sub(24), ..area };
        for cell in band.columns(2, 24) {
            dashes(canvas, cell);
            let off = format!("{} % OFF", plan.rng.random_range(1..19) * 5);
            let below = canvas.line(cell.inside(20), plan.title, Stand::Middle, &off);
            let count = plan.rng.random_range(3..12);
            let text = words::phrase(&mut plan.rng, count);
            let below = canvas.paragraph(cell.inside(30).below(below), plan.body, &text);
            let until = format!("Valid until {}", words::date(&mut plan.rng));
            canvas.line(cell.inside(30).below(below), plan.small, Stand::Left, &until);
        }
    }
}

fn dashes(canvas: &mut Canvas<'_>, area: Area) {
    for x in (area.x..area.right()).step_by(28) {
        for y in [area.y, area.bottom()] {
            canvas.solid(Area::new(x, y, 16, 3));
        }
    }
    for y in (area.y..area.bottom()).step_by(28) {
        for x in [area.x, area.right()] {
            canvas.solid(Area::new(x, y, 3, 16));
        }
    }
}

/// Names and prices with dots between them, down to the bottom or until so many.
fn priced(canvas: &mut Canvas<'_>, plan: &mut Plan, area: Area, most: usize) -> usize {
    let mut y = area.y;
    for _ in 0..most {
        if y + plan.body.line() > area.bottom() {
            break;
        }
        let count = plan.rng.random_range(1..5);
        let name = words::phrase(&mut plan.rng, count);
        let price = words::money(&mut plan.rng);
        let line = area.below(y);
        let from = canvas.text(line.x, y, plan.body, &name) + 12;
        let to = line.right().saturating_sub(canvas.width(plan.body, &price) + 12);
        if plan.setting != 2 {
            for x in (from..to).step_by(18) {
                canvas.solid(Area::new(x, y + usize::from(plan.body.size) * 3 / 4, 3, 3));
            }
        }
        y = canvas.line(line, plan.body, Stand::Right, &price) + 6;
    }
    y
}

pub(super) fn prices(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    emblem(canvas, plan, Area::new(area.right() - 200, area.y, 200, 110));
    let firm = words::firm(&mut plan.rng);
    let mut y = canvas.line(area, plan.title, Stand::Left, &firm);
    y = canvas.line(area.below(y), plan.body, Stand::Left, "Price list") + 40;
    while y + 300 < area.bottom() {
        let heading = words::phrase(&mut plan.rng, 2);
        let bar = Area { height: plan.body.line() + 10, ..area.below(y) };
        canvas.banner(bar, plan.body.bold(), &heading);
        let most = plan.rng.random_range(4..14);
        let columns = 1 + plan.setting.min(1);
        let mut lowest = y;
        for column in area.below(bar.bottom() + 12).columns(columns, 60) {
            lowest = lowest.max(priced(canvas, plan, column, most));
        }
        y = lowest + 30;
    }
}

pub(super) fn menu(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    canvas.frame(area, 6);
    canvas.frame(area.inside(16), 2);
    let inner = area.inside(60);
    let name = words::phrase(&mut plan.rng, 2);
    let mut y = canvas.line(inner, plan.title, Stand::Middle, &format!("The {name}")) + 20;
    while y + 260 < inner.bottom() {
        let heading = words::phrase(&mut plan.rng, 1);
        let large = plan.body.bold().sized(plan.body.size * 3 / 2);
        y = canvas.line(inner.below(y), large, Stand::Middle, &heading) + 10;
        for _ in 0..plan.rng.random_range(2..6) {
            y = priced(canvas, plan, inner.below(y), 1);
            let count = plan.rng.random_range(4..10);
            let text = words::phrase(&mut plan.rng, count);
            if y + plan.small.line() > inner.bottom() {
                break;
            }
            y = canvas.line(inner.below(y), plan.small, Stand::Left, &text) + 14;
        }
        y += 20;
    }
}
