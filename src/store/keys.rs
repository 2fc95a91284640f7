//! The key ring: turns numbers, idents and members into keyed pseudonyms, and node and fax id into a decision.
//!
//! One secret of 32 bytes a file, made at the first start. Under it a key for each subject kind and epoch
//! (HKDF-Expand with one block, RFC 5869 section 2.3), kept as prepared HMAC states. A plain hash would be no
//! pseudonym: every number of a country is hashed in minutes.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::Hasher;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use siphasher::sip::SipHasher13;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::fax::id::{DecisionId, Pseudonym, SubjectKind};
use crate::fax::number::Number;

/// Bytes of a master key.
pub const KEY_BYTES: usize = 32;
/// Nodes whose pseudonyms are remembered, and trunks. Those of names beyond are derived each time: none is ever let go, so
/// that whoever makes names up takes nothing from those that are known.
const MACHINES_MAX: usize = 1_024;
/// The file of the first epoch; later epochs add files beside it.
const FILE_OF_EPOCH_0: &str = "epoch-00000.key";

/// What to do where no key file exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingKey {
    /// The first start: make one.
    Make,
    /// There is data under the old key already: a new key would orphan all of it.
    Refuse,
}

/// Why there is no key ring. There is no way on without one: nothing falls back to plain numbers.
#[derive(Debug, Error)]
pub enum KeyFault {
    /// A folder or file could not be made or read.
    #[error("key file `{}` could not be opened", path.display())]
    Open {
        /// The path.
        path: PathBuf,
        /// The system's fault.
        source: io::Error,
    },
    /// Others than the owner may read the key.
    #[error("key file `{}` has mode {mode:03o} (chmod 600 it)", path.display())]
    Exposed {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not 32 bytes.
    #[error("key file `{}` is not {KEY_BYTES} bytes long (restore it from its backup)", path.display())]
    Length {
        /// The path.
        path: PathBuf,
    },
    /// No key, and data that was written under one.
    #[error("key file `{}` is missing beside existing data (restore it from its backup)", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The system gave no randomness.
    #[error("system gave no random bytes for a key")]
    Random(#[source] getrandom::Error),
}

type Prepared = Hmac<Sha256>;

/// The keys in force. No `Debug`, no `Clone`; wiped when dropped, but for that of requests, which stand for no person.
pub struct KeyRing {
    epoch: u16,
    // Boxed, so that moving the ring leaves no copy of the states behind.
    subjects: Box<[Prepared; SubjectKind::ALL.len()]>,
    decision: Box<Prepared>,
    pages: Box<Prepared>,
    partners: Box<Prepared>,
    texts: Box<Aes256GcmSiv>,
    request: SipHasher13,
    nodes: Machines,
    trunks: Machines,
    fingerprint: [u8; 8],
}

/// Pseudonyms of machines by name: they are few, and asked for at every stage.
type Machines = ArcSwap<HashMap<Box<str>, Pseudonym, RandomState>>;

impl KeyRing {
    /// Reads the key of a folder, or makes it.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn open(folder: &Path, missing: MissingKey) -> Result<Self, KeyFault> {
        let path = folder.join(FILE_OF_EPOCH_0);
        match read_key(&path) {
            Ok(master) => Ok(Self::derive(&master, 0)),
            Err(KeyFault::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                if missing == MissingKey::Refuse {
                    return Err(KeyFault::Missing { path });
                }
                make_key(folder, &path)?;
                let master = read_key(&path)?;
                Ok(Self::derive(&master, 0))
            }
            Err(fault) => Err(fault),
        }
    }

    /// The ring of a replay or demonstration: the same seed gives the same pseudonyms. Never for real data.
    #[must_use]
    pub fn for_replay(seed: u64) -> Self {
        let mut master = Zeroizing::new([0; KEY_BYTES]);
        let stretched =
            blake3::derive_key("faxguard 2025 key ring of a replay", &seed.to_le_bytes());
        master.copy_from_slice(&stretched);
        Self::derive(&master, 0)
    }

    fn derive(master: &[u8; KEY_BYTES], epoch: u16) -> Self {
        let subject = |kind: SubjectKind| {
            let [high, low] = epoch.to_be_bytes();
            subkey(master, b"faxguard subject", &[kind as u8, high, low])
        };
        let [a, b, c, d, e, f, g, h, ..] =
            output(&subkey(master, b"faxguard fingerprint", &[]), &[]);
        Self {
            epoch,
            subjects: Box::new(SubjectKind::ALL.map(subject)),
            decision: Box::new(subkey(master, b"faxguard decision", &[])),
            request: SipHasher13::new_with_key(&halve(output(
                &subkey(master, b"faxguard request", &[]),
                &[],
            ))),
            nodes: Machines::default(),
            trunks: Machines::default(),
            pages: Box::new(subkey(master, b"faxguard pages", &[])),
            partners: Box::new(subkey(master, b"faxguard partners", &[])),
            texts: Box::new(Aes256GcmSiv::new(
                &output(&subkey(master, b"faxguard texts", &[]), &[]).into(),
            )),
            fingerprint: [a, b, c, d, e, f, g, h],
        }
    }

    /// The epoch new pseudonyms are made under. Rotation adds a ring of the next epoch beside this one.
    #[must_use]
    pub const fn epoch(&self) -> u16 {
        self.epoch
    }

    /// Tells one master key from another and nothing else of it: stored beside the data, it shows at
    /// the next start that the data was written under this key.
    #[must_use]
    pub const fn fingerprint(&self) -> [u8; 8] {
        self.fingerprint
    }

    /// The pseudonym of one subject.
    #[must_use]
    pub fn pseudonym(&self, kind: SubjectKind, subject: &[u8]) -> Pseudonym {
        // Kinds are numbered from one in the order of `ALL`, which a test holds.
        let prepared = &self.subjects[kind as usize - 1];
        Pseudonym(halve(output(prepared, &[subject])))
    }

    /// The pseudonym of a node, by its name.
    #[must_use]
    pub fn node(&self, name: &str) -> Pseudonym {
        self.machine(&self.nodes, SubjectKind::Node, name)
    }

    /// The pseudonym of a trunk, by its name.
    #[must_use]
    pub fn trunk(&self, name: &str) -> Pseudonym {
        self.machine(&self.trunks, SubjectKind::Trunk, name)
    }

    fn machine(&self, among: &Machines, kind: SubjectKind, name: &str) -> Pseudonym {
        let known = among.load();
        if let Some(pseudonym) = known.get(name) {
            return *pseudonym;
        }
        let pseudonym = self.pseudonym(kind, name.as_bytes());
        if known.len() < MACHINES_MAX {
            among.rcu(|known| {
                let mut more = known.as_ref().clone();
                more.insert(name.into(), pseudonym);
                more
            });
        }
        pseudonym
    }

    /// Tells requests about one fax apart; those of two faxes are never compared. SipHash (Aumasson and Bernstein, 2012) under a
    /// key of its own: a request id stands for no person, and is asked for at every stage.
    #[must_use]
    pub fn request_key(&self, request: &str) -> u64 {
        let mut hasher = self.request;
        hasher.write(request.as_bytes());
        hasher.finish()
    }

    /// The pseudonym of a number.
    #[must_use]
    pub fn number(&self, number: Number) -> Pseudonym {
        self.pseudonym(SubjectKind::Number, &number.value().to_be_bytes())
    }

    /// The pseudonym of the block of ten a number belongs to.
    #[must_use]
    pub fn block10(&self, number: Number) -> Pseudonym {
        self.pseudonym(SubjectKind::Block10, &number.block_of_10().to_be_bytes())
    }

    /// The pseudonym of the block of a hundred a number belongs to.
    #[must_use]
    pub fn block100(&self, number: Number) -> Pseudonym {
        self.pseudonym(SubjectKind::Block100, &number.block_of_100().to_be_bytes())
    }

    /// Seals a text of somebody's: AES-256-GCM-SIV (RFC 8452), which needs no randomness that might be missing. `what` it is
    /// and the `place` it is kept at are sealed with it, so that it opens there alone.
    #[must_use]
    pub fn seal(&self, what: &str, place: u64, text: &[u8]) -> Box<[u8]> {
        let payload = Payload { msg: text, aad: what.as_bytes() };
        // It fails for texts of more than 64 GiB, and then there is nothing to keep.
        self.texts.encrypt(&nonce(place), payload).unwrap_or_default().into()
    }

    /// Opens what [`Self::seal`] sealed; `None` where it was sealed as something else, elsewhere, under another key, or was
    /// changed.
    #[must_use]
    pub fn open_text(&self, what: &str, place: u64, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let payload = Payload { msg: sealed, aad: what.as_bytes() };
        self.texts.decrypt(&nonce(place), payload).ok().map(Zeroizing::new)
    }

    /// The pseudonym of an ordered pair, as of a member and a correspondent.
    #[must_use]
    pub fn pair(&self, one: Pseudonym, other: Pseudonym) -> Pseudonym {
        let prepared = &self.subjects[SubjectKind::Pair as usize - 1];
        Pseudonym(halve(output(prepared, &[&one.0, &other.0])))
    }

    /// A key for mixing hot keys in memory: the same over restarts, another for each purpose.
    #[must_use]
    pub fn mixing_key(&self, purpose: &[u8]) -> [u8; 16] {
        halve(output(&self.decision, &[b"mixing", purpose]))
    }

    /// The secret that pages are fingerprinted under in an epoch of theirs: nodes are told it, so that it leads to no other
    /// key, and to that of no other epoch.
    #[must_use]
    pub fn page_secret(&self, epoch: u32) -> [u8; KEY_BYTES] {
        output(&self.pages, &[&epoch.to_be_bytes()])
    }

    /// The key that numbers are replaced by tokens under in what one partner is sent (RFC 6590): the same for a partner over
    /// all time, so that it can tell equal numbers, and another for each, so that two cannot lay theirs side by side.
    #[must_use]
    pub fn partner_key(&self, partner: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        Zeroizing::new(output(&self.partners, &[partner.as_bytes()]))
    }

    /// The decision that a node's fax id stands for: the same at every stage. Its key does not change
    /// with the epoch, since it stands for no person.
    #[must_use]
    pub fn decision_id(&self, node: &str, fax: &str) -> DecisionId {
        let length = u64::try_from(node.len()).unwrap_or(u64::MAX).to_be_bytes();
        DecisionId(halve(output(&self.decision, &[&length, node.as_bytes(), fax.as_bytes()])))
    }
}

fn prepare(key: &[u8; KEY_BYTES]) -> Prepared {
    // A key of 32 bytes is one block, padded with zeros; a whole block cannot be refused.
    let mut block = hmac::digest::Key::<Prepared>::default();
    block[..KEY_BYTES].copy_from_slice(key);
    let prepared = Prepared::new(&block);
    block.zeroize();
    prepared
}

fn output(prepared: &Prepared, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = prepared.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn subkey(master: &[u8; KEY_BYTES], label: &[u8], context: &[u8]) -> Prepared {
    let key = Zeroizing::new(output(&prepare(master), &[label, context, &[1]]));
    prepare(&key)
}

fn halve(whole: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

fn read_key(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyFault> {
    let open = |source| KeyFault::Open { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(open)?;
    let mode = file.metadata().map_err(open)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFault::Exposed { path: path.to_owned(), mode });
    }
    let mut bytes = Zeroizing::new([0; KEY_BYTES + 1]);
    let mut length = 0;
    loop {
        match file.read(&mut bytes[length..]).map_err(open)? {
            0 => break,
            got => length += got,
        }
    }
    if length != KEY_BYTES {
        return Err(KeyFault::Length { path: path.to_owned() });
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    key.copy_from_slice(&bytes[..KEY_BYTES]);
    Ok(key)
}

/// Writes a new key beside its place and links it there: of two starts at once, one wins and both read it.
fn make_key(folder: &Path, path: &Path) -> Result<(), KeyFault> {
    let open = |source| KeyFault::Open { path: path.to_owned(), source };
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut key[..]).map_err(KeyFault::Random)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(open)?;
    let made = folder.join(format!("new-{}.key", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&made)
        .map_err(open)?;
    file.write_all(&key[..]).and_then(|()| file.sync_all()).map_err(open)?;
    let linked = match std::fs::hard_link(&made, path) {
        Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => Err(open(fault)),
        _ => Ok(()),
    };
    std::fs::remove_file(&made).map_err(open)?;
    linked?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(open)
}

/// The place as the nonce: what is sealed at one place again is told to be the same, and nothing else.
fn nonce(place: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&place.to_le_bytes());
    nonce.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions, write};

    #[test]
    fn kinds_are_numbered_as_listed() {
        for (at, kind) in SubjectKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at + 1);
        }
    }

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        assert!(matches!(KeyRing::open(&keys, MissingKey::Refuse), Err(KeyFault::Missing { .. })));
        let first = KeyRing::open(&keys, MissingKey::Make).unwrap();
        let again = KeyRing::open(&keys, MissingKey::Refuse).unwrap();
        let number = Number::parse("+18005550123").unwrap();
        assert_eq!(first.number(number), again.number(number));
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_ne!(first.number(number), KeyRing::for_replay(1).number(number));
        let mode = keys.join(FILE_OF_EPOCH_0).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(keys.read_dir().unwrap().count(), 1);
    }

    #[test]
    fn an_exposed_or_short_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_OF_EPOCH_0);
        let open = || KeyRing::open(folder.path(), MissingKey::Make).map(|_| ());
        for length in [0, 31, 33] {
            write(&path, vec![1; length]).unwrap();
            set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(open(), Err(KeyFault::Length { .. })), "{length}");
        }
        write(&path, [1; 32]).unwrap();
        open().unwrap();
        for mode in [0o640, 0o604, 0o660] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert!(matches!(open(), Err(KeyFault::Exposed { .. })), "{mode:o}");
        }
    }

    #[test]
    fn kinds_neighbours_and_decisions_differ() {
        let ring = KeyRing::for_replay(7);
        let number = Number::parse("+18005550123").unwrap();
        let next = number.next().unwrap();
        assert_eq!(ring.block10(number), ring.block10(next));
        assert_ne!(ring.number(number), ring.number(next));
        let bytes = number.value().to_be_bytes();
        let all: std::collections::HashSet<_> =
            SubjectKind::ALL.iter().map(|kind| ring.pseudonym(*kind, &bytes)).collect();
        assert_eq!(all.len(), SubjectKind::ALL.len());
        assert_ne!(ring.page_secret(1), ring.page_secret(2));
        assert_ne!(ring.page_secret(1), KeyRing::for_replay(8).page_secret(1));
        assert_ne!(ring.decision_id("ab", "c"), ring.decision_id("a", "bc"));
        assert_eq!(ring.decision_id("a", "bc"), KeyRing::for_replay(7).decision_id("a", "bc"));
    }

    #[test]
    fn machines_are_the_same_remembered_or_not_and_only_so_many_are() {
        let ring = KeyRing::for_replay(7);
        for name in (0..MACHINES_MAX + 50).map(|at| format!("gw-{at}")) {
            let derived = ring.pseudonym(SubjectKind::Node, name.as_bytes());
            assert_eq!([ring.node(&name), ring.node(&name)], [derived; 2]);
            assert_ne!(ring.trunk(&name), derived);
        }
        assert_eq!(ring.nodes.load().len(), MACHINES_MAX);
    }

    #[test]
    fn requests_are_told_apart_the_same_over_restarts() {
        let ring = KeyRing::for_replay(7);
        assert_eq!(ring.request_key("a"), KeyRing::for_replay(7).request_key("a"));
        assert_ne!(ring.request_key("a"), ring.request_key("b"));
        assert_ne!(ring.request_key("a"), KeyRing::for_replay(8).request_key("a"));
    }

    /// RFC 4231, test case 2, through the prepared state: the key is `Jefe`, padded with zeros as HMAC does.
    #[test]
    fn the_prepared_state_is_hmac_sha_256() {
        let mut key = [0; KEY_BYTES];
        key[..4].copy_from_slice(b"Jefe");
        let mac = output(&prepare(&key), &[b"what do ya want ", b"for nothing?"]);
        let text: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_sealed_text_opens_at_its_place_alone() {
        let ring = KeyRing::for_replay(7);
        let sealed = ring.seal("comment", 5, b"said");
        assert!(!sealed.windows(4).any(|part| part == b"said"));
        let opened = |ring: &KeyRing, what, place| {
            ring.open_text(what, place, &sealed).map(|text| text.to_vec())
        };
        assert_eq!(opened(&ring, "comment", 5).as_deref(), Some(&b"said"[..]));
        assert_eq!(opened(&KeyRing::for_replay(7), "comment", 5).as_deref(), Some(&b"said"[..]));
        for (ring, what, place) in
            [(&ring, "form", 5), (&ring, "comment", 6), (&KeyRing::for_replay(8), "comment", 5)]
        {
            assert_eq!(opened(ring, what, place), None);
        }
        assert_eq!(ring.open_text("comment", 5, &sealed[1..]).map(|_| ()), None);
    }
}
