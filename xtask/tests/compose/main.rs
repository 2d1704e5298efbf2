//! docker-compose.yml, `.env.example`, `secure.env`, the Dockerfile and the dashboard agree with the services and
//! with each other, and the containers are as restricted as they can be.

mod documented;
mod file;
mod metrics;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_yaml_ng::Value;
use xtask::variables::SERVICES;

use self::documented::documented;
use self::file::{Compose, Values, environment, list};

/// What is fixed inside a container.
const INSIDE: &[&str] = &["HOST", "PORT"];

/// Replicas must not share a name: each has that of its container.
const LEFT_OUT: &str = "INSTANCE";

/// The most memory for everything that runs without a profile, in bytes.
const MEMORY: u64 = 1_900_000_000;

/// The tables that TABLE can choose. The first is the default.
const TABLES: [&str; 2] = ["stand-in", "dynamodb-local"];

fn plain() -> Compose {
    Compose::with(&BTreeMap::new())
}

fn with_table(table: &str) -> Compose {
    Compose::with(&Values::from([("TABLE".to_owned(), table.to_owned())]))
}

/// What can be set, whatever table is chosen.
fn variables() -> Values {
    TABLES.into_iter().flat_map(|table| with_table(table).variables).collect()
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

/// The lines `#NAME=value` or `NAME=value` of a file.
fn assignments(file: &str, prefix: &str) -> Values {
    let text = fs::read_to_string(format!("../{file}")).expect("a file with variables is there");
    let lines = text.lines().filter_map(|line| line.strip_prefix(prefix)?.split_once('='));
    let pairs = lines.filter(|(name, _)| !name.contains([' ', '#']));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn bytes(limit: &str) -> u64 {
    let mebibytes = limit.strip_suffix('m').expect("limits are in m");
    mebibytes.parse::<u64>().expect("a limit is a number") << 20
}

fn seconds(text: &str) -> u64 {
    text.trim_end_matches('s').parse().expect("a number of seconds")
}

#[test]
fn every_variable_of_a_service_is_passed_and_can_be_set() {
    let without = plain();
    let mut all: Values =
        without.variables.keys().map(|name| (name.clone(), format!("<{name}>"))).collect();
    all.remove("TABLE");
    let with = Compose::with(&all);
    let mut faults = Vec::new();
    for service in SERVICES {
        let mut read = documented(service);
        read.remove(LEFT_OUT);
        let passed = environment(without.services()[service]);
        let set = environment(with.services()[service]);
        for name in passed.keys().filter(|name| !read.contains(*name)) {
            faults.push(format!("{service} is passed {name}, which it does not read"));
        }
        for name in read.iter().filter(|name| !passed.contains_key(*name)) {
            faults.push(format!("{service} reads {name}: pass it in docker-compose.yml"));
        }
        for (name, value) in set.iter().filter(|(name, _)| !INSIDE.contains(&name.as_str())) {
            if !value.contains('<') {
                faults.push(format!("{service}: {name} cannot be set by .env"));
            }
        }
    }
    report(&faults);
}

#[test]
fn the_example_of_env_lists_every_variable_with_its_default() {
    assert_eq!(assignments(".env.example", "#"), variables());
}

#[test]
fn secure_env_sets_only_what_docker_compose_knows() {
    let known = variables();
    let unknown = assignments("secure.env", "")
        .into_keys()
        .filter(|name| name != "COMPOSE_PROFILES" && !known.contains_key(name))
        .collect::<Vec<_>>();
    assert!(unknown.is_empty(), "docker-compose.yml knows no {unknown:?}");
}

#[test]
fn every_image_has_one_version() {
    let mut versions = BTreeSet::new();
    for compose in TABLES.map(with_table) {
        for (name, service) in compose.services() {
            let image = service["image"].as_str().unwrap_or_else(|| panic!("{name} has no image"));
            let (image, version) = image.rsplit_once(':').unwrap_or((image, ""));
            let numbers = version.trim_start_matches('v').split('.').collect::<Vec<_>>();
            let is_number = |part: &&str| part.parse::<u32>().is_ok();
            let is_version = numbers.len() == 3 && numbers.iter().all(is_number);
            assert!(is_version, "{name}: {image}:{version}");
            versions.insert((image.to_owned(), version.to_owned()));
        }
    }
    let images: BTreeSet<_> = versions.iter().map(|(image, _)| image).collect();
    assert_eq!(images.len(), versions.len(), "an image with two versions: {versions:?}");
}

#[test]
fn our_images_have_the_version_of_the_workspace() {
    let read = |file| fs::read_to_string(format!("../{file}")).expect("a file of the root");
    let workspace = read("Cargo.toml");
    let mut versions = workspace.lines().filter_map(|line| line.strip_prefix("version = \""));
    let version = versions.next().expect("the workspace has a version").trim_end_matches('"');
    assert_eq!(plain().variables["VERSION"], version, "docker-compose.yml");
    assert!(read("Dockerfile").contains(&format!("\nARG VERSION={version}\n")), "Dockerfile");
    assert!(read("CHANGELOG.md").contains(&format!("\n## {version}")), "CHANGELOG.md");
}

#[test]
fn images_for_kubernetes_have_the_version_of_the_workspace() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, before) in [
        ("k8s/base/workload/kustomization.yaml", "newTag: "),
        ("k8s/local/loaded-images/kustomization.yaml", "barrage/homepage:"),
        ("k8s/README.md", "barrage/homepage:"),
        ("k8s/README.md", "barrage/event-router:"),
        ("k8s/README.md", "barrage/message-processor:"),
        ("k8s/README.md", "barrage/table:"),
        ("k8s/README.md", "$image:"),
        ("docs/deploy.md", "barrage/homepage:"),
    ] {
        let text = fs::read_to_string(format!("../{file}")).expect("a file of the checkout");
        let all = text.matches(before).count();
        let right = text.matches(&format!("{before}{version}")).count();
        assert!(all > 0 && all == right, "{file}: not each {before}… has {version}");
    }
}

#[test]
fn all_together_stay_within_their_memory() {
    for table in TABLES {
        let compose = with_table(table);
        let limit = |(name, service): (&&str, &&Value)| {
            let limit = service["mem_limit"].as_str();
            bytes(limit.unwrap_or_else(|| panic!("{name} has no mem_limit")))
        };
        let services = compose.services();
        assert!(services.iter().map(limit).all(|bytes| bytes > 0));
        let always = services.iter().filter(|(_, service)| service["profiles"].is_null());
        let sum: u64 = always.map(limit).sum();
        assert!(sum <= MEMORY, "{table}: {sum} bytes, more than {MEMORY}");
    }
}

#[test]
fn every_table_that_can_be_chosen_keeps_its_rows_and_needs_no_right() {
    let files = fs::read_dir("../compose/table").expect("the tables have a folder");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    let expected = TABLES.map(|table| format!("{table}.yml"));
    assert_eq!(names.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
    assert_eq!(plain().variables["TABLE"], TABLES[0], "the default");
    let mut volumes = BTreeSet::new();
    for table in TABLES {
        let compose = with_table(table);
        let service = compose.services()["table"];
        let mounts = list(&service["volumes"]);
        let (volume, folder) = mounts[0].split_once(':').expect("a volume has a place");
        assert!(compose.volumes().contains_key(volume) && folder == "/data", "{table}: {mounts:?}");
        assert!(volumes.insert(volume.to_owned()), "two tables share {volume}");
        assert_eq!(list(&service["cap_drop"]), ["ALL"], "{table}");
        assert_eq!(list(&service["security_opt"]), ["no-new-privileges:true"], "{table}");
        assert_eq!(service["restart"], "unless-stopped", "{table}");
    }
}

#[test]
fn our_containers_have_no_right_that_they_do_not_need() {
    let compose = plain();
    for name in SERVICES {
        let service = compose.services()[name];
        assert_eq!(service["read_only"], Value::Bool(true), "{name}");
        assert_eq!(list(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(list(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        let grace = seconds(&environment(service)["SHUTDOWN_GRACE"]);
        let killed = seconds(service["stop_grace_period"].as_str().expect("a grace period"));
        assert!(killed > grace, "{name} is killed after {killed} s, but may need {grace} s");
    }
    let dockerfile = fs::read_to_string("../Dockerfile").expect("the Dockerfile");
    assert!(dockerfile.contains("\nUSER 65532:65532\n"), "images run as a user without rights");
    for name in SERVICES {
        let check = format!("CMD [\"/{name}\", \"--health\"]\nENTRYPOINT [\"/{name}\"]\n");
        assert!(dockerfile.contains(&check), "the image of {name} checks its health by itself");
    }
}

/// Whether a path or one of its folders matches a pattern, in which `*` is any one name.
fn covers(pattern: &str, path: &str) -> bool {
    let mut path = path.split('/');
    pattern.split('/').all(|part| path.next().is_some_and(|name| part == "*" || part == name))
}

#[test]
fn images_are_built_with_the_manifest_of_every_crate() {
    let read = |file| fs::read_to_string(format!("../{file}")).expect("a file of the root");
    let (workspace, dockerfile) = (read("Cargo.toml"), read("Dockerfile"));
    let (_, members) = workspace.split_once("members = [").expect("a workspace has members");
    let (members, _) = members.split_once(']').expect("the list of members ends");
    for member in members.split('"').skip(1).step_by(2) {
        let copy = format!("COPY {member}/Cargo.toml {member}/\n");
        assert!(dockerfile.contains(&copy), "the Dockerfile lacks {copy}");
        let manifest = format!("{member}/Cargo.toml");
        let is_let_in = |line: &str| line.strip_prefix('!').is_some_and(|it| covers(it, &manifest));
        assert!(read(".dockerignore").lines().any(is_let_in), ".dockerignore leaves {member} out");
    }
}

#[test]
fn only_pages_for_people_are_published_and_only_on_this_machine() {
    let compose = plain();
    let services = compose.services();
    let ports = services.iter().map(|(name, service)| (*name, list(&service["ports"])));
    let published: Vec<_> = ports.filter(|(_, ports)| !ports.is_empty()).collect();
    let expected = [
        ("grafana", vec!["127.0.0.1:3000:3000"]),
        ("homepage", vec!["127.0.0.1:8080:8080"]),
        ("jaeger", vec!["127.0.0.1:16686:16686"]),
    ];
    assert_eq!(published, expected);
    assert_eq!(list(&services["grafana"]["profiles"]), ["observability"]);
}

#[test]
fn everybody_may_look_at_grafana_and_nobody_may_log_in() {
    let compose = plain();
    let set = environment(compose.services()["grafana"]);
    for (name, value) in [
        ("GF_AUTH_ANONYMOUS_ENABLED", "true"),
        ("GF_AUTH_DISABLE_LOGIN_FORM", "true"),
        ("GF_AUTH_BASIC_ENABLED", "false"),
        ("GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION", "true"),
    ] {
        assert_eq!(set.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[test]
fn a_container_that_needs_another_waits_until_that_one_is_healthy() {
    let compose = plain();
    let services = compose.services();
    for (name, service) in &services {
        for (other, needs) in service["depends_on"].as_mapping().into_iter().flatten() {
            let other = services[other.as_str().expect("a name")];
            let ends = other["restart"].is_null();
            let condition = if ends { "service_completed_successfully" } else { "service_healthy" };
            assert_eq!(needs["condition"], condition, "{name}");
            assert!(ends || other["healthcheck"].is_mapping(), "{name} waits for no check");
        }
    }
}
