//! What the counters say of one observation's subjects, copied out from under the locks.

use super::subject::{Block, ONE, Subject};
use super::{Side, Who, wilson_lower_milli};

/// Plain numbers; see the feature catalog for units. A subject that is not named counts as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the feature of the same name in the catalog")]
pub struct Counts {
    pub caller_fanout: [u32; 3],
    pub caller_names: u32,
    pub caller_growth_milli: u32,
    pub caller_run: u32,
    pub redials: u32,
    pub caller_traps_milli: u32,
    pub caller_short_milli: u32,
    pub caller_short_share_milli: u32,
    pub caller_known_days: u32,
    pub caller_bad_milli: u32,
    pub caller_good_milli: u32,
    pub tsi_fanout: [u32; 2],
    pub tsi_names: u32,
    pub tsi_traps_milli: u32,
    pub tsi_bad_milli: u32,
    pub trunk_strangers: [u32; 2],
    pub trunk_bad_milli: u32,
    pub shape_fanout: u32,
    pub shape_names: u32,
    pub block_run: u32,
    pub block_strangers: u32,
    pub block10_fanout: u32,
    pub block10_bad_milli: u32,
    pub block100_fanout: u32,
    pub block100_bad_milli: u32,
    pub member_fanout: [u32; 2],
    pub member_growth_milli: u32,
    pub member_results_milli: u32,
    pub member_dead_share_milli: u32,
    pub member_opt_outs_milli: u32,
    pub member_bad_milli: u32,
    pub document_fanout: u32,
}

/// Approval and complaint, in 1/65536.
type Evidence = (u32, u32);

/// What reports say of one observation's subjects, which is kept apart from what they did: approval and complaint, in
/// 1/65536.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Of the caller.
    pub caller: Evidence,
    /// Of the TSI.
    pub tsi: Evidence,
    /// Of the trunk.
    pub trunk: Evidence,
    /// Of the sending member.
    pub member: Evidence,
    /// Of the caller's block of ten.
    pub block10: Evidence,
    /// Of the caller's block of a hundred.
    pub block100: Evidence,
}

fn milli(fixed: u32) -> u32 {
    u32::try_from(u64::from(fixed) * 1_000 / u64::from(ONE)).unwrap_or(u32::MAX)
}

fn share_milli(part: u32, whole: u32) -> u32 {
    match whole {
        0 => 0,
        whole => u32::try_from(u64::from(part) * 1_000 / u64::from(whole)).unwrap_or(1_000),
    }
}

impl Counts {
    /// Reads the counters of everybody that was locked.
    pub(super) fn read<'a>(
        confidence_milli: u32,
        said: &Said,
        subject: impl Fn(Who) -> Option<&'a Subject>,
        block: impl Fn(Side) -> Option<&'a Block>,
    ) -> Self {
        let mut counts = Self::default();
        let bad_milli = |(good, bad)| wilson_lower_milli(bad, good, confidence_milli);
        let with = |(good, bad): Evidence, (more_good, more_bad): Evidence| {
            (good.saturating_add(more_good), bad.saturating_add(more_bad))
        };
        if let Some(caller) = subject(Who::Caller) {
            let (good, bad) = with(caller.evidence(), said.caller);
            counts.caller(caller);
            counts.caller_bad_milli = bad_milli((good, bad));
            counts.caller_good_milli = bad_milli((bad, good));
        }
        if let Some(tsi) = subject(Who::Tsi) {
            counts.tsi_fanout = tsi.fanouts([3_600, 86_400]);
            counts.tsi_names = tsi.names();
            counts.tsi_traps_milli = milli(tsi.traps());
            counts.tsi_bad_milli = bad_milli(with(tsi.evidence(), said.tsi));
        }
        if let Some(trunk) = subject(Who::Trunk) {
            counts.trunk_strangers = trunk.fanouts([3_600, 86_400]);
            counts.trunk_bad_milli = bad_milli(with(trunk.evidence(), said.trunk));
        }
        if let Some(shape) = subject(Who::Shape) {
            [counts.shape_fanout] = shape.fanouts([86_400]);
            counts.shape_names = shape.names();
        }
        if let Some(target) = subject(Who::TargetBlock) {
            counts.block_run = u32::from(target.run());
            [counts.block_strangers] = target.fanouts([3_600]);
        }
        for (side, fanout, bad, more) in [
            (Side::Ten, &mut counts.block10_fanout, &mut counts.block10_bad_milli, said.block10),
            (
                Side::Hundred,
                &mut counts.block100_fanout,
                &mut counts.block100_bad_milli,
                said.block100,
            ),
        ] {
            // A block with one caller says nothing that the caller does not say.
            if let Some(block) = block(side).filter(|block| block.several()) {
                (*fanout, *bad) = (block.fanout(), bad_milli(with(block.evidence(), more)));
            }
        }
        if let Some(member) = subject(Who::Member) {
            counts.member(member);
            counts.member_bad_milli = bad_milli(with(member.evidence(), said.member));
        }
        if let Some(document) = subject(Who::Document) {
            [counts.document_fanout] = document.fanouts([86_400]);
        }
        counts
    }

    fn caller(&mut self, caller: &Subject) {
        let (ended, short) = caller.endings();
        self.caller_fanout = caller.fanouts([300, 3_600, 86_400]);
        self.caller_names = caller.names();
        self.caller_growth_milli = caller.growth_milli();
        self.caller_run = u32::from(caller.run());
        self.redials = u32::from(caller.repeats());
        self.caller_traps_milli = milli(caller.traps());
        self.caller_short_milli = milli(short);
        self.caller_short_share_milli = share_milli(short, ended);
        self.caller_known_days = caller.known_days();
    }

    fn member(&mut self, member: &Subject) {
        let (results, dead) = member.endings();
        self.member_fanout = member.fanouts([3_600, 86_400]);
        self.member_growth_milli = member.growth_milli();
        self.member_results_milli = milli(results);
        self.member_dead_share_milli = share_milli(dead, results);
        self.member_opt_outs_milli = milli(member.traps());
    }
}
