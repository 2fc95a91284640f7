//! Drawing on a page: text, rules, boxes, strokes and screens.

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::bitmap::{Bitmap, whole};
use super::face::{Faces, ORIGIN, Style};

/// A part of a page, in dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Area {
    pub(super) const fn new(x: usize, y: usize, width: usize, height: usize) -> Self {
        Self { x, y, width, height }
    }

    /// What is left of it inside a border.
    pub(super) const fn inside(self, border: usize) -> Self {
        Self {
            x: self.x + border,
            y: self.y + border,
            width: self.width.saturating_sub(2 * border),
            height: self.height.saturating_sub(2 * border),
        }
    }

    /// Its parts side by side, with a gap between each two.
    pub(super) fn columns(self, count: usize, gap: usize) -> impl Iterator<Item = Self> {
        let width = self.width.saturating_sub(gap * (count - 1)) / count;
        (0..count).map(move |at| Self { x: self.x + at * (width + gap), width, ..self })
    }

    /// What is left of it below a row.
    pub(super) const fn below(self, y: usize) -> Self {
        Self { y, height: (self.y + self.height).saturating_sub(y), ..self }
    }

    pub(super) const fn right(self) -> usize {
        self.x + self.width
    }

    pub(super) const fn bottom(self) -> usize {
        self.y + self.height
    }
}

/// Where a text stands in its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Left,
    Middle,
    Right,
}

/// A page that is being drawn.
pub(super) struct Canvas<'f> {
    pub(super) page: Bitmap,
    faces: &'f mut Faces,
}

impl<'f> Canvas<'f> {
    pub(super) const fn new(page: Bitmap, faces: &'f mut Faces) -> Self {
        Self { page, faces }
    }

    /// The page within a margin.
    pub(super) fn body(&self, margin: usize) -> Area {
        Area::new(0, 0, usize::from(self.page.width()), self.page.rows()).inside(margin)
    }

    pub(super) fn width(&mut self, style: Style, text: &str) -> usize {
        self.faces.width(style, text)
    }

    /// Writes a line whose top left corner is at `x`, `y`; gives where the next letter would stand.
    pub(super) fn text(&mut self, x: usize, y: usize, style: Style, text: &str) -> usize {
        let mut stand = x;
        for letter in text.chars() {
            let glyph = self.faces.glyph(style, letter);
            for (row, across) in &glyph.stretches {
                let [from, to] =
                    [across.start, across.end].map(|at| (stand + at).saturating_sub(ORIGIN));
                self.page.fill(y + row, from..to);
            }
            stand += glyph.advance;
        }
        stand
    }

    /// Writes one line at the top of an area; gives the row below it.
    pub(super) fn line(&mut self, area: Area, style: Style, stand: Stand, text: &str) -> usize {
        let free = area.width.saturating_sub(self.width(style, text));
        let x = match stand {
            Stand::Left => area.x,
            Stand::Middle => area.x + free / 2,
            Stand::Right => area.x + free,
        };
        self.text(x, area.y, style, text);
        area.y + style.line()
    }

    /// Writes words line by line into an area; gives the row below the last, and stops at its bottom.
    pub(super) fn paragraph(&mut self, area: Area, style: Style, text: &str) -> usize {
        let (mut x, mut y) = (area.x, area.y);
        let space = self.width(style, " ");
        for word in text.split(' ') {
            let width = self.width(style, word);
            if x > area.x && x + width > area.right() {
                (x, y) = (area.x, y + style.line());
            }
            if y + style.line() > area.bottom() {
                return y;
            }
            x = self.text(x, y, style, word) + space;
        }
        y + style.line()
    }

    /// Blackens an area.
    pub(super) fn solid(&mut self, area: Area) {
        for y in area.y..area.bottom() {
            self.page.fill(y, area.x..area.right());
        }
    }

    /// Whitens an area.
    pub(super) fn blank(&mut self, area: Area) {
        for y in area.y..area.bottom() {
            self.page.clear(y, area.x..area.right());
        }
    }

    /// A rule across.
    pub(super) fn rule(&mut self, area: Area, y: usize, thick: usize) {
        self.solid(Area { y, height: thick, ..area });
    }

    /// The border of an area.
    pub(super) fn frame(&mut self, area: Area, thick: usize) {
        self.solid(Area { height: thick, ..area });
        self.solid(Area { y: area.bottom().saturating_sub(thick), height: thick, ..area });
        self.solid(Area { width: thick, ..area });
        self.solid(Area { x: area.right().saturating_sub(thick), width: thick, ..area });
    }

    /// White text on black over an area.
    pub(super) fn banner(&mut self, area: Area, style: Style, text: &str) {
        let mut other = self.page.same_white(area.bottom());
        std::mem::swap(&mut self.page, &mut other);
        self.line(
            Area { y: area.y + area.height.saturating_sub(usize::from(style.size)) / 2, ..area },
            style,
            Stand::Middle,
            text,
        );
        std::mem::swap(&mut self.page, &mut other);
        let mut changes = Vec::new();
        self.solid(area);
        for y in area.y..area.bottom() {
            other.changes(y, &mut changes);
            for pair in changes.chunks(2) {
                let to = pair.get(1).copied().unwrap_or(other.width());
                self.page.clear(y, usize::from(pair[0])..usize::from(to));
            }
        }
    }

    /// A round dot.
    pub(super) fn dot(&mut self, centre: Point, radius: f64) {
        let first = (centre.y - radius).max(0.0);
        let mut y = first.ceil();
        while y <= centre.y + radius {
            let half = (radius * radius - (y - centre.y).powi(2)).max(0.0).sqrt();
            let [from, to] = [centre.x - half, centre.x + half + 1.0].map(whole);
            self.page.fill(whole(y), from..to);
            y += 1.0;
        }
    }

    /// A pen drawn along points.
    pub(super) fn stroke(&mut self, points: &[Point], radius: f64) {
        for pair in points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let steps = (to.x - from.x).abs().max((to.y - from.y).abs()).ceil().max(1.0);
            let mut step = 0.0;
            while step <= steps {
                let share = step / steps;
                let at = Point {
                    x: from.x + (to.x - from.x) * share,
                    y: from.y + (to.y - from.y) * share,
                };
                self.dot(at, radius);
                step += radius.max(1.0);
            }
        }
    }

    /// A picture of grey as a press prints it: dots of a screen, larger where it is darker.
    pub(super) fn screen(&mut self, area: Area, pitch: f64, grey: impl Fn(f64, f64) -> f64) {
        let (sin, cos) = std::f64::consts::FRAC_PI_4.sin_cos();
        let turn = std::f64::consts::TAU / pitch;
        for y in area.y..area.bottom() {
            for x in area.x..area.right() {
                let [at_x, at_y] = [x as f64, y as f64];
                let (u, v) = (at_x * cos + at_y * sin, at_y * cos - at_x * sin);
                let threshold = 0.5 + 0.25 * ((u * turn).cos() + (v * turn).cos());
                let [across, down] = [
                    (x - area.x) as f64 / area.width as f64,
                    (y - area.y) as f64 / area.height as f64,
                ];
                if grey(across, down) > threshold {
                    self.page.blacken(x, y);
                }
            }
        }
    }

    /// Something written by hand into a line: loops and bows that lean, no letters.
    pub(super) fn handwriting(&mut self, area: Area, rng: &mut StdRng) {
        let height = area.height as f64;
        let radius = rng.random_range(1.2..2.4);
        let lean = rng.random_range(0.1..0.5);
        let mut x = area.x as f64;
        while x + height < area.right() as f64 {
            let mut points = Vec::new();
            let letters = rng.random_range(2..9);
            for _ in 0..letters {
                let tall = if rng.random_bool(0.25) { 1.0 } else { rng.random_range(0.35..0.6) };
                let wide = height * rng.random_range(0.25..0.55);
                let turns = rng.random_range(4.0..8.0);
                for step in 0..10 {
                    let share = f64::from(step) / 10.0;
                    let up = (0.5 - 0.5 * (share * turns).cos()) * tall * height;
                    let bow = (share * turns).sin() * wide * 0.35;
                    let y = area.bottom() as f64 - up;
                    points.push(Point { x: x + share * wide + bow + up * lean, y });
                }
                x += wide;
                if x + height >= area.right() as f64 {
                    break;
                }
            }
            self.stroke(&points, radius);
            x += height * rng.random_range(0.4..0.8);
        }
    }
}

/// A place on a page, in dots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}
