//! What the counters say of one observation's subjects, copied out from under the locks.

use super::observation::Observation;
use super::subject::{Block, ONE, Subject};
use super::{shape_of, wilson_lower_milli};

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
    pub trunk_strangers: u32,
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

fn milli(fixed: u32) -> u32 {
    u32::try_from(u64::from(fixed) * 1_000 / u64::from(ONE)).unwrap_or(u32::MAX)
}

fn share_milli(part: u32, whole: u32) -> u32 {
    match whole {
        0 => 0,
        whole => u32::try_from(u64::from(part) * 1_000 / u64::from(whole)).unwrap_or(1_000),
    }
}

fn bad_milli((good, bad): (u32, u32)) -> u32 {
    wilson_lower_milli(bad, good)
}

impl Counts {
    /// Reads the counters of everybody the observation names.
    pub(super) fn read<'a>(
        observation: &Observation,
        subject: &dyn Fn(u64) -> Option<&'a Subject>,
        block: &dyn Fn(u64) -> Option<&'a Block>,
    ) -> Self {
        let mut counts = Self::default();
        if let Some(caller) = subject(observation.caller) {
            counts.caller(caller);
        }
        if let Some(tsi) = subject(observation.tsi) {
            counts.tsi_fanout = [tsi.fanout(3_600), tsi.fanout(86_400)];
            counts.tsi_names = tsi.names();
            counts.tsi_traps_milli = milli(tsi.traps());
            counts.tsi_bad_milli = bad_milli(tsi.evidence());
        }
        if let Some(trunk) = subject(observation.trunk) {
            counts.trunk_strangers = trunk.fanout(3_600);
            counts.trunk_bad_milli = bad_milli(trunk.evidence());
        }
        if let Some(shape) = subject(shape_of(observation)) {
            counts.shape_fanout = shape.fanout(86_400);
            counts.shape_names = shape.names();
        }
        if let Some(target) = subject(observation.target_block) {
            counts.block_run = u32::from(target.run());
            counts.block_strangers = target.fanout(3_600);
        }
        for (key, fanout, bad) in [
            (observation.block10, &mut counts.block10_fanout, &mut counts.block10_bad_milli),
            (observation.block100, &mut counts.block100_fanout, &mut counts.block100_bad_milli),
        ] {
            // A block with one caller says nothing that the caller does not say.
            if let Some(block) = block(key).filter(|block| block.several()) {
                (*fanout, *bad) = (block.fanout(), bad_milli(block.evidence()));
            }
        }
        if let Some(member) = subject(observation.member) {
            counts.member(member);
        }
        if let Some(document) = subject(observation.document) {
            counts.document_fanout = document.fanout(86_400);
        }
        counts
    }

    fn caller(&mut self, caller: &Subject) {
        let (ended, short) = caller.endings();
        let (good, bad) = caller.evidence();
        self.caller_fanout = [caller.fanout(300), caller.fanout(3_600), caller.fanout(86_400)];
        self.caller_names = caller.names();
        self.caller_growth_milli = caller.growth_milli();
        self.caller_run = u32::from(caller.run());
        self.redials = u32::from(caller.repeats());
        self.caller_traps_milli = milli(caller.traps());
        self.caller_short_milli = milli(short);
        self.caller_short_share_milli = share_milli(short, ended);
        self.caller_known_days = caller.known_days();
        self.caller_bad_milli = wilson_lower_milli(bad, good);
        self.caller_good_milli = wilson_lower_milli(good, bad);
    }

    fn member(&mut self, member: &Subject) {
        let (results, dead) = member.endings();
        self.member_fanout = [member.fanout(3_600), member.fanout(86_400)];
        self.member_growth_milli = member.growth_milli();
        self.member_results_milli = milli(results);
        self.member_dead_share_milli = share_milli(dead, results);
        self.member_opt_outs_milli = milli(member.traps());
        self.member_bad_milli = bad_milli(member.evidence());
    }
}
