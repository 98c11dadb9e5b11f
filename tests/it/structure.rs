//! The layout: imports point down, never up.

use std::path::Path;

/// The floors of the house, from the roof down. A file may use those below its own, and its neighbours where one group is named.
const FLOORS: [&[&str]; 17] = [
    &["lib"],
    &["fuzzing", "mock"],
    &["client"],
    &["diagnosis"],
    &["config", "document"],
    &["generated"],
    &["runtime"],
    &["transport"],
    &["auth", "retry"],
    &["http"],
    &["address"],
    &["environment"],
    &["failure"],
    &["error", "network"],
    &["advice", "kind"],
    &["cause"],
    &["body", "language", "operation", "challenge", "retry_after", "quota", "clock_skew", "chance"],
];

fn floor_of(module: &str) -> usize {
    FLOORS.iter().position(|floor| floor.contains(&module)).unwrap_or_else(|| panic!("{module} has no floor"))
}

fn assert_points_down(module: &str, file: &Path) {
    if file.is_dir() {
        for part in std::fs::read_dir(file).unwrap() {
            assert_points_down(module, &part.unwrap().path());
        }
        return;
    }
    let text = std::fs::read_to_string(file).unwrap();
    for used in text.split("crate::").skip(1).filter(|rest| rest.starts_with(|first: char| first.is_ascii_lowercase()))
    {
        let used = used.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap();
        assert!(floor_of(module) < floor_of(used), "{} uses crate::{used}, which is not below it", file.display());
    }
}

#[test]
fn imports_point_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for module in FLOORS.concat() {
        assert_points_down(module, &source.join(format!("{module}.rs")));
        let parts = source.join(module);
        if parts.exists() {
            assert_points_down(module, &parts);
        }
        seen += 1;
    }
    let files = std::fs::read_dir(source).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file()).count();
    assert_eq!(files, seen, "a file of src/ has no floor");
}

#[test]
fn when_to_fetch_knows_nothing_of_http_and_how_to_fetch_nothing_of_time() {
    let code = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/auth").join(name);
        let text = std::fs::read_to_string(path).unwrap();
        text.split("#[cfg(test)]").next().unwrap().to_owned()
    };
    assert!(!code("cache.rs").contains("reqwest::Client") && !code("cache.rs").contains("endpoint::"));
    assert!(!code("endpoint.rs").contains("Instant") && !code("endpoint.rs").contains("cache::"));
}
