//! Memory that survives: the day ledger, the state tables and the snapshots.
