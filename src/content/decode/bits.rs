//! The bits of a coded strip, in the order they were sent, through a window of 64.

use crate::content::tiff::FillOrder;

/// A reader of bits. Behind the last bit it reads zeros, and knows that it does. Whoever reads many takes a copy, which a
/// machine keeps in its registers, and puts it back.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    /// Bytes that are not in the window yet.
    rest: &'a [u8],
    order: FillOrder,
    /// The next bits, the first of them on top; zeros below those held.
    window: u64,
    held: u32,
    /// Bits read past the end.
    beyond: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], order: FillOrder) -> Self {
        let mut bits = Self { rest: bytes, order, window: 0, held: 0, beyond: 0 };
        bits.refill();
        bits
    }

    /// Makes at least 33 bits of the window good, unless there are fewer.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.held > 32 {
            return;
        }
        if let Some((four, rest)) = self.rest.split_first_chunk::<4>() {
            let mut word = u32::from_be_bytes(*four);
            if self.order == FillOrder::LeastSignificantFirst {
                word = word.swap_bytes().reverse_bits();
            }
            self.window |= u64::from(word) << (32 - self.held);
            self.held += 32;
            self.rest = rest;
        } else {
            *self = self.refilled_slowly();
        }
    }

    /// By value: a reference would keep the reader out of registers.
    #[cold]
    fn refilled_slowly(mut self) -> Self {
        while self.held <= 56 {
            let Some((byte, rest)) = self.rest.split_first() else { break };
            let byte = match self.order {
                FillOrder::MostSignificantFirst => *byte,
                FillOrder::LeastSignificantFirst => byte.reverse_bits(),
            };
            self.window |= u64::from(byte) << (56 - self.held);
            self.held += 8;
            self.rest = rest;
        }
        self
    }

    /// The next `count` bits, 1 to 32, as a number.
    #[inline(always)]
    pub(super) fn peek(&self, count: u32) -> usize {
        usize::try_from(self.window >> (64 - count)).unwrap_or(0)
    }

    /// How many of the bits in the window are ones before the first zero.
    pub(super) const fn leading_ones(&self) -> u32 {
        let ones = self.window.leading_ones();
        if ones < self.held { ones } else { self.held }
    }

    /// Leaves out `count` bits, at most 32.
    #[inline(always)]
    pub(super) const fn skip(&mut self, count: u32) {
        self.window <<= count;
        if count <= self.held {
            self.held -= count;
        } else {
            self.beyond += count - self.held;
            self.held = 0;
        }
    }

    /// Leaves out the bits up to the next byte of the strip.
    pub(super) const fn align(&mut self) {
        self.skip(self.held % 8);
    }

    /// Whether bits were read that are not there.
    pub(super) const fn is_beyond(&self) -> bool {
        self.beyond > 0
    }

    /// Whether every bit has been read.
    pub(super) const fn is_over(&self) -> bool {
        self.held == 0 && self.rest.is_empty()
    }

    /// Whether two ends of line follow, or as much of them as there is: the end of a block of T.6.
    pub(super) fn is_end_of_block(&self) -> bool {
        self.peek(12) == 1 || self.held == 0
    }

    /// Reads zeros up to and with the next one, where at least `zeros_min` precede it. `None` at the end of the
    /// strip. Every bit is looked at once.
    pub(super) fn end_of_line(&mut self, zeros_min: u32) -> Option<()> {
        let mut zeros = 0;
        loop {
            self.refill();
            if self.held == 0 {
                return None;
            }
            let run = self.window.leading_zeros().min(self.held);
            zeros += run;
            if run == self.held {
                self.skip_long(run);
                continue;
            }
            self.skip_long(run);
            self.skip(1);
            if zeros >= zeros_min {
                return Some(());
            }
            zeros = 0;
        }
    }

    /// Leaves out up to 64 bits.
    const fn skip_long(&mut self, count: u32) {
        if count > 32 {
            self.skip(32);
            self.skip(count - 32);
        } else {
            self.skip(count);
        }
    }
}
