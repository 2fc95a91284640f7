//! Features: everything a verdict is made from, as numbers and enums only. No text and no pixel gets past here.
//!
//! The catalog below is the vector's layout. A ledger row stores it sparsely with its version, so a
//! feature may be appended; it is never renumbered or reused.

use smallvec::SmallVec;

/// Version of the vector's layout, stored with every row.
pub const FEATURES_VERSION: u32 = 1;

/// What a feature is.
#[derive(Clone, Copy, Debug)]
pub struct FeatureSpec {
    /// Name in the ledger, in `explain` and in operators' rules.
    pub name: &'static str,
    /// Unit and meaning.
    pub description: &'static str,
}

macro_rules! features {
    ($($variant:ident $name:literal $description:literal;)*) => {
        /// A place in the vector.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Feature {
            $(#[doc = $description] $variant,)*
        }
        /// The catalog, in the order of the vector.
        pub const FEATURES: &[FeatureSpec] = &[
            $(FeatureSpec { name: $name, description: $description },)*
        ];
        /// Every feature, in the order of the vector.
        pub const ALL_FEATURES: &[Feature] = &[$(Feature::$variant,)*];
    };
}

features! {
    Stage "stage" "code of the stage, 1 to 7";
    CallerWithheld "caller_withheld" "1 when the network showed no caller number";
    CallerUnreadable "caller_unreadable" "1 when what it showed is no number";
    CallerValidity "caller_validity" "1 valid, 2 possible but not assigned to anybody, 3 impossible; 0 not known";
    CallerPremium "caller_premium" "1 when the caller number is a premium-rate or shared-cost one";
    CallerDoNotOriginate "caller_do_not_originate" "1 when the caller number never originates calls";
    CallerIsOwn "caller_is_own" "1 when an outside call shows one of our own numbers";
    Attestation "attestation" "STIR/SHAKEN: 1 A, 2 B, 3 C, 4 failed, 5 absent; 0 not known";
    NameHostile "name_hostile" "1 when caller name, sub-address or TSI carries control bytes or shell metacharacters";
    TsiClass "tsi_class" "1 empty, 2 garbage, 3 factory default, 4 number, 5 text; 0 not known yet";
    TsiAgreement "tsi_agreement" "1 the TSI agrees with the caller number, 2 it is another number; 0 silent";
    TsiCallers "tsi_callers_24h" "distinct caller numbers that used this TSI in 24 h";
    CallerTsis "caller_tsis_24h" "distinct TSIs this caller number used in 24 h";
    CallerFanout5m "caller_fanout_5m" "distinct numbers this caller called in 5 min";
    CallerFanout1h "caller_fanout_1h" "distinct numbers this caller called in 1 h";
    CallerFanout24h "caller_fanout_24h" "distinct numbers this caller called in 24 h";
    TsiFanout1h "tsi_fanout_1h" "distinct numbers called under this TSI in 1 h";
    TsiFanout24h "tsi_fanout_24h" "distinct numbers called under this TSI in 24 h";
    TrunkStrangers1h "trunk_strangers_1h" "distinct numbers that strangers called over this trunk in 1 h";
    Block10Fanout24h "block10_fanout_24h" "distinct numbers called from the caller's block of 10 in 24 h, when several of it call";
    Block100Fanout24h "block100_fanout_24h" "distinct numbers called from the caller's block of 100 in 24 h, when several of it call";
    CallerGrowth "caller_growth_milli" "fan-out of 24 h over the caller's usual one, in thousandths; 0 without a past";
    Redials "redials_10m" "further calls from this caller to this number within 10 min of each other";
    ShapeFanout24h "shape_fanout_24h" "distinct numbers that got a document of this size and shape over this trunk in 24 h";
    ShapeCallers24h "shape_callers_24h" "distinct caller numbers that sent it";
    CallerRun "caller_run" "length of the run of neighbouring numbers this caller is on";
    BlockRun "block_run" "length of the run of neighbouring numbers strangers called in this hundred-block, whoever called";
    BlockStrangers1h "block_strangers_1h" "distinct numbers of this hundred-block that strangers called in 1 h";
    Trap "trap" "1 when the called number is ours and nobody holds it";
    CallerTraps "caller_traps_milli" "calls of this caller to such numbers, decayed by half in a day, in thousandths";
    TsiTraps "tsi_traps_milli" "calls under this TSI to such numbers, decayed by half in a day, in thousandths";
    CallerShort "caller_short_milli" "calls of this caller that ended within 10 s or without a page, decayed, in thousandths";
    CallerShortShare "caller_short_share_milli" "their share of this caller's calls, in thousandths";
    MemberFaxed "member_faxed" "1 when the member has faxed this number";
    MemberAccepted "member_accepted" "1 when the member has had faxes from this number before and did not report them";
    ListAllow "list_allow" "1 when the member allows this number";
    ListBlock "list_block" "1 when the member blocks this number";
    ListOptOut "list_opt_out" "1 when the other side has opted out of faxes between the two";
    QuietHours "quiet_hours" "1 when it is outside the hours of the recipient's jurisdiction, in every zone it may be in";
    Pages "pages" "pages so far, or of the job";
    PageBytesMean "page_bytes_mean" "mean coded size of a page in bytes";
    PageBytesMax "page_bytes_max" "coded size of the largest page in bytes";
    PageSecondsMax "page_seconds_max" "line time of the slowest page in seconds";
    EqualPages "equal_pages" "longest run of pages with the very same coded size";
    TinyPages "tiny_pages" "pages below 1000 bytes: black, blank or nearly so";
    RowsMax "rows_max" "rows of the longest page";
    BadRowShare "bad_row_share_milli" "damaged rows, in thousandths of all rows";
    Color "color" "1 when colour or grey was asked for";
    Jpeg "jpeg_or_jbig" "1 when a page coding other than T.4 or T.6 was asked for";
    RateBps "rate_bps" "signalling rate in bit/s; 0 not known";
    Retrains "retrains" "repeated trainings so far";
    UnlimitedLength "unlimited_length" "1 when unlimited page length was announced";
    CallerBad "caller_bad_milli" "lower 95 % bound of the share of complaints among this caller's evidence, in thousandths";
    CallerGood "caller_good_milli" "lower 95 % bound of the share of approval among this caller's evidence, in thousandths";
    TsiBad "tsi_bad_milli" "the same bound of complaints for the TSI";
    TrunkBad "trunk_bad_milli" "the same bound of complaints for the trunk";
    Block10Bad "block10_bad_milli" "the same bound of complaints for the caller's block of 10";
    Block100Bad "block100_bad_milli" "the same bound of complaints for the caller's block of 100";
    MemberBad "member_bad_milli" "the same bound of complaints for the sending member";
    MemberUnknown "member_unknown" "1 when the directory and the request say nothing of the member";
    Plan "plan" "plan of the member: 1 free, 2 plus, 3 pro, 4 corporate; 0 not known";
    MemberAgeDays "member_age_days" "age of the account in days; -1 not known";
    MemberFanout1h "member_fanout_1h" "distinct recipients of this member in 1 h";
    MemberFanout24h "member_fanout_24h" "distinct recipients of this member in 24 h";
    MemberGrowth "member_growth_milli" "fan-out of 24 h over the member's usual one, in thousandths; 0 without a past";
    DialResults "dial_results_milli" "results of this member's dials, decayed by half in a day, in thousandths";
    DeadShare "dead_share_milli" "share of unallocated, voice and refused among them, in thousandths";
    OptOutsHit "opt_outs_hit_milli" "jobs of this member to numbers that opted out, decayed by half in a day, in thousandths";
    DocumentFanout24h "document_fanout_24h" "distinct recipients of this member's same document in 24 h";
    ShownNotOwned "shown_not_owned" "1 when the member shows a caller number that is not its own";
    TsiNotOwned "tsi_not_owned" "1 when the job asks for a TSI that is a number but not the shown one";
    DestinationRisk "destination_risk" "risk of the destination for toll fraud: 1 elevated, 2 high";
    NewCountry "new_country" "1 when the member's first fax to this country";
    Attempt "attempt" "attempt of the dial, from 1";
    BatchRecipients "batch_recipients" "recipients of the batch the job belongs to";
    CallerShown "caller_shown" "1 when the caller number is known";
    NightMinute "night" "1 when it is between 21:00 and 07:00 in every zone the recipient may be in";
    CallerKnownDays "caller_known_days" "days since this caller number was first seen";
    Correspondents "member_answered" "1 when the recipient of this job has faxed this member before";
    TrunkStrangers24h "trunk_strangers_24h" "distinct numbers that strangers called over this trunk in 24 h";
    FingerprintAsked "fingerprint_asked" "1 when the fingerprints of this fax were asked for, 2 when by lot";
    FingerprintPages "fingerprint_pages" "pages of this fax whose fingerprints were looked at";
    InkMapLooked "ink_map_looked" "1 when an ink map of this fax was looked at: content was touched";
    CampaignState "campaign_state" "of the campaign a page is of: 1 suspected, 2 confirmed, 3 cleared, 4 a form that floods; 5 a known form; 0 none";
    CampaignSureness "campaign_sureness" "1 when the page is likely one of the campaign, 2 when their maps are the same";
    CampaignPage "campaign_page" "number of the page that the campaign is of";
    CampaignSerial "campaign_serial" "second half of the campaign's id";
    CampaignRecipients "campaign_recipients" "distinct recipients of the page, of a campaign or not";
    CampaignCounted "campaign_counted" "those recipients as they count: likely ones a quarter each, those of one node for its share";
    CampaignSenders "campaign_senders" "distinct caller numbers and members that sent the campaign";
    CampaignLastHour "campaign_last_hour" "pages of the campaign in the last hour";
    CampaignGrowth "campaign_growth_milli" "the last hour over the mean of the hours before, in thousandths";
    CampaignCorrespondence "campaign_correspondence_milli" "share of the campaign's recipients that correspond with who sent to them, in thousandths";
    CampaignTraps "campaign_traps" "pages of the campaign that came to unassigned numbers";
    CampaignJunk "campaign_junk_milli" "weight of reports that the campaign is junk, in thousandths";
    CampaignWanted "campaign_wanted_milli" "weight of reports that it is not, in thousandths";
}

/// Length of the vector.
pub const FEATURE_COUNT: usize = FEATURES.len();

/// The vector while a stage is at work on it: a place a feature. Absent is zero.
///
/// It lies on the stack of whoever screens; between two stages of a fax [`KeptFeatures`] stand for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    values: [i32; FEATURE_COUNT],
    /// Which are not zero, a bit each: score and row look at those alone.
    present: [u64; 2],
}

impl Default for Features {
    fn default() -> Self {
        Self { values: [0; FEATURE_COUNT], present: [0; 2] }
    }
}

impl Features {
    /// The value of one feature.
    #[inline]
    pub const fn get(&self, feature: Feature) -> i32 {
        self.values[feature as usize]
    }

    /// True when the value is not zero.
    #[inline]
    pub const fn is(&self, feature: Feature) -> bool {
        is_present(self.present, feature as usize)
    }

    /// Writes one feature; beyond the range of `i32` it saturates.
    #[inline]
    pub fn set(&mut self, feature: Feature, value: impl TryInto<i32>) {
        self.put(feature as usize, value.try_into().unwrap_or(i32::MAX));
    }

    /// Writes a flag.
    #[inline]
    pub fn flag(&mut self, feature: Feature, on: bool) {
        self.put(feature as usize, i32::from(on));
    }

    #[inline]
    fn put(&mut self, place: usize, value: i32) {
        self.values[place] = value;
        let (word, bit) = (&mut self.present[place / 64], place % 64);
        *word = *word & !(1 << bit) | u64::from(value != 0) << bit;
    }

    /// Calls back with the place of every feature that is not zero, in ascending order.
    #[inline]
    pub fn each(&self, mut with: impl FnMut(usize)) {
        each_of(self.present, &mut with);
    }

    /// What is kept of it between two stages.
    pub fn keep(&self) -> KeptFeatures {
        let [low, high] = self.present.map(u64::count_ones);
        let count = (low + high) as usize;
        // Room for all beforehand: a vector that is appended to asks for room with each.
        let mut values = match count {
            0..=KEPT_INLINE => SmallVec::from_buf_and_len([0; KEPT_INLINE], count),
            more => SmallVec::from_elem(0, more),
        };
        let mut to = values.iter_mut();
        self.each(|place| {
            if let Some(to) = to.next() {
                *to = self.values[place];
            }
        });
        KeptFeatures { values, present: self.present }
    }
}

/// The features of a fax that are not zero, in ascending order of their places: what is kept between its stages, and what a
/// row of the ledger holds. Of a hundred features a fax has some thirty-five when it has ended, and a hundred thousand faxes are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptFeatures {
    values: SmallVec<[i32; KEPT_INLINE]>,
    present: [u64; 2],
}

/// Values that lie in the vector and not behind a pointer: memory of its own would be far from the decision's. A generated
/// inbound fax has 18 to 20 when it is offered, 25 or 26 after its handshake and 33 to 35 when it has come.
const KEPT_INLINE: usize = 48;

impl KeptFeatures {
    /// The vector to work on.
    #[inline]
    pub fn spread(&self) -> Features {
        let mut features = Features { values: [0; FEATURE_COUNT], present: self.present };
        let mut values = self.values.iter();
        each_of(self.present, &mut |place| {
            features.values[place] = values.next().copied().unwrap_or(0);
        });
        features
    }

    /// The value of one feature: it stands after those of the lower places.
    pub fn get(&self, feature: Feature) -> i32 {
        let (place, present) = (feature as usize, bits(self.present));
        let below = (present & ((1 << place) - 1)).count_ones() as usize;
        let value = self.values.get(below).copied();
        value.filter(|_| self.is(feature)).unwrap_or(0)
    }

    /// True when the value is not zero.
    pub const fn is(&self, feature: Feature) -> bool {
        is_present(self.present, feature as usize)
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The features, by position.
    pub fn sparse(&self) -> impl Iterator<Item = (u8, i32)> + '_ {
        let present = |place: &u8| is_present(self.present, usize::from(*place));
        (0..128).filter(present).zip(self.values.iter().copied())
    }

    /// The same for a caller that does one thing with each, which takes half the steps.
    #[inline]
    pub fn each(&self, mut with: impl FnMut(u8, i32)) {
        let mut values = self.values.iter();
        each_of(self.present, &mut |place| {
            let value = values.next().copied().unwrap_or(0);
            with(u8::try_from(place).unwrap_or(u8::MAX), value);
        });
    }

    /// Reads a sparse vector; positions of a later version are left out.
    pub fn from_sparse(pairs: impl Iterator<Item = (u8, i32)>) -> Self {
        let mut features = Features::default();
        for (place, value) in pairs {
            if usize::from(place) < FEATURE_COUNT {
                features.put(place.into(), value);
            }
        }
        features.keep()
    }
}

#[inline]
const fn is_present(present: [u64; 2], place: usize) -> bool {
    present[place / 64] >> (place % 64) & 1 == 1
}

fn bits(present: [u64; 2]) -> u128 {
    let [low, high] = present.map(u128::from);
    high << 64 | low
}

/// Calls back with the place of every bit that is set, in ascending order: word by word, since a processor counts the zeros
/// of 64 bits in one step.
#[inline]
fn each_of(words: [u64; 2], with: &mut impl FnMut(usize)) {
    for (mut word, base) in words.into_iter().zip([0, 64]) {
        while word != 0 {
            with(base + word.trailing_zeros() as usize);
            word &= word - 1;
        }
    }
}

/// Calls back with the place of every bit that is set, in ascending order.
#[inline]
pub fn each_place(bits: u128, mut with: impl FnMut(usize)) {
    each_of([word(bits), word(bits >> 64)], &mut with);
}

/// The low half.
fn word(bits: u128) -> u64 {
    u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0)
}

const _: () = assert!(FEATURE_COUNT < 128, "bits of `present`");

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_the_vector_reads_back() {
        let names: HashSet<_> = FEATURES.iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), FEATURE_COUNT);
        let mut features = Features::default();
        features.set(Feature::PageBytesMax, u64::MAX);
        features.set(Feature::MemberAgeDays, -1);
        features.flag(Feature::Trap, true);
        features.set(Feature::CampaignWanted, 5);
        assert_eq!(features.get(Feature::PageBytesMax), i32::MAX);
        let kept = features.keep();
        assert_eq!((kept.count(), kept.spread()), (4, features.clone()));
        assert_eq!(KeptFeatures::from_sparse(kept.sparse()), kept);
        for feature in ALL_FEATURES {
            assert_eq!(kept.get(*feature), features.get(*feature), "{feature:?}");
            assert_eq!(kept.is(*feature), features.is(*feature), "{feature:?}");
        }
        let (mut visited, mut here) = (Vec::new(), Vec::new());
        kept.each(|place, value| visited.push((place, value)));
        features.each(|place| here.push(place));
        assert!(kept.sparse().eq(visited));
        assert!(kept.sparse().map(|(place, _)| usize::from(place)).eq(here));
        let mut again = kept.spread();
        again.flag(Feature::Trap, false);
        assert!(!again.is(Feature::Trap) && again != features);
        assert_eq!((again.keep().count(), again.get(Feature::PageBytesMax)), (3, i32::MAX));
        assert_eq!(KeptFeatures::default().spread(), Features::default());
        assert_eq!(KeptFeatures::from_sparse([(254, 7)].into_iter()), KeptFeatures::default());
    }

    #[test]
    fn more_than_lie_inline_are_kept_too() {
        let mut features = Features::default();
        for (value, feature) in (1..).zip(ALL_FEATURES) {
            features.set(*feature, value);
        }
        let kept = features.keep();
        assert_eq!((kept.count(), kept.spread()), (FEATURE_COUNT, features));
    }
}
