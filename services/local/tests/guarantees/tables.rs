//! The table dies, throttles, and is slow.
