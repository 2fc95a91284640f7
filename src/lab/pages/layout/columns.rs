//! Text in columns: articles, small print, newsletters.

use rand::RngExt as _;

use super::Plan;
use super::letters::paragraphs;
use super::pictures::picture;
use crate::lab::pages::canvas::{Area, Canvas, Stand};
use crate::lab::pages::words;

fn set(canvas: &mut Canvas<'_>, plan: &mut Plan, area: Area, columns: usize) {
    let gap = 50;
    let ruled = plan.fixed.random_bool(0.3);
    // Pages end where the words do: the last column is not always full.
    let full = plan.rng.random_range(0.5..1.0);
    for (at, column) in area.columns(columns, gap).enumerate() {
        if ruled && at > 0 {
            canvas.solid(Area { x: column.x - gap / 2, width: 2, ..area });
        }
        let last = at + 1 == columns;
        let height = if last {
            crate::lab::pages::bitmap::whole(area.height as f64 * full)
        } else {
            area.height
        };
        let mut y = column.y;
        let column = Area { height, ..column };
        while y + plan.body.line() * 3 < column.bottom() {
            if plan.rng.random_bool(0.25) {
                let count = plan.rng.random_range(2..4);
                let heading = words::phrase(&mut plan.rng, count);
                y = canvas.paragraph(column.below(y + 10), plan.body.bold(), &heading) + 6;
            }
            y = paragraphs(canvas, plan, column.below(y), 1);
        }
    }
}

pub(super) fn two(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let count = plan.rng.random_range(3..8);
    let title = words::phrase(&mut plan.rng, count);
    let style = plan.title.sized(64);
    let mut y = canvas.paragraph(area, style, &title) + 10;
    let by = words::name(&mut plan.rng);
    y = canvas.line(area.below(y), plan.body, Stand::Middle, &by) + 30;
    if plan.setting == 2 {
        let count = plan.rng.random_range(30..60);
        let text = words::prose(&mut plan.rng, count);
        y = canvas.paragraph(area.inside(120).below(y), plan.small, &text) + 40;
    }
    set(canvas, plan, area.below(y), 2);
}

pub(super) fn three(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    plan.body = plan.small;
    let firm = words::firm(&mut plan.rng);
    let y = canvas.line(area, plan.title.sized(60), Stand::Middle, &firm) + 24;
    canvas.rule(area, y, 3);
    set(canvas, plan, area.below(y + 20), 3 + plan.setting / 2);
}

pub(super) fn newsletter(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let name = format!("{} News", words::phrase(&mut plan.rng, 2));
    let head = Area { height: 170, ..area };
    canvas.banner(head, plan.title, &name);
    let date = words::date(&mut plan.rng);
    let mut y = canvas.line(area.below(head.bottom() + 6), plan.small, Stand::Right, &date) + 16;
    let high = plan.rng.random_range(260..640);
    let [text, shown] = {
        let mut halves = Area { height: high, ..area.below(y) }.columns(2, 50);
        let first = halves.next().unwrap_or(area);
        [first, halves.next().unwrap_or(area)]
    };
    let (text, shown) = if plan.setting == 0 { (text, shown) } else { (shown, text) };
    picture(canvas, plan, shown);
    paragraphs(canvas, plan, text, 4);
    y += high + 30;
    canvas.rule(area, y, 4);
    set(canvas, plan, area.below(y + 24), 2 + plan.setting / 2);
}
