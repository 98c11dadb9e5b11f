//! Brings the files that a document refers to into it. Outside its folder nothing is read, and nothing is fetched.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::pointer::percent_decoded;
use super::read::{self, Budget};
use super::report::{Refusal, Report, join, short};
use super::schemas::{FILES, METHODS};

/// The most files that a document may be split into.
const MOST: usize = 200;
/// The most references that are followed where OpenAPI allows none. A circle of them would grow without end.
const IRREGULAR: usize = 10_000;
/// A chain of references longer than this leads in a circle.
const CHAIN: usize = 16;

/// A document in one piece.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) document: Value,
    /// The files that it was made of, the main one first.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads a document's file and those that it refers to.
pub(crate) fn load(path: &Path, report: &mut Report) -> Result<Loaded, Refusal> {
    let whole = |reason| Refusal::new("", reason);
    let bytes = contents(path, path).map_err(whole)?;
    let real = path.canonicalize().map_err(|error| whole(unreadable(path, &error)))?;
    let mut bundle = Bundle::new(real.parent(), &real, report);
    let document = bundle.complete(&bytes)?;
    let brought = bundle.paths.into_iter().skip(1);
    Ok(Loaded { document, files: [path.to_owned()].into_iter().chain(brought).collect() })
}

/// Reads a document that is in no folder: it cannot refer to files.
pub(crate) fn parse_bytes(bytes: &[u8], report: &mut Report) -> Result<Value, Refusal> {
    Bundle::new(None, Path::new(""), report).complete(bytes)
}

/// Reads a file that is called `name` in messages. What is no regular file could keep the reader waiting forever.
fn contents(path: &Path, name: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| unreadable(name, &error);
    let about = fs::metadata(path).map_err(failed)?;
    if about.is_dir() {
        return Err(format!("`{}` is a folder: name the file in it", name.display()));
    }
    if !about.is_file() {
        return Err(format!("`{}` is no regular file: write the document to one", name.display()));
    }
    if about.len() > read::SIZE as u64 {
        return Err(read::too_large(about.len()));
    }
    let mut bytes = Vec::new();
    // Some files do not know their size.
    File::open(path).map_err(failed)?.take(read::SIZE as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn unreadable(name: &Path, error: &io::Error) -> String {
    format!("`{}` cannot be read: {error}", name.display())
}

/// A document on its way to one piece.
struct Bundle<'a> {
    /// No file outside of it is read.
    folder: Option<PathBuf>,
    /// The main file first. A file's place in this list is its name in the document.
    paths: Vec<PathBuf>,
    /// What the files say that were read since the last was looked through.
    pending: VecDeque<Value>,
    budget: Budget,
    report: &'a mut Report,
}

impl<'a> Bundle<'a> {
    fn new(folder: Option<&Path>, path: &Path, report: &'a mut Report) -> Self {
        let (folder, paths) = (folder.map(Path::to_owned), vec![path.to_owned()]);
        Self { folder, paths, pending: VecDeque::new(), budget: Budget::default(), report }
    }

    /// Reads the main file, follows its references and those of the files that they lead to, and puts all into one.
    fn complete(&mut self, main: &[u8]) -> Result<Value, Refusal> {
        self.pending.push_back(read::parse_within(main, &mut self.budget)?);
        let mut done = Vec::new();
        while let Some(mut next) = self.pending.pop_front() {
            let (number, role) = (done.len(), if done.is_empty() { Role::Object } else { Role::File });
            each_object(&mut next, "", role, &mut |pointer, role, fields| self.rewrite(number, pointer, role, fields))?;
            done.push(next);
        }
        let mut document = join_all(done)?;
        spread(&mut document, &mut self.budget)?;
        Ok(document)
    }

    /// Rewrites the references that stand directly in an object of a file.
    fn rewrite(&mut self, number: usize, pointer: &str, role: Role, fields: &mut Fields) -> Result<(), Refusal> {
        if let Some(Value::String(reference)) = fields.get_mut("$ref") {
            self.follow(number, &join(pointer, "$ref"), reference)?;
        }
        if role == Role::Names {
            return Ok(());
        }
        let mapping = fields.get_mut("discriminator").and_then(|discriminator| discriminator.get_mut("mapping"));
        for (name, to) in mapping.and_then(Value::as_object_mut).into_iter().flatten() {
            match to {
                Value::String(to) if is_reference(to) => {
                    self.follow(number, &join(&format!("{pointer}/discriminator/mapping"), name), to)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn follow(&mut self, number: usize, pointer: &str, reference: &mut String) -> Result<(), Refusal> {
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let target = match file {
            "" if number == 0 => return Ok(()),
            "" => Some(number),
            file => self.find(number, file).map_err(|reason| Refusal::new(self.place(number, pointer), reason))?,
        };
        *reference = match target {
            Some(target) => written(target, fragment),
            None => {
                let pointer = format!("{}{pointer}", written(number, "").trim_start_matches('#'));
                self.report.degraded(&pointer, short(&reference.as_str().into()), "any JSON: the file is not there");
                format!("#/{FILES}/missing")
            }
        };
        Ok(())
    }

    /// Finds the number of a file that another one refers to; there is none if the file does not exist.
    fn find(&mut self, from: usize, reference: &str) -> Result<Option<usize>, String> {
        let shown = short(&reference.into());
        let outside = || format!("{shown} points outside of the document's folder; nothing is fetched: {MEND}");
        let name = percent_decoded(reference).replace('\\', "/");
        if is_remote(&name) {
            return Err(outside());
        }
        let Some(folder) = &self.folder else {
            return Err(format!("{shown} is another file, and there is no folder to look in: {MEND}"));
        };
        let path = self.paths.get(from).and_then(|path| beside(path, &name)).filter(|path| path.starts_with(folder));
        let path = match path.ok_or_else(outside)?.canonicalize() {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            path => path.map_err(|error| format!("{shown} cannot be read: {error}"))?,
        };
        // It may have been a link.
        let inside = path.strip_prefix(folder).map_err(|_| outside())?.to_owned();
        match self.paths.iter().position(|known| *known == path) {
            Some(known) => Ok(Some(known)),
            None => self.bring(path, &inside).map(Some),
        }
    }

    fn bring(&mut self, path: PathBuf, name: &Path) -> Result<usize, String> {
        let number = self.paths.len();
        if number == MOST {
            return Err(format!("the document has more than {MOST} files: {MEND}"));
        }
        let unusable = |reason: String| format!("`{}` cannot be used: {reason}", name.display());
        let bytes = contents(&path, name).map_err(unusable)?;
        let document = read::parse_within(&bytes, &mut self.budget).map_err(|refusal| unusable(refusal.to_string()))?;
        self.report.adapted(
            &format!("/{FILES}/{number}"),
            format!("the file {}", name.display()),
            "a part of this one",
        );
        self.pending.push_back(document);
        self.paths.push(path);
        Ok(number)
    }

    /// Names a place: for the main file by its pointer, for another one by its name too.
    fn place(&self, number: usize, pointer: &str) -> String {
        match (number, &self.folder, self.paths.get(number)) {
            (1.., Some(folder), Some(path)) => {
                format!("{}#{pointer}", path.strip_prefix(folder).unwrap_or(path).display())
            }
            _ => pointer.to_owned(),
        }
    }
}

const MEND: &str = "bundle it into one file first";

/// Writes a reference into a file that is a part of the document.
fn written(number: usize, fragment: &str) -> String {
    let file = if number == 0 { "#".to_owned() } else { format!("#/{FILES}/{number}") };
    match fragment.strip_prefix('/').unwrap_or(fragment) {
        "" => file,
        pointer => format!("{file}/{pointer}"),
    }
}

/// Tells whether a discriminator names a schema by a reference.
fn is_reference(to: &str) -> bool {
    to.contains(['#', '/']) || [".json", ".yaml", ".yml"].iter().any(|end| to.ends_with(end))
}

/// Tells whether a reference has a scheme or a host.
fn is_remote(name: &str) -> bool {
    let scheme = name.split_once(':').map(|(scheme, _)| scheme);
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    name.starts_with("//") || scheme.is_some_and(|scheme| !scheme.is_empty() && scheme.bytes().all(is_of_scheme))
}

/// Finds where a reference leads, by its text alone.
fn beside(path: &Path, name: &str) -> Option<PathBuf> {
    let mut path = path.parent().filter(|_| !name.starts_with('/'))?.to_owned();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if path.pop() => {}
            ".." => return None,
            part => path.push(part),
        }
    }
    Some(path)
}

/// Puts the files under their numbers into the first.
fn join_all(files: Vec<Value>) -> Result<Value, Refusal> {
    let mut files = files.into_iter();
    let mut document = files.next().unwrap_or_default();
    let others: Fields = (1..).zip(files).map(|(number, file)| (format!("{number}"), file)).collect();
    match document.as_object_mut() {
        Some(fields) if !others.is_empty() => match fields.insert(FILES.to_owned(), others.into()) {
            Some(_) => Err(Refusal::new(join("", FILES), "the document has this field already: take it out")),
            None => Ok(document),
        },
        _ => Ok(document),
    }
}

/// Puts what it leads to in the place of each reference that OpenAPI does not allow, but that documents have all the same:
/// `paths: {$ref: paths.yaml}`.
fn spread(document: &mut Value, budget: &mut Budget) -> Result<(), Refusal> {
    let source = document.clone();
    let mut left = IRREGULAR;
    each_object(document, "", Role::Object, &mut |pointer, role, fields| match role {
        Role::Names | Role::Fixed => {
            expand(&source, pointer, fields, budget, &mut left).map_err(|reason| Refusal::new(pointer, reason))
        }
        Role::Object | Role::File => Ok(()),
    })
}

fn expand(
    source: &Value,
    pointer: &str,
    fields: &mut Fields,
    budget: &mut Budget,
    left: &mut usize,
) -> Result<(), String> {
    for _ in 0..CHAIN {
        let reference = fields.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        let target = reference.and_then(|to| source.pointer(to).or_else(|| source.pointer(&percent_decoded(to))));
        let Some(target @ Value::Object(inside)) = target else { break };
        let (weight, height) = read::measure(target);
        // Of a circle, what would be too deep stays a reference.
        if pointer.matches('/').count() + height > read::DEPTH {
            break;
        }
        budget.take_nodes(weight)?;
        *left = left
            .checked_sub(1)
            .ok_or("its references go in a circle where OpenAPI allows none: write out what is meant")?;
        fields.remove("$ref");
        for (name, value) in inside {
            fields.entry(name).or_insert_with(|| value.clone());
        }
    }
    Ok(())
}

type Fields = Map<String, Value>;

/// What an object is, as far as it says which of its fields hold references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Its fields are OpenAPI's.
    Object,
    /// They are, and no reference may stand in its place.
    Fixed,
    /// It is the whole of a file: its fields are OpenAPI's, or names.
    File,
    /// Its fields are the document's own names, and no reference may stand in its place.
    Names,
}

impl Role {
    /// Returns the role of what a field holds, or none if that is data, where nothing is a reference.
    fn inside(self, field: &str) -> Option<Self> {
        const DATA: [&str; 5] = ["example", "examples", "default", "enum", "const"];
        match field {
            _ if self == Self::Names => Some(Self::Object),
            // A list of answers has one of this name.
            "default" if self == Self::File => Some(Self::Object),
            FILES => Some(Self::Names),
            _ if DATA.contains(&field) || field.starts_with("x-") => None,
            _ if NAMES.contains(&field) => Some(Self::Names),
            "components" | "info" => Some(Self::Fixed),
            _ if METHODS.contains(&field) => Some(Self::Fixed),
            _ => Some(Self::Object),
        }
    }
}

/// The fields whose own fields are names.
const NAMES: [&str; 19] = [
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "dependentSchemas",
    "encoding",
    "headers",
    "links",
    "mediaTypes",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "webhooks",
];

type Visit<'v> = dyn FnMut(&str, Role, &mut Fields) -> Result<(), Refusal> + 'v;

/// Visits each object that may hold references, before those inside it, which are looked for in what the visit leaves.
fn each_object(value: &mut Value, pointer: &str, role: Role, visit: &mut Visit<'_>) -> Result<(), Refusal> {
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter_mut().enumerate().filter(|(_, item)| holds_values(item)) {
                each_object(item, &join(pointer, &number.to_string()), Role::Object, visit)?;
            }
        }
        Value::Object(fields) => {
            visit(pointer, role, fields)?;
            for (name, inside) in fields.iter_mut().filter(|(_, inside)| holds_values(inside)) {
                if let Some(role) = role.inside(name) {
                    each_object(inside, &join(pointer, name), role, visit)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn holds_values(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

#[cfg(test)]
mod tests {
    use std::process;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    /// A folder of its own for each test, gone when dropped. The document's folder is `api` in it.
    struct Folder(PathBuf);

    impl Folder {
        fn of(files: &[(&str, &str)]) -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let name = format!("menage-files-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let folder = Self(std::env::temp_dir().canonicalize().unwrap().join(name));
            fs::create_dir_all(folder.api()).unwrap();
            for (name, text) in files {
                let path = folder.api().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            folder
        }

        fn api(&self) -> PathBuf {
            self.0.join("api")
        }

        fn load(&self) -> Result<(Loaded, Report), Refusal> {
            let mut report = Report::default();
            load(&self.api().join("main.json"), &mut report).map(|loaded| (loaded, report))
        }

        fn refusal(&self) -> String {
            self.load().unwrap_err().to_string()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn lines(report: &Report) -> Vec<String> {
        report.changes().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_document_of_one_file_is_read_as_it_is() {
        let text = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#"}, "c": {"properties": {"$ref": {"type": "string"}}}});
        let folder = Folder::of(&[("main.json", &text.to_string())]);
        let (Loaded { document, files }, report) = folder.load().unwrap();
        assert_eq!(document, text);
        assert_eq!(files, [folder.api().join("main.json")]);
        assert_eq!(lines(&report), [""; 0]);
    }

    #[test]
    fn files_become_a_part_of_the_document_with_their_own_references() {
        let folder = Folder::of(&[
            (
                "main.json",
                r##"{"a": {"$ref": "./common.yaml#/X"}, "b": {"$ref": "schemas/M%C3%A9nage.json"}, "c": {"$ref": "#/a"}}"##,
            ),
            (
                "common.yaml",
                "X: {$ref: '#/Y~1Z'}\nY/Z: {$ref: '.\\schemas\\Ménage.json#/properties'}\nW: {$ref: 'main.json#/a'}\n",
            ),
            (
                "schemas/Ménage.json",
                r##"{"items": {"$ref": "#"}, "v": {"$ref": "../common.yaml"}, "w": {"$ref": "../main.json"}}"##,
            ),
        ]);
        let (Loaded { document, files }, report) = folder.load().unwrap();
        assert_eq!(
            document,
            json!({
                "a": {"$ref": "#/x-menage-files/1/X"}, "b": {"$ref": "#/x-menage-files/2"}, "c": {"$ref": "#/a"},
                "x-menage-files": {
                    "1": {
                        "X": {"$ref": "#/x-menage-files/1/Y~1Z"},
                        "Y/Z": {"$ref": "#/x-menage-files/2/properties"},
                        "W": {"$ref": "#/a"},
                    },
                    "2": {
                        "items": {"$ref": "#/x-menage-files/2"},
                        "v": {"$ref": "#/x-menage-files/1"},
                        "w": {"$ref": "#"},
                    },
                },
            })
        );
        let names = ["main.json", "common.yaml", "schemas/Ménage.json"];
        assert_eq!(files, names.map(|name| folder.api().join(name)));
        assert_eq!(
            lines(&report),
            [
                "adapted by  at /x-menage-files/1: the file common.yaml -> a part of this one",
                "adapted by  at /x-menage-files/2: the file schemas/Ménage.json -> a part of this one",
            ]
        );
    }

    #[test]
    fn data_holds_no_references() {
        let data = json!({"$ref": "https://example.test/"});
        let text = json!({
            "a": {"example": data, "examples": [data], "default": data, "enum": [data], "const": data, "x-b": data},
            "b": {"$ref": {"$ref": 1}},
        });
        let folder = Folder::of(&[("main.json", &text.to_string())]);
        assert_eq!(folder.load().unwrap().0.document, text);
    }

    #[test]
    fn names_that_look_like_data_hold_references() {
        let other = json!({"$ref": "other.json"});
        let text = json!({
            "responses": {"default": other},
            "schemas": {"x-a": {"properties": {"enum": other, "example": {"items": other}}}},
        });
        let folder =
            Folder::of(&[("main.json", &text.to_string()), ("other.json", r##"{"default": {"$ref": "#/a"}}"##)]);
        let document = folder.load().unwrap().0.document;
        for pointer in ["/responses/default", "/schemas/x-a/properties/enum", "/schemas/x-a/properties/example/items"] {
            assert_eq!(document.pointer(pointer), Some(&json!({"$ref": "#/x-menage-files/1"})), "{pointer}");
        }
        assert_eq!(document["x-menage-files"]["1"]["default"], json!({"$ref": "#/x-menage-files/1/a"}));
    }

    #[test]
    fn a_discriminator_may_refer_to_files() {
        let mapping =
            |values: [&str; 3]| json!({"discriminator": {"mapping": {"a": values[0], "b": values[1], "c": values[2]}}});
        let folder = Folder::of(&[
            ("main.json", &json!({"s": mapping(["Named", "b.json", "#/s"]), "t": {"$ref": "b.json"}}).to_string()),
            ("b.json", &mapping(["Named", "./b.json#/x", "#/y"]).to_string()),
        ]);
        let document = folder.load().unwrap().0.document;
        assert_eq!(document["s"], mapping(["Named", "#/x-menage-files/1", "#/s"]));
        assert_eq!(document["x-menage-files"]["1"], mapping(["Named", "#/x-menage-files/1/x", "#/x-menage-files/1/y"]));
    }

    #[test]
    fn a_reference_is_followed_where_openapi_allows_none() {
        let folder = Folder::of(&[
            (
                "main.json",
                r#"{"paths": {"$ref": "paths.yaml"}, "components": {"schemas": {"$ref": "schemas.yaml#/all"}}}"#,
            ),
            ("paths.yaml", "/a: {get: {$ref: 'get.yaml'}, post: {operationId: b}}"),
            ("get.yaml", "operationId: a\nresponses: {200: {$ref: '#/x'}}"),
            ("schemas.yaml", "all: {A: {properties: {$ref: '#/all/A/properties'}}, B: {$ref: '#/all/A'}}"),
        ]);
        let document = folder.load().unwrap().0.document;
        assert_eq!(
            document["paths"],
            json!({"/a": {
                "get": {"operationId": "a", "responses": {"200": {"$ref": "#/x-menage-files/3/x"}}},
                "post": {"operationId": "b"},
            }})
        );
        assert_eq!(
            document["components"],
            json!({"schemas": {
                "A": {"properties": {"$ref": "#/x-menage-files/2/all/A/properties"}},
                "B": {"$ref": "#/x-menage-files/2/all/A"},
            }})
        );
    }

    #[test]
    fn a_circle_of_such_references_ends() {
        let linear = r##"{"a": {"properties": {"b": {"properties": {"$ref": "#/a/properties"}}}}}"##;
        let folder = Folder::of(&[("main.json", linear)]);
        assert!(folder.load().unwrap().0.document.to_string().contains("$ref"));
        let inside = r##"{"properties": {"$ref": "#/a/properties"}}"##;
        let double = format!(r#"{{"a": {{"properties": {{"b": {inside}, "c": {inside}}}}}}}"#);
        let folder = Folder::of(&[("main.json", &double)]);
        assert!(folder.refusal().contains("its references go in a circle"), "{}", folder.refusal());
    }

    #[test]
    fn what_leads_outside_is_refused() {
        for reference in [
            "http://example.test/a.json",
            "HTTPS://example.test/a.json#/a",
            "//example.test/a.json",
            "\\\\example.test\\a.json",
            "file:a.json",
            "file:///etc/passwd",
            "C:\\a.json",
            "/etc/passwd",
            "%2Fetc/passwd",
            "../secret.json",
            "..%2fsecret.json",
            "a/../../secret.json",
            "../../../../../../../../../../../../etc/passwd",
            "link.json",
            "folder/secret.json",
        ] {
            let text = json!({"paths": {"/a": {"get": {"$ref": reference}}}}).to_string();
            let folder = Folder::of(&[("main.json", &text), ("../secret.json", "{}")]);
            #[cfg(unix)]
            {
                std::os::unix::fs::symlink("../secret.json", folder.api().join("link.json")).unwrap();
                std::os::unix::fs::symlink("..", folder.api().join("folder")).unwrap();
            }
            #[cfg(not(unix))]
            if ["link.json", "folder/secret.json"].contains(&reference) {
                continue;
            }
            let file = short(&reference.trim_end_matches("#/a").into());
            assert_eq!(
                folder.refusal(),
                format!(
                    "at /paths/~1a/get/$ref: {file} points outside of the document's folder; nothing is fetched: \
                     bundle it into one file first"
                )
            );
        }
    }

    #[test]
    fn a_refusal_names_the_file_that_holds_the_reference() {
        let folder = Folder::of(&[
            ("main.json", r#"{"a": {"$ref": "b/c.json"}}"#),
            ("b/c.json", r#"{"d": {"$ref": "../../e"}}"#),
        ]);
        assert!(
            folder.refusal().starts_with("at b/c.json#/d/$ref: \"../../e\" points outside"),
            "{}",
            folder.refusal()
        );
    }

    #[test]
    fn a_way_round_that_ends_inside_is_none_outside() {
        let folder = Folder::of(&[("main.json", r#"{"a": {"$ref": "../api/./b//c.json"}}"#), ("b/c.json", "{}")]);
        assert_eq!(folder.load().unwrap().0.document["a"], json!({"$ref": "#/x-menage-files/1"}));
    }

    #[test]
    fn a_missing_file_leaves_a_reference_to_nothing() {
        let folder = Folder::of(&[
            ("main.json", r#"{"a": {"$ref": "b.json"}, "c": {"$ref": "none/d.json#/e"}, "f": {"$ref": "b.json/g"}}"#),
            ("b.json", r#"{"h": {"$ref": "i"}}"#),
        ]);
        let (Loaded { document, files }, report) = folder.load().unwrap();
        let missing = json!({"$ref": "#/x-menage-files/missing"});
        assert_eq!((&document["c"], &document["f"]), (&missing, &missing));
        assert_eq!(document["x-menage-files"], json!({"1": {"h": missing}}));
        assert_eq!(files.len(), 2);
        assert_eq!(
            lines(&report),
            [
                "adapted by  at /x-menage-files/1: the file b.json -> a part of this one",
                "degraded by  at /c/$ref: \"none/d.json#/e\" -> any JSON: the file is not there",
                "degraded by  at /f/$ref: \"b.json/g\" -> any JSON: the file is not there",
                "degraded by  at /x-menage-files/1/h/$ref: \"i\" -> any JSON: the file is not there",
            ]
        );
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let main = ("main.json", r#"{"a": {"$ref": "b"}}"#);
        let folder = Folder::of(&[main, ("b", "{\"a\":\n 1,}")]);
        assert_eq!(
            folder.refusal(),
            "at /a/$ref: `b` cannot be used: at line 2, column 4: it is not valid JSON: trailing comma"
        );
        let folder = Folder::of(&[main, ("b/c", "")]);
        assert_eq!(folder.refusal(), "at /a/$ref: `b` cannot be used: `b` is a folder: name the file in it");
    }

    #[test]
    fn the_main_file_is_named_when_it_cannot_be_read() {
        let folder = Folder::of(&[]);
        let main = folder.api().join("main.json").display().to_string();
        assert!(folder.refusal().starts_with(&format!("`{main}` cannot be read: ")), "{}", folder.refusal());
        fs::create_dir(&main).unwrap();
        assert_eq!(folder.refusal(), format!("`{main}` is a folder: name the file in it"));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let refusal = load(Path::new("/dev/zero"), &mut Report::default()).unwrap_err();
        assert_eq!(refusal.to_string(), "`/dev/zero` is no regular file: write the document to one");
        let folder = Folder::of(&[("main.json", r#"{"a": {"$ref": "pipe"}}"#)]);
        let _socket = std::os::unix::net::UnixListener::bind(folder.api().join("pipe")).unwrap();
        assert!(folder.refusal().contains("`pipe` is no regular file"), "{}", folder.refusal());
    }

    #[test]
    fn the_files_share_the_limits() {
        let large = format!("{{\"a\": \"{}\"}}", "-".repeat(read::SIZE / 2));
        let folder = Folder::of(&[
            ("main.json", r#"{"a": {"$ref": "b.json"}, "c": {"$ref": "d.json"}}"#),
            ("b.json", &large),
            ("d.json", &large),
        ]);
        assert!(
            folder.refusal().contains("at /c/$ref: `d.json` cannot be used: 16.1 MiB are more"),
            "{}",
            folder.refusal()
        );
        File::create(folder.api().join("main.json")).unwrap().set_len(50 << 20).unwrap();
        assert!(folder.refusal().starts_with("50.0 MiB are more than is read"), "{}", folder.refusal());
    }

    #[test]
    fn a_document_has_at_most_so_many_files() {
        let names: Vec<String> = (1..=MOST).map(|number| format!("{number}.json")).collect();
        let references: Vec<Value> = names.iter().map(|name| json!({"$ref": name})).collect();
        let main = json!({"a": references}).to_string();
        let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "{}")).collect();
        files.push(("main.json", &main));
        assert_eq!(
            Folder::of(&files).refusal(),
            "at /a/199/$ref: the document has more than 200 files: bundle it into one file first"
        );
    }

    #[test]
    fn the_name_under_which_files_are_put_must_be_free() {
        let folder = Folder::of(&[("main.json", r#"{"a": {"$ref": "b"}, "x-menage-files": {}}"#), ("b", "{}")]);
        assert_eq!(folder.refusal(), "at /x-menage-files: the document has this field already: take it out");
    }

    #[test]
    fn without_a_folder_no_file_is_referred_to() {
        let read =
            |text: &str| parse_bytes(text.as_bytes(), &mut Report::default()).map_err(|refusal| refusal.to_string());
        assert_eq!(read(r##"{"a": {"$ref": "#/b"}}"##), Ok(json!({"a": {"$ref": "#/b"}})));
        assert_eq!(
            read(r#"{"a": {"$ref": "b.json"}}"#).unwrap_err(),
            "at /a/$ref: \"b.json\" is another file, and there is no folder to look in: bundle it into one file first"
        );
        assert!(read(r#"{"a": {"$ref": "http:b"}}"#).unwrap_err().contains("nothing is fetched"));
    }
}
