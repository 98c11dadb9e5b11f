//! References by `$id` and `$anchor`, references that depend on where one comes from, and pointers from the schema around them.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

use super::super::pointer::percent_decoded;
use super::super::report::Report;
use super::super::schemas;
use super::pointers::{ancestors, each_reference, encoded, pointers_of, target};
use super::quote;

/// References whose meaning depends on where one comes from. Where only one schema can be meant, nothing does.
const DYNAMIC: [&str; 2] = ["$dynamicRef", "$recursiveRef"];

/// Turns every reference to a schema of the document into a pointer to it.
pub(super) fn apply(document: &mut Value, report: &mut Report) {
    let answers = Names::of(document).answer(document);
    schemas::each(document, &mut |pointer, schema| resolve(pointer, schema, &answers, report));
}

/// What a reference at a place means: another reference, or nothing that can be found.
type Answers = HashMap<(String, String), Option<String>>;

/// Where the schemas of a document stand that have names, and the references that may use these.
#[derive(Default)]
struct Names {
    /// The `$id` of the schema at a pointer.
    ids: HashMap<String, String>,
    /// The first schema with an `$id`: which of two is meant cannot be known.
    identified: HashMap<String, String>,
    /// The schemas with an `$anchor` or `$dynamicAnchor`.
    anchored: HashMap<String, BTreeSet<String>>,
    /// The outermost schemas that bend what `$recursiveRef` means in those that they refer to.
    bending: BTreeSet<String>,
    references: Vec<Reference>,
}

struct Reference {
    /// The schema that refers.
    pointer: String,
    /// The outermost schema around it.
    root: String,
    keyword: &'static str,
    text: String,
}

impl Names {
    fn of(document: &mut Value) -> Self {
        let mut names = Self::default();
        schemas::roots(document, &mut |root, schema| {
            schemas::within(root, schema, &mut |pointer, schema| names.read(root, pointer, schema));
        });
        names
    }

    fn read(&mut self, root: &str, pointer: &str, schema: &mut Value) {
        let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
        if let Some(id) = text("$id") {
            let id = id.trim_end_matches('#');
            self.ids.insert(pointer.to_owned(), id.to_owned());
            self.identified.entry(id.to_owned()).or_insert_with(|| pointer.to_owned());
        }
        for anchor in ["$anchor", "$dynamicAnchor"].into_iter().filter_map(text) {
            self.anchored.entry(anchor.to_owned()).or_default().insert(pointer.to_owned());
        }
        if schema.get("$recursiveAnchor") == Some(&Value::Bool(true)) {
            self.bending.insert(root.to_owned());
        }
        let dynamic = DYNAMIC.iter().filter_map(|keyword| Some((*keyword, text(keyword)?.to_owned())));
        let mut found: Vec<_> = dynamic.collect();
        each_reference(schema, &mut |text| found.push(("$ref", text.clone())));
        let (root, pointer) = (root.to_owned(), pointer.to_owned());
        let references = found.into_iter().map(|(keyword, text)| Reference {
            pointer: pointer.clone(),
            root: root.clone(),
            keyword,
            text,
        });
        self.references.extend(references);
    }

    /// Looks up the references that are no pointers into the document.
    fn answer(&self, document: &Value) -> Answers {
        let bent = self.references.iter().filter(|reference| self.bending.contains(&reference.root));
        let bent: HashSet<String> = bent
            .flat_map(|reference| pointers_of(&reference.text).filter(|target| *target != reference.root))
            .collect();
        let unclear =
            |reference: &&Reference| reference.keyword != "$ref" || target(document, &reference.text).is_none();
        let answers = self.references.iter().filter(unclear).filter_map(|reference| {
            let found = self.look_up(document, reference)?;
            let is_static = |pointer: &String| reference.keyword != "$recursiveRef" || !bent.contains(pointer);
            let answer = found.filter(is_static).map(|pointer| format!("#{}", encoded(&pointer)));
            Some(((reference.pointer.clone(), reference.text.clone()), answer))
        });
        answers.collect()
    }

    /// Finds the pointer that a reference means; `None` leaves it as it is, for the steps that know more of files.
    fn look_up(&self, document: &Value, reference: &Reference) -> Option<Option<String>> {
        let (file, fragment) = reference.text.split_once('#').unwrap_or((&reference.text, ""));
        let base = self.resource(&reference.pointer);
        let within = if file.is_empty() {
            base.unwrap_or(&reference.root)
        } else {
            self.identified(file, base.and_then(|base| self.ids.get(base)))?
        };
        let fragment = percent_decoded(fragment).into_owned();
        if fragment.is_empty() {
            return Some(Some(within.to_owned()));
        }
        if !fragment.starts_with('/') {
            return Some(self.anchored(&fragment, within));
        }
        let around = ancestors(&reference.pointer);
        let mut places = std::iter::once(within).chain(around.filter(|_| file.is_empty()));
        places.find_map(|place| {
            let pointer = format!("{place}{fragment}");
            document.pointer(&pointer).is_some().then_some(Some(pointer))
        })
    }

    /// Finds the innermost schema around a place that has an `$id`.
    fn resource<'p>(&self, pointer: &'p str) -> Option<&'p str> {
        ancestors(pointer).filter(|ancestor| self.ids.contains_key(*ancestor)).last()
    }

    fn identified(&self, file: &str, base: Option<&String>) -> Option<&str> {
        let folder = base.and_then(|base| base.rsplit_once('/')).map_or("", |(folder, _)| folder);
        let relative = format!("{folder}/{}", file.trim_start_matches("./"));
        self.identified.get(file).or_else(|| self.identified.get(&relative)).map(String::as_str)
    }

    /// Finds the one schema of that name, or the one within the schema that is meant.
    fn anchored(&self, name: &str, within: &str) -> Option<String> {
        let named = self.anchored.get(name)?;
        let inside = format!("{within}/");
        let near = || {
            named.get(within).into_iter().chain(named.range(inside.clone()..).take_while(|p| p.starts_with(&inside)))
        };
        let pointer = match (named.len(), near().take(2).count()) {
            (1, _) => named.first(),
            (_, 1) => near().next(),
            _ => None,
        };
        pointer.cloned()
    }
}

fn resolve(pointer: &str, schema: &mut Value, answers: &Answers, report: &mut Report) {
    let answer = |text: &str| answers.get(&(pointer.to_owned(), text.to_owned()));
    each_reference(schema, &mut |text| {
        if let Some(Some(found)) = answer(text) {
            found.clone_into(text);
        }
    });
    let Some(fields) = schema.as_object_mut() else { return };
    let is_lost = |reference: &Value| reference.as_str().is_none_or(|text| answer(text) == Some(&None));
    let lost = fields.get("$ref").is_some_and(is_lost);
    if let Some(reference) = lost.then(|| fields.remove("$ref")).flatten() {
        report.degraded(pointer, quote("$ref", &reference), "any JSON: no schema has that name");
    }
    for keyword in DYNAMIC {
        let Some(reference) = fields.remove(keyword) else { continue };
        let text = reference.as_str().filter(|_| !fields.contains_key("$ref"));
        match text.and_then(answer) {
            Some(Some(found)) => drop(fields.insert("$ref".to_owned(), json!(found))),
            _ => report.degraded(pointer, quote(keyword, &reference), "any JSON"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::document;

    /// Returns what the schema `A`'s property `a` refers to, and the changes.
    fn referred(schemas: Value) -> (Value, Vec<String>) {
        let (mut after, changes) = document(json!({"components": {"schemas": schemas}}));
        (after["components"]["schemas"]["A"]["properties"]["a"].take(), changes)
    }

    #[test]
    fn an_anchor_is_found() {
        for (named, reference) in [("$anchor", "$ref"), ("$dynamicAnchor", "$dynamicRef"), ("$dynamicAnchor", "$ref")] {
            let schemas =
                json!({"A": {"properties": {"a": {reference: "#node"}}}, "B": {named: "node", "type": "object"}});
            assert_eq!(referred(schemas), (json!({"$ref": "#/components/schemas/B"}), vec![]));
        }
    }

    #[test]
    fn of_two_anchors_the_one_around_is_meant() {
        let schemas = json!({
            "A": {"$id": "a", "$anchor": "node", "properties": {"a": {"$ref": "#node"}}},
            "A-b": {"$anchor": "node"},
        });
        assert_eq!(referred(schemas), (json!({"$ref": "#/components/schemas/A"}), vec![]));
    }

    #[test]
    fn an_anchor_that_cannot_be_found_is_any_json() {
        let lost = (json!({"description": "b"}), vec!["degraded /components/schemas/A/properties/a".to_owned()]);
        for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
            let reference = json!({keyword: "#node", "description": "b"});
            assert_eq!(referred(json!({"A": {"properties": {"a": reference}}})), lost);
        }
        let two = json!({"A": {"properties": {"a": {"$dynamicRef": "#node"}}}, "B": {"$dynamicAnchor": "node"}, "C": {"$dynamicAnchor": "node"}});
        assert_eq!(referred(two).0, json!({}));
    }

    #[test]
    fn a_reference_that_is_no_text_is_any_json() {
        let changes = vec!["degraded /components/schemas/A/properties/a".to_owned()];
        assert_eq!(
            referred(json!({"A": {"properties": {"a": {"$ref": 5, "title": "b"}}}})),
            (json!({"title": "b"}), changes)
        );
    }

    #[test]
    fn an_identifier_is_found() {
        for reference in
            ["https://example.test/b.json", "https://example.test/b.json#", "b.json", "./b.json", "b.json#node"]
        {
            let schemas = json!({
                "A": {"$id": "https://example.test/a.json", "properties": {"a": {"$ref": reference}}},
                "B": {"$id": "https://example.test/b.json", "$anchor": "node", "type": "object"},
            });
            assert_eq!(referred(schemas), (json!({"$ref": "#/components/schemas/B"}), vec![]), "{reference}");
        }
    }

    #[test]
    fn a_pointer_is_read_from_the_schema_around_it() {
        for (reference, found) in [("#", "A"), ("#/schemas/B", "B"), ("#/components/schemas/B", "B")] {
            let schemas = json!({"A": {"properties": {"a": {"$ref": reference}}}, "B": {}});
            assert_eq!(
                referred(schemas),
                (json!({"$ref": format!("#/components/schemas/{found}")}), vec![]),
                "{reference}"
            );
        }
    }

    #[test]
    fn a_recursive_reference_is_one_to_the_schema_around_it() {
        let node = json!({"$recursiveAnchor": true, "properties": {"a": {"$recursiveRef": "#"}}});
        assert_eq!(referred(json!({"A": node})).0, json!({"$ref": "#/components/schemas/A"}));
        let more = json!({"$recursiveAnchor": true, "allOf": [{"$ref": "#/components/schemas/A"}]});
        let (after, changes) = referred(json!({"A": node, "B": more}));
        assert_eq!(after, json!({}));
        assert_eq!(changes, ["degraded /components/schemas/A/properties/a"]);
    }

    #[test]
    fn what_cannot_be_known_here_is_left_alone() {
        for reference in ["other.json", "https://example.test/a", "#/components/schemas/Missing"] {
            let reference = json!({"$ref": reference});
            assert_eq!(referred(json!({"A": {"properties": {"a": reference}}})), (reference, vec![]));
        }
    }

    #[test]
    fn discriminators_are_followed() {
        let schema = json!({"properties": {"a": {"oneOf": [{"$ref": "#b"}], "discriminator": {"mapping": {"b": "#b", "c": "C"}}}}});
        let (after, _) = referred(json!({"A": schema, "B": {"$anchor": "b"}}));
        assert_eq!(after["discriminator"]["mapping"], json!({"b": "#/components/schemas/B", "c": "C"}));
    }
}
