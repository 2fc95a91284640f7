//! XARF: fields of the reports of the category `reputation`.

use super::super::schema::{ANY, Field, must};

/// Of `reputation/blocklist`.
pub(super) const BLOCKLIST: &[Field] = &[must("threat_type", ANY)];

/// Of `reputation/threat_intelligence`.
pub(super) const THREAT_INTELLIGENCE: &[Field] = &[must("threat_type", ANY)];
