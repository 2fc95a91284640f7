//! The code tables of T.4 (tables 2 and 3) and T.6 (table 1), unfolded for one look a code.

/// White runs of 0 to 63 pixels: bits and code.
#[rustfmt::skip]
const WHITE: [(u16, u16); 64] = [
    (8, 0x35), (6, 0x7), (4, 0x7), (4, 0x8), (4, 0xB), (4, 0xC), (4, 0xE), (4, 0xF), (5, 0x13), (5, 0x14),
    (5, 0x7), (5, 0x8), (6, 0x8), (6, 0x3), (6, 0x34), (6, 0x35), (6, 0x2A), (6, 0x2B), (7, 0x27), (7, 0xC),
    (7, 0x8), (7, 0x17), (7, 0x3), (7, 0x4), (7, 0x28), (7, 0x2B), (7, 0x13), (7, 0x24), (7, 0x18), (8,
    0x2), (8, 0x3), (8, 0x1A), (8, 0x1B), (8, 0x12), (8, 0x13), (8, 0x14), (8, 0x15), (8, 0x16), (8, 0x17),
    (8, 0x28), (8, 0x29), (8, 0x2A), (8, 0x2B), (8, 0x2C), (8, 0x2D), (8, 0x4), (8, 0x5), (8, 0xA), (8,
    0xB), (8, 0x52), (8, 0x53), (8, 0x54), (8, 0x55), (8, 0x24), (8, 0x25), (8, 0x58), (8, 0x59), (8, 0x5A),
    (8, 0x5B), (8, 0x4A), (8, 0x4B), (8, 0x32), (8, 0x33), (8, 0x34),
];
/// White runs of 64, 128 … 1728 pixels.
#[rustfmt::skip]
const WHITE_MAKE_UP: [(u16, u16); 27] = [
    (5, 0x1B), (5, 0x12), (6, 0x17), (7, 0x37), (8, 0x36), (8, 0x37), (8, 0x64), (8, 0x65), (8, 0x68), (8,
    0x67), (9, 0xCC), (9, 0xCD), (9, 0xD2), (9, 0xD3), (9, 0xD4), (9, 0xD5), (9, 0xD6), (9, 0xD7), (9,
    0xD8), (9, 0xD9), (9, 0xDA), (9, 0xDB), (9, 0x98), (9, 0x99), (9, 0x9A), (6, 0x18), (9, 0x9B),
];
/// Black runs of 0 to 63 pixels.
#[rustfmt::skip]
const BLACK: [(u16, u16); 64] = [
    (10, 0x37), (3, 0x2), (2, 0x3), (2, 0x2), (3, 0x3), (4, 0x3), (4, 0x2), (5, 0x3), (6, 0x5), (6, 0x4),
    (7, 0x4), (7, 0x5), (7, 0x7), (8, 0x4), (8, 0x7), (9, 0x18), (10, 0x17), (10, 0x18), (10, 0x8), (11,
    0x67), (11, 0x68), (11, 0x6C), (11, 0x37), (11, 0x28), (11, 0x17), (11, 0x18), (12, 0xCA), (12, 0xCB),
    (12, 0xCC), (12, 0xCD), (12, 0x68), (12, 0x69), (12, 0x6A), (12, 0x6B), (12, 0xD2), (12, 0xD3), (12,
    0xD4), (12, 0xD5), (12, 0xD6), (12, 0xD7), (12, 0x6C), (12, 0x6D), (12, 0xDA), (12, 0xDB), (12, 0x54),
    (12, 0x55), (12, 0x56), (12, 0x57), (12, 0x64), (12, 0x65), (12, 0x52), (12, 0x53), (12, 0x24), (12,
    0x37), (12, 0x38), (12, 0x27), (12, 0x28), (12, 0x58), (12, 0x59), (12, 0x2B), (12, 0x2C), (12, 0x5A),
    (12, 0x66), (12, 0x67),
];
/// Black runs of 64, 128 … 1728 pixels.
#[rustfmt::skip]
const BLACK_MAKE_UP: [(u16, u16); 27] = [
    (10, 0xF), (12, 0xC8), (12, 0xC9), (12, 0x5B), (12, 0x33), (12, 0x34), (12, 0x35), (13, 0x6C), (13,
    0x6D), (13, 0x4A), (13, 0x4B), (13, 0x4C), (13, 0x4D), (13, 0x72), (13, 0x73), (13, 0x74), (13, 0x75),
    (13, 0x76), (13, 0x77), (13, 0x52), (13, 0x53), (13, 0x54), (13, 0x55), (13, 0x5A), (13, 0x5B), (13,
    0x64), (13, 0x65),
];
/// Runs of 1792, 1856 … 2560 pixels of either colour.
#[rustfmt::skip]
const LONG_MAKE_UP: [(u16, u16); 13] = [
    (11, 0x8), (11, 0xC), (11, 0xD), (12, 0x12), (12, 0x13), (12, 0x14), (12, 0x15), (12, 0x16), (12, 0x17),
    (12, 0x1C), (12, 0x1D), (12, 0x1E), (12, 0x1F),
];

/// Bits of the longest code of a run: of a black one.
pub(super) const RUN_BITS: u32 = 13;
/// Bits of the longest code of a mode that is not an extension.
const MODE_BITS: u8 = 7;
/// Bits of a look for the modes of a row.
const LOOK_BITS: u8 = 10;
/// The same.
pub(super) const MODES_BITS: u32 = LOOK_BITS as u32;
const _: () = assert!(LOOK_BITS >= MODE_BITS && LOOK_BITS < 16, "every mode, and ends of 4 bits");
/// Most changes that one look tells.
pub(super) const AT_ONCE: usize = 8;

/// What a window of bits begins with: the length of a run above four bits of the length of its code; 0 where no
/// run begins so.
#[derive(Clone, Copy)]
pub(super) struct Run(u16);

impl Run {
    /// Pixels, 0 to 2560.
    #[inline(always)]
    pub(super) const fn pixels(self) -> u16 {
        self.0 >> 4
    }

    /// Bits of its code; 0 for no code.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        u32::from(self.0 & 15)
    }
}

/// A mode of the coding in two dimensions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The change lies so many pixels to the right of the one above; to the left where negative.
    Vertical(i8),
    Horizontal,
    Pass,
    /// Which one cannot be seen yet.
    Cut,
    /// An extension, the end, or nothing.
    Other,
}

/// What a window of bits begins with in two dimensions: changes near those above, one below each, and another mode.
#[derive(Clone, Copy)]
pub(super) struct Modes {
    /// How many pixels to the right of the one above each change lies: -1 to 3.
    pub(super) right: [i8; AT_ONCE],
    /// How many pixels to the right of each change the next one above lies at least, for the next change to lie to the
    /// right of it and to belong to that one.
    pub(super) room: [i8; AT_ONCE],
    /// Bits up to the end of each change, four of them for each from the lowest on.
    ends: u32,
    /// How many changes.
    pub(super) changes: u8,
    /// Bits of them and of the mode behind them.
    pub(super) bits: u8,
    pub(super) mode: Mode,
}

impl Modes {
    /// Bits up to the end of a change.
    #[inline(always)]
    pub(super) const fn bits_to(&self, change: usize) -> u32 {
        self.ends >> (4 * change) & 15
    }
}

/// White runs by the next [`RUN_BITS`] bits.
pub(super) static WHITE_RUNS: [Run; 1 << RUN_BITS] = unfold(&WHITE, &WHITE_MAKE_UP);
/// Black runs by the next [`RUN_BITS`] bits.
pub(super) static BLACK_RUNS: [Run; 1 << RUN_BITS] = unfold(&BLACK, &BLACK_MAKE_UP);
/// By the next [`MODES_BITS`] bits.
pub(super) static MODES: [Modes; 1 << MODES_BITS] = modes();

/// A code of `length` bits is there for every window of bits that begins with it.
const fn unfold<const N: usize>(short: &[(u16, u16); 64], make_up: &[(u16, u16); 27]) -> [Run; N] {
    let mut table = [Run(0); N];
    let (mut at, mut pixels) = (0, 0);
    while at < short.len() {
        table = with(table, short[at], pixels);
        (at, pixels) = (at + 1, pixels + 1);
    }
    (at, pixels) = (0, 64);
    while at < make_up.len() {
        table = with(table, make_up[at], pixels);
        (at, pixels) = (at + 1, pixels + 64);
    }
    at = 0;
    while at < LONG_MAKE_UP.len() {
        table = with(table, LONG_MAKE_UP[at], pixels);
        (at, pixels) = (at + 1, pixels + 64);
    }
    table
}

const fn with<const N: usize>(
    mut table: [Run; N],
    (length, code): (u16, u16),
    pixels: u16,
) -> [Run; N] {
    let windows = N >> length;
    let mut at = 0;
    while at < windows {
        table[code as usize * windows + at] = Run(pixels << 4 | length);
        at += 1;
    }
    table
}

/// T.6, table 1.
const fn mode(window: usize, window_bits: u8) -> (Mode, u8) {
    const CODES: [(Mode, u8, usize); 9] = [
        (Mode::Vertical(0), 1, 0b1),
        (Mode::Vertical(1), 3, 0b011),
        (Mode::Vertical(-1), 3, 0b010),
        (Mode::Horizontal, 3, 0b001),
        (Mode::Pass, 4, 0b0001),
        (Mode::Vertical(2), 6, 0b00_0011),
        (Mode::Vertical(-2), 6, 0b00_0010),
        (Mode::Vertical(3), 7, 0b000_0011),
        (Mode::Vertical(-3), 7, 0b000_0010),
    ];
    let mut code = 0;
    while code < CODES.len() {
        let (mode, length, bits) = CODES[code];
        if length <= window_bits && window >> (window_bits - length) == bits {
            return (mode, length);
        }
        code += 1;
    }
    if window_bits < MODE_BITS { (Mode::Cut, 0) } else { (Mode::Other, 0) }
}

const fn modes() -> [Modes; 1 << MODES_BITS] {
    const NONE: Modes =
        Modes { right: [0; 8], room: [0; 8], ends: 0, changes: 0, bits: 0, mode: Mode::Other };
    let mut table = [NONE; 1 << MODES_BITS];
    let mut window = 0;
    while window < table.len() {
        table[window] = modes_of(window, NONE);
        window += 1;
    }
    table
}

const fn modes_of(window: usize, mut modes: Modes) -> Modes {
    let mut left = LOOK_BITS;
    loop {
        let at = modes.changes as usize;
        let (mode, bits) = mode(window & ((1 << left) - 1), left);
        match mode {
            Mode::Vertical(-1..) if at == AT_ONCE => {
                modes.mode = Mode::Cut;
                return modes;
            }
            // Not two to the left: there may be a change above between the two, which is the next one then.
            Mode::Vertical(right @ -1..) => {
                (modes.right[at], modes.room[at]) = (right, 1);
                if right < 0 && at > 0 {
                    modes.room[at - 1] = 2;
                }
                (modes.changes, modes.bits, left) =
                    (modes.changes + 1, modes.bits + bits, left - bits);
                modes.ends |= (modes.bits as u32) << (4 * at);
            }
            Mode::Vertical(_) | Mode::Horizontal | Mode::Pass | Mode::Cut | Mode::Other => {
                (modes.mode, modes.bits) = (mode, modes.bits + bits);
                return modes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_begins_another() {
        for (short, make_up) in [(&WHITE, &WHITE_MAKE_UP), (&BLACK, &BLACK_MAKE_UP)] {
            let end_of_line = (11, 0);
            let codes: Vec<(u16, u16)> = short
                .iter()
                .chain(make_up)
                .chain(&LONG_MAKE_UP)
                .copied()
                .chain([end_of_line])
                .collect();
            for (at, (length, code)) in codes.iter().enumerate() {
                for (other_length, other) in &codes[at + 1..] {
                    let bits = *length.min(other_length);
                    assert_ne!(code >> (length - bits), other >> (other_length - bits), "{code:b}");
                }
            }
        }
    }

    #[test]
    fn tables_say_what_the_texts_say() {
        let white =
            |window: usize| (WHITE_RUNS[window << 1].pixels(), WHITE_RUNS[window << 1].bits());
        let black = |window: usize| (BLACK_RUNS[window].pixels(), BLACK_RUNS[window].bits());
        assert_eq!(white(0b0011_0101_0000), (0, 8));
        assert_eq!(white(0b0111_1111_1111), (2, 4));
        assert_eq!(white(0b1101_1000_0000), (64, 5));
        assert_eq!(white(0b0000_0001_1111), (2560, 12));
        assert_eq!(black(0b1_1000_0000_0000), (2, 2));
        assert_eq!(black(0b0_0001_1001_0101), (26, 12));
        assert_eq!((white(0), black(1)), ((0, 0), (0, 0)));
        let modes = |window: usize| {
            let Modes { right, room: _, ends: _, changes, bits, mode } = MODES[window];
            (right[..changes.into()].to_vec(), bits, mode)
        };
        assert!(modes(0b01_1000_0000) == (vec![1], 3, Mode::Other));
        assert!(modes(0b01_1101_0001) == (vec![1, 0, -1], 10, Mode::Horizontal));
        assert!(modes(0b11_0000_0110) == (vec![0, 0, 3], 9, Mode::Cut));
        assert!(modes(0b11_0000_1000) == (vec![0, 0], 8, Mode::Vertical(-2)));
        assert!(modes(0b11_1110_0000) == (vec![0; 5], 5, Mode::Cut));
        assert!(modes(0b11_1111_1111) == (vec![0; 8], 8, Mode::Cut));
    }
}
