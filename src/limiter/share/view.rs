//! How somebody stands at what is contended, for who explains it: nothing is counted by being looked at.

use crate::time::Timestamp;
use crate::verdict::{Holder, WATCHED, Watched};

use super::{Membership, Pull, Rival, Share, Standing, WHOLE_PPM, part_to_ppm};

/// What somebody holds of a resource, and what would be fair, in millionths of all there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// What is held, or asked for: above a million where that is more than there is.
    pub held_ppm: u64,
    /// What would be fair now; a million while nothing is contended.
    pub fair_ppm: u64,
}

/// How a member stands at a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Which one.
    pub resource: Watched,
    /// Whether it is contended.
    pub contended: bool,
    /// The member.
    pub member: Held,
    /// The group it belongs to, where it does.
    pub group: Option<Held>,
    /// Whether a job of the member may be made to wait for it: it and its group are above what is fair, and no floor is below
    /// which it is not slowed. Who belongs to no group and has but one other such job in hand is not slowed all the same.
    pub above: bool,
}

impl Share {
    /// How a member stands at each resource that is watched.
    #[must_use]
    pub fn stands(
        &self,
        pull: &Pull,
        (standing, membership): (Standing, Option<Membership>),
        now: Timestamp,
    ) -> Vec<Stand> {
        self.arenas.iter().for_each(|arena| arena.look(now));
        let own = self.rival(Holder::Member, pull.rates(), pull.weigh(standing.weight_milli));
        let group = membership.map(|member| {
            let peeked = self.groups.peek(member.group, |group| group.as_of(now, &self.fading));
            let (rates, fair) = peeked.unwrap_or(([0; WATCHED], super::fill::UNLIMITED));
            let weight = u64::from(member.weight_milli.max(1));
            (self.rival(Holder::Group, rates, weight), fair)
        });
        let floor = super::ppm_to_part(u64::from(standing.floor_ppm));
        let watched = self.arenas.iter().enumerate().filter(|(_, arena)| arena.is_watched());
        let stand = watched.map(|(at, arena)| {
            let (fair, contended) = (arena.fair(), arena.is_contended());
            let over = |rival: &Rival| rival.rate(at) > fair;
            let (grouped, bound) = match &group {
                Some((rival, within)) => (over(rival), if over(rival) { *within } else { fair }),
                None => (true, fair),
            };
            let slowed = own.rate(at) > bound && own.dominant > floor;
            Stand {
                resource: Watched::ALL[at],
                contended,
                member: held(&own, at, (bound, contended)),
                group: group.as_ref().map(|(rival, _)| held(rival, at, (fair, contended))),
                above: contended && grouped && slowed,
            }
        });
        stand.collect()
    }
}

fn held(rival: &Rival, at: usize, (fair, contended): (u64, bool)) -> Held {
    let fair = if contended { fair.saturating_mul(rival.weight) / 1_000 } else { u64::MAX };
    Held { held_ppm: part_to_ppm(rival.parts[at]), fair_ppm: part_to_ppm(fair).min(WHOLE_PPM) }
}
