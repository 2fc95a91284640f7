//! T.30 identities: twenty bytes of free text, all of them claims.
