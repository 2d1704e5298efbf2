//! Records that nobody can store.
