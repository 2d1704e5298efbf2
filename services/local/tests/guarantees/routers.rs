//! Routers die, freeze, join and leave.
