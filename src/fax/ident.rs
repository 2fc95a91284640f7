//! T.30 identities: twenty bytes of free text, all of them claims.

/// Placeholder of a T.30 identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ident([u8; 20]);
