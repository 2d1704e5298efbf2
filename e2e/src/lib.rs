//! The end-to-end tests are in `tests/`: the whole path, and the guarantees when something breaks.
