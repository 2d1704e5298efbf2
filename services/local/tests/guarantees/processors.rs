//! Processors die, freeze, refuse and answer late.
