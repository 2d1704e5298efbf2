//! Homepages die, stop, and share their viewers.
