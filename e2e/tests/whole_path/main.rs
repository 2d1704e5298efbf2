//! The whole path from the form to the bullet, seen from outside: real processes and real protocols.

#![expect(clippy::unwrap_used, reason = "what cannot be done fails the test that needs it")]

mod bad_input;
mod base_path;
mod bounded_data;
mod caches;
mod carriers;
mod collector;
mod configuration;
mod guests;
mod http;
mod launcher;
mod load_test;
mod message_state;
mod metrics;
mod openapi;
mod outages;
mod pages;
mod pipeline;
mod proxies;
mod ratios;
mod rebalances;
mod restarts;
mod routing;
mod scaling;
mod secure_kafka;
mod sending;
mod stand_ins;
mod stock_clients;
mod tour;
mod traces;
mod waiting;
