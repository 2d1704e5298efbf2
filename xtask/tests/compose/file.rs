//! docker-compose.yml as `docker compose` reads it: variables filled in, anchors merged.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

use serde_yaml_ng::Value;

use xtask::variables::is_variable;

/// Variables with their values.
pub(crate) type Values = BTreeMap<String, String>;

/// The file for one choice of variables.
pub(crate) struct Compose {
    root: Value,
    included: Vec<Value>,
    /// The variables that it refers to, with their defaults.
    pub(crate) variables: Values,
}

impl Compose {
    /// The file with these variables set and no others, and with the files that it includes.
    pub(crate) fn with(set: &Values) -> Self {
        let filling = Filling { set, seen: RefCell::default() };
        let root = filling.read("docker-compose.yml");
        let included = list(&root["include"]).into_iter().map(|file| filling.read(file)).collect();
        Self { root, included, variables: filling.seen.into_inner() }
    }

    pub(crate) fn services(&self) -> BTreeMap<&str, &Value> {
        self.all("services")
    }

    pub(crate) fn volumes(&self) -> BTreeMap<&str, &Value> {
        self.all("volumes")
    }

    fn all(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let files = [&self.root].into_iter().chain(&self.included);
        let parts = files.flat_map(|file| file[kind].as_mapping().expect("every file has some"));
        let mut all = BTreeMap::new();
        for (name, part) in parts {
            let name = name.as_str().expect("a name is a text");
            assert!(all.insert(name, part).is_none(), "{name} is there twice");
        }
        all
    }
}

pub(crate) fn environment(service: &Value) -> Values {
    let variables = service["environment"].as_mapping().expect("a service has an environment");
    let pair = |(name, value): (&Value, &Value)| {
        Some((name.as_str()?.to_owned(), value.as_str()?.to_owned()))
    };
    variables.iter().map(|it| pair(it).expect("a variable is a text")).collect()
}

/// The texts of a list; empty if there is no list.
pub(crate) fn list(value: &Value) -> Vec<&str> {
    value.as_sequence().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Fills in `${NAME-default}`, as `docker compose` does: a default may hold others.
struct Filling<'a> {
    set: &'a Values,
    seen: RefCell<Values>,
}

impl Filling<'_> {
    /// A file of the checkout.
    fn read(&self, file: &str) -> Value {
        let text = fs::read_to_string(format!("../{file}"));
        let text = text.unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut root: Value = serde_yaml_ng::from_str(&text).expect("a file of compose is YAML");
        root.apply_merge().expect("what is merged is there");
        self.fill(&mut root);
        root
    }

    fn fill(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Sequence(items) => items.iter_mut().for_each(|item| self.fill(item)),
            Value::Mapping(pairs) => pairs.iter_mut().for_each(|(_, value)| self.fill(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => {}
        }
    }

    fn text(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once("${") else { return text.to_owned() };
        let end = closing(rest).unwrap_or_else(|| panic!("no end of a variable in {text:?}"));
        let (inner, after) = (&rest[..end], &rest[end + 1..]);
        let (name, default) = inner.split_once('-').unwrap_or((inner, ""));
        assert!(is_variable(name), "{name:?} is not the name of a variable: {text:?}");
        let filled = self.text(default);
        if let Some(other) = self.seen.borrow_mut().insert(name.into(), default.into()) {
            assert_eq!(other, default, "{name} has two defaults");
        }
        format!("{before}{}{}", self.set.get(name).unwrap_or(&filled), self.text(after))
    }
}

/// The end of the bracket that is open at the beginning.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    text.char_indices().find_map(|(at, letter)| {
        match letter {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        (open == 0).then_some(at)
    })
}

#[test]
fn variables_are_filled_in_as_docker_compose_does() {
    let set = Values::from([("A".to_owned() + "A", "1".to_owned())]);
    let filling = Filling { set: &set, seen: RefCell::default() };
    assert_eq!(filling.text("x${AA-2}y${BB-3${CC-4}}z"), "x1y34z");
    assert_eq!(filling.text("${FILTERS-[]}"), "[]");
    assert_eq!(filling.seen.into_inner()["BB"], "3${CC-4}");
}
