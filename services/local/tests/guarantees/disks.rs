//! A disk is full.
