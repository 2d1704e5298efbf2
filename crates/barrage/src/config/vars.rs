//! The environment variables of a process, as they are.

use std::collections::BTreeMap;

/// The environment of a process, as a value, so that parsing it is a pure function.
#[derive(Clone, Debug, Default)]
pub struct Vars(pub(super) BTreeMap<String, String>);

impl Vars {
    /// The variables of this process. Only `main` calls it.
    ///
    /// A value that is not Unicode gets replacement characters, so that an error line can show it.
    pub fn from_process() -> Self {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        Self(std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Vars {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
