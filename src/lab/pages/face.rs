//! Type: the outlines of DejaVu as dots, each glyph of a size rasterised once.

use std::collections::HashMap;
use std::ops::Range;

use ab_glyph::{Font as _, FontRef, InvalidFont, PxScale, ScaleFont as _, point};

use super::bitmap::whole;

/// The faces there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Face {
    Sans,
    SansBold,
    Condensed,
    Serif,
    SerifBold,
    Mono,
}

impl Face {
    /// All of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Sans, Self::SansBold, Self::Condensed, Self::Serif, Self::SerifBold, Self::Mono];

    fn outlines(self) -> &'static [u8] {
        match self {
            Self::Sans => dejavu::sans::regular(),
            Self::SansBold => dejavu::sans::bold(),
            Self::Condensed => dejavu::sans_condensed::regular(),
            Self::Serif => dejavu::serif::regular(),
            Self::SerifBold => dejavu::serif::bold(),
            Self::Mono => dejavu::sans_mono::regular(),
        }
    }

    /// The heavier of the same kind, where there is one.
    pub(super) const fn bold(self) -> Self {
        match self {
            Self::Sans | Self::SansBold | Self::Condensed | Self::Mono => Self::SansBold,
            Self::Serif | Self::SerifBold => Self::SerifBold,
        }
    }
}

/// A face in a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Style {
    pub(super) face: Face,
    /// Height from ascender to descender in dots; a point is 2.8 of them.
    pub(super) size: u16,
}

impl Style {
    /// From one line to the next, in dots.
    pub(super) fn line(self) -> usize {
        usize::from(self.size) * 5 / 4
    }

    /// The same in another size.
    pub(super) const fn sized(self, size: u16) -> Self {
        Self { size, ..self }
    }

    /// The same, heavier.
    pub(super) const fn bold(self) -> Self {
        Self { face: self.face.bold(), ..self }
    }
}

/// Dots left of a glyph's place that its stretches are counted from.
pub(super) const ORIGIN: usize = 64;

/// The dots of a glyph.
#[derive(Clone, Debug, Default)]
pub(super) struct Glyph {
    /// Stretches: the row below the top of the line, and the dots it covers from [`ORIGIN`] dots left of where the glyph
    /// stands, since some letters reach back.
    pub(super) stretches: Vec<(usize, Range<usize>)>,
    /// Dots from where it stands to where the next does.
    pub(super) advance: usize,
}

/// The faces, and the glyphs that were needed so far.
pub(super) struct Faces {
    fonts: Vec<(Face, FontRef<'static>)>,
    glyphs: HashMap<(Style, char), Glyph>,
}

impl Faces {
    /// Opens every face.
    pub(super) fn new() -> Result<Self, InvalidFont> {
        let open = |face: Face| Ok((face, FontRef::try_from_slice(face.outlines())?));
        let fonts: Result<Vec<_>, InvalidFont> = Face::ALL.into_iter().map(open).collect();
        Ok(Self { fonts: fonts?, glyphs: HashMap::new() })
    }

    /// A glyph's dots.
    pub(super) fn glyph(&mut self, style: Style, letter: char) -> &Glyph {
        let Self { fonts, glyphs } = self;
        glyphs.entry((style, letter)).or_insert_with(|| {
            let font = fonts.iter().find(|(face, _)| *face == style.face);
            font.map_or_else(Glyph::default, |(_, font)| rasterise(font, style.size, letter))
        })
    }

    /// How wide a text is, in dots.
    pub(super) fn width(&mut self, style: Style, text: &str) -> usize {
        text.chars().map(|letter| self.glyph(style, letter).advance).sum()
    }
}

fn rasterise(font: &FontRef<'_>, size: u16, letter: char) -> Glyph {
    let scale = PxScale::from(f32::from(size));
    let scaled = font.as_scaled(scale);
    let id = font.glyph_id(letter);
    let advance = whole(f64::from(scaled.h_advance(id)));
    let glyph = id.with_scale_and_position(scale, point(0.0, scaled.ascent()));
    let Some(outline) = font.outline_glyph(glyph) else {
        return Glyph { stretches: Vec::new(), advance };
    };
    let bounds = outline.px_bounds();
    let left = whole(f64::from(bounds.min.x) + ORIGIN as f64);
    let top = whole(f64::from(bounds.min.y));
    let mut stretches: Vec<(usize, Range<usize>)> = Vec::new();
    outline.draw(|x, y, cover| {
        // As a printer's driver makes dots: black where ink would cover half.
        if cover < 0.5 {
            return;
        }
        let (x, y) = (left + x as usize, top + y as usize);
        match stretches.last_mut() {
            Some((row, across)) if *row == y && across.end == x => across.end += 1,
            _ => stretches.push((y, x..x + 1)),
        }
    });
    Glyph { stretches, advance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_face_has_letters() {
        let mut faces = Faces::new().unwrap();
        for face in Face::ALL {
            let style = Style { face, size: 40 };
            let letter = faces.glyph(style, 'H').clone();
            assert!(letter.stretches.len() > 20, "{face:?}");
            assert!(letter.stretches.iter().all(|(row, ..)| *row < 40), "{face:?}");
            assert!(faces.width(style, "il") <= faces.width(style, "MW"), "{face:?}");
        }
    }
}
