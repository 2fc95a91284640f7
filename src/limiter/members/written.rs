//! The table as a section of a snapshot, written while it is in use: each shard with the seq that it holds everything up
//! to, as [`crate::store::hot`] has it.

use std::io::{self, Read, Write};
use std::sync::atomic::Ordering;

use thiserror::Error;

use crate::dense::{self, LoadFault, Row as _};

use super::super::month::{MonthLevel, MonthRow};
use super::super::row::LoadRow;
use super::{Members, Overflow};

/// Version of the section: the second has the months behind the rows.
const VERSION: u8 = 2;
const WITHOUT_MONTHS: u8 = 1;

/// Why the table was not read back; it is empty then, and made again from the ledger.
#[derive(Debug, Error)]
pub enum RowsFault {
    /// It could not be read.
    #[error("table of members could not be read")]
    Read(#[from] io::Error),
    /// The section is of another version.
    #[error("table of members is of version {0} (it is rebuilt from the ledger)")]
    Version(u8),
    /// Its rows are damaged.
    #[error("table of members is damaged (it is rebuilt from the ledger)")]
    Rows(#[from] LoadFault),
    /// The shared load is damaged.
    #[error("load that members share is damaged (it is rebuilt from the ledger)")]
    Shared,
}

impl Members {
    /// Writes the table; who charges waits for the copy of a shard at most.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn snapshot(&self, last_seq: &dyn Fn() -> u64, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(&[VERSION])?;
        self.rows.write_marked(to, last_seq)?;
        let mut bytes = Vec::new();
        {
            let overflow = self.overflow.lock();
            bytes.extend_from_slice(&last_seq().to_le_bytes());
            LoadRow::of(0, &overflow.load).encode(&mut bytes);
        }
        to.write_all(&bytes)?;
        self.months.write_marked(to, last_seq)?;
        bytes.clear();
        MonthRow::of(0, *self.month_overflow.lock()).encode(&mut bytes);
        to.write_all(&bytes)
    }

    /// Reads what [`Self::snapshot`] wrote in place of what the table holds.
    ///
    /// # Errors
    /// [`RowsFault`]; the table is empty then.
    pub fn restore(&self, from: &mut dyn Read) -> Result<(), RowsFault> {
        let restored = self.read(from);
        if restored.is_err() {
            self.rows.clear();
            self.positions.iter().for_each(|position| position.store(0, Ordering::Relaxed));
            *self.overflow.lock() = Overflow::default();
            self.months.clear();
            self.month_positions.iter().for_each(|position| position.store(0, Ordering::Relaxed));
            *self.month_overflow.lock() = MonthLevel::default();
        }
        restored
    }

    fn read(&self, from: &mut dyn Read) -> Result<(), RowsFault> {
        let mut version = [0];
        from.read_exact(&mut version)?;
        if ![VERSION, WITHOUT_MONTHS].contains(&version[0]) {
            return Err(RowsFault::Version(version[0]));
        }
        let age = |row: &LoadRow| row.load().age();
        let see = &mut |shard: usize, position| {
            self.positions[shard].store(position, Ordering::Relaxed);
        };
        self.rows.read_marked(from, &age, see)?;
        let mut bytes = [0; 8 + LoadRow::BYTES];
        from.read_exact(&mut bytes)?;
        let (position, row) = bytes.split_at(8);
        let position = u64::from_le_bytes(position.try_into().map_err(|_| RowsFault::Shared)?);
        let load = LoadRow::decode(row).ok_or(RowsFault::Shared)?.load();
        *self.overflow.lock() = Overflow { load, position };
        if version == [VERSION] { self.read_months(from) } else { Ok(()) }
    }

    fn read_months(&self, from: &mut dyn Read) -> Result<(), RowsFault> {
        // Where the table is smaller than it was, what is over goes first.
        let age = |row: &MonthRow| u16::MAX - row.level().number();
        let see = &mut |shard: usize, position| {
            self.month_positions[shard].store(position, Ordering::Relaxed);
        };
        self.months.read_marked(from, &age, see)?;
        let mut bytes = [0; MonthRow::BYTES];
        from.read_exact(&mut bytes)?;
        let row = MonthRow::decode(&bytes).ok_or(RowsFault::Shared)?;
        *self.month_overflow.lock() = row.level();
        Ok(())
    }

    /// The seq up to which the shard of a key was restored.
    pub(super) fn position(&self, key: u64) -> u64 {
        self.positions[dense::shard(key)].load(Ordering::Relaxed)
    }
}
