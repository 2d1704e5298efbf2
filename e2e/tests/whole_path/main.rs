//! What holds for the whole path, seen from outside: real processes, real protocols.

#![expect(clippy::unwrap_used, reason = "what cannot be done fails the test that needs it")]

mod bad_input;
mod collector;
mod configuration;
mod front_door;
mod guarded;
mod launcher;
mod load_test;
mod outages;
mod pages;
mod progress;
mod ratios;
mod rebalances;
mod restarts;
mod routing;
mod sending;
mod stand_ins;
mod traces;
