//! Topics are missing, or deleted and made anew.
