//! What file and log say of a session, in the words of the contract.

use crate::bounds::{ID_BYTES_MAX, TEXT_BYTES_MAX};
use crate::content::tiff::{Coding, Dcs, PageLength, PageWidth, Resolution, SessionParams};
use crate::wire::screening::v1 as wire;

/// `text` as far as a field takes it, cut at a character.
pub fn field(text: &str) -> String {
    cut(text, TEXT_BYTES_MAX)
}

/// `text` as far as the name of a trunk or node takes it.
pub fn name(text: &str) -> String {
    cut(text, ID_BYTES_MAX)
}

fn cut(text: &str, bytes: usize) -> String {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

/// The handshake that parameters and command signal amount to; the latter knows of colour and of
/// codings that the former have no bits for.
pub fn handshake(params: Option<SessionParams>, dcs: Option<&Dcs>) -> wire::Handshake {
    let resolution = params.and_then(|params| params.resolution);
    let resolution = resolution.or_else(|| dcs.map(Dcs::resolution));
    let (horizontal_dpi, vertical_dpi) = resolution.map_or((0, 0), dots_per_inch);
    let rate = params.and_then(|params| params.rate_bit_s);
    let coding = dcs.map(Dcs::coding).or_else(|| params.and_then(|params| params.coding));
    let length = params.and_then(|params| params.length).or_else(|| dcs.map(Dcs::length));
    wire::Handshake {
        rate_bps: rate.or_else(|| dcs.and_then(Dcs::rate_bit_s)).unwrap_or(0),
        ecm: params.map_or_else(|| dcs.is_some_and(Dcs::ecm), |params| params.ecm),
        horizontal_dpi,
        vertical_dpi,
        width_px: params.and_then(|params| params.width).map_or(0, pixels),
        coding: coding.map_or(wire::Coding::Unspecified, wire_coding).into(),
        color: dcs.is_some_and(Dcs::full_colour),
        unlimited_length: length == Some(PageLength::Unlimited),
        ..wire::Handshake::default()
    }
}

/// Dots per inch of a resolution class, zero where it is none.
fn dots_per_inch(resolution: Resolution) -> (u32, u32) {
    match resolution {
        Resolution::Standard => (204, 98),
        Resolution::Fine => (204, 196),
        Resolution::Superfine => (204, 391),
        Resolution::Other => (0, 0),
    }
}

fn pixels(width: PageWidth) -> u32 {
    match width {
        PageWidth::A4 => 1728,
        PageWidth::B4 => 2048,
        PageWidth::A3 => 2432,
    }
}

/// A coding as it travels; one that T.30 does not know is not told.
pub fn wire_coding(coding: Coding) -> wire::Coding {
    match coding {
        Coding::Mh => wire::Coding::Mh,
        Coding::Mr => wire::Coding::Mr,
        Coding::Mmr => wire::Coding::Mmr,
        Coding::Jbig => wire::Coding::Jbig,
        Coding::Jpeg => wire::Coding::Jpeg,
        Coding::Uncompressed | Coding::Other(_) => wire::Coding::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_a_character() {
        let long = "é".repeat(200);
        assert_eq!(field(&long).len(), TEXT_BYTES_MAX);
        assert_eq!(name(&format!("x{long}")).len(), ID_BYTES_MAX - 1);
        assert_eq!(field("short"), "short");
    }

    #[test]
    fn the_signal_tells_what_the_parameters_do_not() {
        let dcs = Dcs::parse(b"00 44 1F 22").unwrap();
        let told = handshake(None, Some(&dcs));
        assert_eq!((told.rate_bps, told.horizontal_dpi, told.vertical_dpi), (14_400, 204, 98));
        assert!(told.unlimited_length && !told.color);
        assert_eq!(handshake(None, None), wire::Handshake::default());
    }
}
