//! What is not type: maps, diagrams, photographs as a press prints them, handwriting.

use rand::RngExt as _;

use super::Plan;
use crate::lab::pages::canvas::{Area, Canvas, Point, Stand};
use crate::lab::pages::words;

/// A photograph of nothing: a few lights and shades, as dots of a screen.
pub(super) fn picture(canvas: &mut Canvas<'_>, plan: &mut Plan, area: Area) {
    if area.width < 40 || area.height < 40 {
        return;
    }
    let rng = &mut plan.rng;
    let shades: Vec<[f64; 4]> = (0..rng.random_range(3..8))
        .map(|_| {
            let [x, y] = [0.0, 0.0].map(|_: f64| rng.random_range(0.0..1.0));
            [x, y, rng.random_range(0.08..0.4), rng.random_range(-0.8..0.8)]
        })
        .collect();
    let waves =
        [rng.random_range(2.0..14.0), rng.random_range(2.0..14.0), rng.random_range(0.0..0.2)];
    let base = rng.random_range(0.2..0.6);
    let pitch = rng.random_range(6.0..14.0);
    let grey = |x: f64, y: f64| {
        let mut grey = base + waves[2] * (x * waves[0]).sin() * (y * waves[1]).cos();
        for [at_x, at_y, radius, strength] in &shades {
            let far = ((x - at_x).powi(2) + (y - at_y).powi(2)) / (radius * radius);
            if far < 4.0 {
                grey += strength * (1.0 - far / 4.0);
            }
        }
        grey
    };
    canvas.screen(area, pitch, grey);
    canvas.frame(area, 3);
}

pub(super) fn photograph(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let mut y = area.y;
    for _ in 0..=plan.setting {
        let high = plan.rng.random_range(400..1_300 / (plan.setting + 1) + 200);
        let inset = plan.rng.random_range(0..200);
        let shown = Area { x: area.x + inset, width: area.width - inset, height: high, y };
        picture(canvas, plan, shown);
        let count = plan.rng.random_range(4..30);
        let caption = words::prose(&mut plan.rng, count);
        y = canvas.paragraph(area.below(shown.bottom() + 14), plan.body, &caption) + 30;
        if y + 500 > area.bottom() {
            break;
        }
    }
}

pub(super) fn map(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let title = format!("How to find {}", words::firm(&mut plan.rng));
    let y = canvas.line(area, plan.title.sized(60), Stand::Left, &title) + 20;
    let high = plan.rng.random_range(900..1_500);
    let frame = Area { height: high, ..area.below(y) };
    let roads = plan.rng.random_range(6..18);
    for road in 0..roads {
        let points = course(plan, frame);
        let wide = f64::from(plan.rng.random_range(2..12));
        canvas.stroke(&points, wide + 3.0);
        // Two lines with the road between them: what was black inside is taken out again.
        if road % 2 == 0 {
            for point in points.windows(2) {
                whiten(canvas, point, wide);
            }
        }
    }
    for _ in 0..plan.rng.random_range(6..16) {
        let x = frame.x + plan.rng.random_range(0..frame.width - 300);
        let y = frame.y + plan.rng.random_range(0..frame.height - 60);
        let count = plan.rng.random_range(1..3);
        let name = words::phrase(&mut plan.rng, count);
        let wide = canvas.width(plan.small, &name);
        canvas.blank(Area::new(x, y, wide + 8, plan.small.line()));
        canvas.text(x + 4, y, plan.small, &name);
    }
    canvas.frame(frame, 4);
    let count = plan.rng.random_range(30..110);
    let text = words::prose(&mut plan.rng, count);
    canvas.paragraph(area.below(frame.bottom() + 30), plan.body, &text);
}

/// A way across a frame.
fn course(plan: &mut Plan, frame: Area) -> Vec<Point> {
    let rng = &mut plan.rng;
    let along = rng.random_bool(0.5);
    let steps = rng.random_range(3..9);
    let mut off = rng.random_range(0.05..0.95);
    (0..=steps)
        .map(|step| {
            let share = f64::from(step) / f64::from(steps);
            off = f64::clamp(off + rng.random_range(-0.12..0.12), 0.02, 0.98);
            let (x, y) = if along { (share, off) } else { (off, share) };
            Point {
                x: frame.x as f64 + x * frame.width as f64,
                y: frame.y as f64 + y * frame.height as f64,
            }
        })
        .collect()
}

fn whiten(canvas: &mut Canvas<'_>, pair: &[Point], radius: f64) {
    let [from, to] = [pair[0], pair[1]];
    let steps = 1 + crate::lab::pages::bitmap::whole(
        (to.x - from.x).hypot(to.y - from.y) / radius.max(1.0),
    );
    for step in 0..=steps {
        let share = step as f64 / steps as f64;
        let [x, y] = [from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share]
            .map(|middle| crate::lab::pages::bitmap::whole(middle - radius));
        let wide = crate::lab::pages::bitmap::whole(radius * 2.0);
        canvas.blank(Area::new(x, y, wide, wide));
    }
}

pub(super) fn diagram(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let count = plan.rng.random_range(2..6);
    let title = words::phrase(&mut plan.rng, count);
    let y = canvas.line(area, plan.title.sized(60), Stand::Middle, &title) + 40;
    let down = plan.rng.random_range(3..7);
    let high = area.below(y).height / down;
    let mut above: Vec<Area> = Vec::new();
    for row in 0..down {
        let across = plan.rng.random_range(1..4);
        let band = Area { y: y + row * high, height: high / 2, ..area };
        let cells: Vec<Area> = band
            .columns(across, 90)
            .map(|cell| cell.inside(plan.rng.random_range(0..40)))
            .collect();
        for cell in &cells {
            let thick = plan.rng.random_range(2..7);
            canvas.frame(*cell, thick);
            let count = plan.rng.random_range(2..10);
            let text = words::phrase(&mut plan.rng, count);
            canvas.paragraph(cell.inside(20), plan.small, &text);
            for from in &above {
                if plan.rng.random_bool(0.6) {
                    let start =
                        Point { x: (from.x + from.width / 2) as f64, y: from.bottom() as f64 };
                    let end = Point { x: (cell.x + cell.width / 2) as f64, y: cell.y as f64 };
                    canvas.stroke(&[start, end], 2.0);
                    canvas.dot(end, 9.0);
                }
            }
        }
        above = cells;
    }
}

pub(super) fn handwriting(canvas: &mut Canvas<'_>, plan: &mut Plan) {
    let area = plan.area(canvas);
    let line = 90 + plan.setting * 30;
    let lines = plan.rng.random_range(6..area.height / line);
    for at in 0..lines {
        let inset =
            if at == 0 { plan.rng.random_range(0..300) } else { plan.rng.random_range(0..60) };
        let short = plan.rng.random_range(0..area.width / 3);
        let place = Area {
            x: area.x + inset,
            y: area.y + at * line,
            width: area.width.saturating_sub(inset + short),
            height: line * 3 / 5,
        };
        canvas.handwriting(place, &mut plan.rng);
        if plan.setting == 1 {
            canvas.rule(area, place.bottom() + 8, 2);
        }
    }
    if plan.rng.random_bool(0.4) && plan.setting != 1 {
        let points: Vec<Point> = course(plan, Area { height: area.height / 3, ..area });
        canvas.stroke(&points, 2.5);
    }
}
