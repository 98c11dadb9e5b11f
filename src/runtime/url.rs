//! The address of a call, from the document's path and the arguments.

use std::fmt;
use std::ops::Range;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use super::query::Query;
use super::text::{Argument, encode};

/// What the document's own text must not bring into an address: the start of a fragment, and what a parser of URLs drops or
/// takes for a slash.
const NO_TEMPLATE: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'\\');

/// The length that few paths and queries exceed: up to it, an address does not move in memory while it grows.
const USUAL_LENGTH: usize = 64;

/// How a path argument is written ([RFC 6570, 3.2](https://www.rfc-editor.org/rfc/rfc6570#section-3.2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStyle {
    /// `a,b`
    Simple,
    /// `.a,b`
    Label,
    /// `;name=a,b`
    Matrix,
}

/// An address that is being put together.
///
/// No argument can lead out of the place that the document gave it: it is encoded to the last reserved character, it is never
/// empty, and it never makes a segment `.` or `..`, which every parser of URLs would resolve.
#[must_use = "`finish` returns the address"]
pub struct Url {
    text: String,
    /// Where the path begins.
    path: usize,
    arguments: Vec<(&'static str, Range<usize>)>,
    failed: Option<String>,
}

impl Url {
    /// Begins with the base address, which has no slash at its end.
    pub fn new(base: &str) -> Self {
        let mut text = String::with_capacity(base.len() + USUAL_LENGTH);
        text.push_str(base);
        Self { text, path: base.len(), arguments: Vec::new(), failed: None }
    }

    /// Appends text of the document as it is. Only what would end the path is encoded; a `?` begins the query.
    pub fn text(mut self, constant: &str) -> Self {
        if self.text.len() == self.path && !constant.starts_with('/') {
            // `https://host` and `@other` would be another host.
            self.text.push('/');
        }
        self.text.extend(utf8_percent_encode(constant, NO_TEMPLATE));
        self
    }

    /// Appends a path argument.
    pub fn value(self, name: &'static str, style: PathStyle, explode: bool, value: &(impl Serialize + ?Sized)) -> Self {
        match Argument::of(value) {
            Err(_) => self.fail(format!("path argument `{name}` does not convert")),
            Ok(argument) if argument.joined("", "").is_empty() => self.fail(format!("path argument `{name}` is empty")),
            Ok(argument) => self.argument(name, &expand(name, style, explode, argument.map(encode))),
        }
    }

    /// Appends a query argument.
    pub fn query(mut self, query: &Query) -> Self {
        match query.encoded() {
            Err(failure) => return self.fail(failure.to_owned()),
            Ok(pairs) => pairs.for_each(|pair| {
                self.text.push(if self.text[self.path..].contains('?') { '&' } else { '?' });
                self.text.push_str(&pair);
            }),
        }
        self
    }

    /// Returns the address.
    ///
    /// # Errors
    ///
    /// Fails, naming the argument and not its value, if one is empty, does not convert or would lead to another path.
    pub fn finish(self) -> Result<String, String> {
        let astray = self
            .astray()
            .map(|name| format!("path argument `{name}` is `.` or `..`, which would lead to another path"));
        match self.failed.or(astray) {
            Some(failure) => Err(failure),
            None => Ok(self.text),
        }
    }

    fn argument(mut self, name: &'static str, text: &str) -> Self {
        if self.text.len() == self.path {
            self.text.push('/');
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.arguments.push((name, start..self.text.len()));
        self
    }

    /// Keeps the first failure.
    fn fail(mut self, failure: String) -> Self {
        self.failed.get_or_insert(failure);
        self
    }

    /// Finds an argument that makes a segment of dots.
    fn astray(&self) -> Option<&'static str> {
        if self.arguments.is_empty() {
            return None;
        }
        let mut start = self.path;
        let path = self.text.get(start..)?.split('?').next()?;
        for segment in path.split('/') {
            let range = start..start + segment.len();
            if let Some((name, _)) = self.arguments.iter().find(|(_, argument)| overlap(argument, &range))
                && is_dots(segment)
            {
                return Some(name);
            }
            start = range.end + 1;
        }
        None
    }
}

impl fmt::Debug for Url {
    /// Shows no argument.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Url").field("failed", &self.failed).finish_non_exhaustive()
    }
}

/// Writes an argument whose parts are encoded already.
fn expand(name: &str, style: PathStyle, explode: bool, argument: Argument) -> String {
    match (style, explode) {
        (PathStyle::Simple, _) => argument.simple(explode),
        (PathStyle::Label, true) => format!(".{}", argument.joined("=", ".")),
        (PathStyle::Label, false) => format!(".{}", argument.joined(",", ",")),
        (PathStyle::Matrix, true) => exploded_matrix(&encode(name), argument),
        (PathStyle::Matrix, false) => format!(";{}={}", encode(name), argument.joined(",", ",")),
    }
}

fn exploded_matrix(name: &str, argument: Argument) -> String {
    let pairs = match argument {
        Argument::Object(fields) => fields,
        Argument::List(items) => items.into_iter().map(|item| (name.to_owned(), item)).collect(),
        argument => vec![(name.to_owned(), argument.joined("", ""))],
    };
    pairs.iter().map(|(name, value)| format!(";{name}={value}")).collect()
}

/// Tells whether a parser of URLs resolves a segment. To it `%2e` is a dot.
fn is_dots(segment: &str) -> bool {
    matches!(segment.replace("%2e", ".").replace("%2E", ".").as_str(), "." | "..")
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::query::QueryStyle;
    use super::*;

    const BASE: &str = "https://host/api";

    fn url() -> Url {
        Url::new(BASE).text("/things/")
    }

    fn simple(value: &Value) -> Result<String, String> {
        url().value("id", PathStyle::Simple, false, value).finish()
    }

    #[test]
    fn a_path_without_arguments_is_the_documents() {
        for (path, wanted) in [
            ("/things", "https://host/api/things"),
            ("/choses/été", "https://host/api/choses/%C3%A9t%C3%A9"),
            ("/a%20b", "https://host/api/a%20b"),
            ("/things?kind=a", "https://host/api/things?kind=a"),
            ("/things#part", "https://host/api/things%23part"),
            ("/a b\\c\td", "https://host/api/a%20b%5Cc%09d"),
            ("/../up", "https://host/api/../up"),
            ("", "https://host/api/"),
        ] {
            assert_eq!(Url::new(BASE).text(path).finish().as_deref(), Ok(wanted), "{path}");
        }
    }

    #[test]
    fn a_path_without_a_slash_cannot_change_the_host() {
        let url = |path| Url::new("https://host").text(path).finish();
        assert_eq!(url("@other/x").as_deref(), Ok("https://host/@other/x"));
        assert_eq!(url(".other").as_deref(), Ok("https://host/.other"));
        let argument = Url::new("https://host").value("id", PathStyle::Label, false, "other").finish();
        assert_eq!(argument.as_deref(), Ok("https://host/.other"));
    }

    #[test]
    fn each_style_is_written_as_openapi_says() {
        let list = json!(["blue", "black"]);
        let object = json!({ "r": 100, "s": null, "t": "x/y" });
        for (style, explode, value, wanted) in [
            (PathStyle::Simple, false, &json!("blue"), "blue"),
            (PathStyle::Simple, false, &list, "blue,black"),
            (PathStyle::Simple, true, &list, "blue,black"),
            (PathStyle::Simple, false, &object, "r,100,t,x%2Fy"),
            (PathStyle::Simple, true, &object, "r=100,t=x%2Fy"),
            (PathStyle::Label, false, &json!(5), ".5"),
            (PathStyle::Label, false, &list, ".blue,black"),
            (PathStyle::Label, true, &list, ".blue.black"),
            (PathStyle::Label, false, &object, ".r,100,t,x%2Fy"),
            (PathStyle::Label, true, &object, ".r=100.t=x%2Fy"),
            (PathStyle::Matrix, false, &json!(true), ";i%20d=true"),
            (PathStyle::Matrix, true, &json!(true), ";i%20d=true"),
            (PathStyle::Matrix, false, &list, ";i%20d=blue,black"),
            (PathStyle::Matrix, true, &list, ";i%20d=blue;i%20d=black"),
            (PathStyle::Matrix, false, &object, ";i%20d=r,100,t,x%2Fy"),
            (PathStyle::Matrix, true, &object, ";r=100;t=x%2Fy"),
        ] {
            let url = url().value("i d", style, explode, value).text("/end").finish();
            assert_eq!(url, Ok(format!("{BASE}/things/{wanted}/end")), "{style:?} {explode} {value}");
        }
    }

    #[test]
    fn an_argument_stays_in_its_segment() {
        for (value, wanted) in [
            ("a/b", "a%2Fb"),
            ("../up", "..%2Fup"),
            ("a?b#c", "a%3Fb%23c"),
            ("%2e%2e", "%252e%252e"),
            ("a\\b", "a%5Cb"),
            ("a,b", "a%2Cb"),
            (" é\r\n", "%20%C3%A9%0D%0A"),
            ("...", "..."),
            ("a-b_c~d.e", "a-b_c~d.e"),
        ] {
            assert_eq!(simple(&json!(value)), Ok(format!("{BASE}/things/{wanted}")), "{value}");
        }
        assert_eq!(simple(&json!(["a,b", "c"])).as_deref(), Ok("https://host/api/things/a%2Cb,c"));
    }

    #[test]
    fn an_empty_argument_is_refused() {
        for value in [json!(""), json!(null), json!([]), json!([null]), json!([""]), json!({}), json!({ "r": null })] {
            assert_eq!(simple(&value), Err("path argument `id` is empty".to_owned()), "{value}");
        }
    }

    #[test]
    fn dots_that_would_lead_elsewhere_are_refused() {
        let refusal = |name| Err(format!("path argument `{name}` is `.` or `..`, which would lead to another path"));
        for value in [json!("."), json!(".."), json!([".."])] {
            assert_eq!(simple(&value), refusal("id"), "{value}");
        }
        let argument = |url: Url, name, style, value: &str| url.value(name, style, false, value);
        let two = argument(argument(url(), "a", PathStyle::Simple, "."), "b", PathStyle::Simple, ".");
        assert_eq!(two.text("/end").finish(), refusal("a"));
        assert_eq!(argument(url(), "id", PathStyle::Label, ".").finish(), refusal("id"));
        for before in ["/x/.", "/x/%2e", "/x/%2E"] {
            let mixed = argument(Url::new(BASE).text(before), "id", PathStyle::Simple, ".");
            assert_eq!(mixed.finish(), refusal("id"), "{before}");
        }
        let query =
            argument(url().text("x").query(&Query::new("q", QueryStyle::Json, &1)), "b", PathStyle::Simple, ".");
        assert_eq!(query.finish().as_deref(), Ok("https://host/api/things/x?q=1."));
    }

    #[test]
    fn dots_of_the_document_or_in_the_query_are_its_own_affair() {
        let url = |before| Url::new(BASE).text(before).value("id", PathStyle::Simple, false, ".x").finish();
        assert_eq!(url("/./").as_deref(), Ok("https://host/api/./.x"));
        let folder = Url::new(BASE).text("/files?in=/").value("in", PathStyle::Simple, false, "..").finish();
        assert_eq!(folder.as_deref(), Ok("https://host/api/files?in=/.."));
    }

    #[test]
    fn dots_beside_other_text_are_harmless() {
        let file = url().text("report").value("ext", PathStyle::Label, false, "pdf").finish();
        assert_eq!(file.as_deref(), Ok("https://host/api/things/report.pdf"));
        let version = url().text("v").value("id", PathStyle::Simple, false, "..").finish();
        assert_eq!(version.as_deref(), Ok("https://host/api/things/v.."));
    }

    #[test]
    fn every_address_is_read_by_reqwest_as_it_was_written() {
        for value in ["a/../b", "..%2f..", "%2e%2e/", "\\..\\", "\t..", "..;", "é ?#[]@!$&'()*+,;=|^`{}\"<>"] {
            let written = simple(&json!(value)).unwrap();
            assert_eq!(reqwest::Url::parse(&written).unwrap().as_str(), written, "{value}");
        }
    }

    #[test]
    fn the_query_follows_the_path() {
        let form = QueryStyle::Form { explode: false };
        let queries = |url: Url| {
            url.query(&Query::new("ids", form, &[1, 2]))
                .query(&Query::new("none", form, &None::<u8>))
                .query(&Query::new("name", form, "x y"))
                .finish()
        };
        let wanted = "https://host/api/things?ids=1,2&name=x%20y";
        assert_eq!(queries(Url::new(BASE).text("/things")).as_deref(), Ok(wanted));
        assert_eq!(reqwest::Url::parse(wanted).unwrap().as_str(), wanted);
        let wanted = "https://host/api/things?kind=a&ids=1,2&name=x%20y";
        assert_eq!(queries(Url::new(BASE).text("/things?kind=a")).as_deref(), Ok(wanted));
    }

    #[test]
    fn the_first_failure_is_told_and_nothing_is_shown() {
        let stubborn = std::collections::HashMap::from([(vec!["hush-hush"], 1)]);
        let url = url().value("one", PathStyle::Simple, false, &stubborn).value("two", PathStyle::Simple, false, "");
        let shown = format!("{url:?}");
        assert_eq!(shown, r#"Url { failed: Some("path argument `one` does not convert"), .. }"#);
        assert_eq!(url.finish(), Err("path argument `one` does not convert".to_owned()));
        let query = Query::new("q", QueryStyle::Json, &stubborn);
        assert_eq!(Url::new(BASE).query(&query).finish(), Err("query argument `q` does not convert".to_owned()));
    }

    /// Draws the same numbers in each run.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % end
        }

        fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
            all[self.below(all.len())]
        }

        /// Draws from all of ASCII, from the rest, and most often from what means something in an address.
        fn letter(&mut self) -> char {
            match self.below(4) {
                0 => char::from(u8::try_from(self.below(128)).unwrap()),
                1 => self.one_of(&['é', '\u{a0}', '．', '／', '\u{feff}', '𝛼']),
                _ => self.one_of(&['.', '.', '/', '\\', '%', '2', 'e', 'E', '?', '#', ';', ',', '=', '@', ' ', '\t']),
            }
        }

        fn text(&mut self) -> String {
            (0..self.below(5)).map(|_| self.letter()).collect()
        }
    }

    /// An address under way, and what each of its segments is to say.
    struct Drawn {
        url: Url,
        segments: Vec<String>,
        is_empty: bool,
    }

    impl Drawn {
        /// Begins with a base address.
        fn new(base: &str) -> Self {
            Self { url: Url::new(base), segments: segments(base), is_empty: false }
        }

        fn text(mut self, text: &str) -> Self {
            let decoded = text.replace("%2E", ".");
            let (first, more) = decoded.split_once('/').map_or((&*decoded, None), |(first, more)| (first, Some(more)));
            self.append(first);
            self.segments.extend(more.into_iter().flat_map(|more| more.split('/')).map(str::to_owned));
            Self { url: self.url.text(text), ..self }
        }

        fn argument(mut self, style: PathStyle, explode: bool, items: &[String]) -> Self {
            self.append(&plain(style, explode, items));
            self.is_empty |= items.concat().is_empty();
            let url = match items {
                [item] => self.url.value("id", style, explode, item),
                items => self.url.value("id", style, explode, items),
            };
            Self { url, ..self }
        }

        fn append(&mut self, text: &str) {
            if let Some(last) = self.segments.last_mut() {
                last.push_str(text);
            }
        }
    }

    /// Writes texts as OpenAPI says, and encodes nothing.
    fn plain(style: PathStyle, explode: bool, items: &[String]) -> String {
        match (style, explode) {
            (PathStyle::Simple, _) => items.join(","),
            (PathStyle::Label, true) => format!(".{}", items.join(".")),
            (PathStyle::Label, false) => format!(".{}", items.join(",")),
            (PathStyle::Matrix, true) => items.iter().map(|item| format!(";id={item}")).collect(),
            (PathStyle::Matrix, false) => format!(";id={}", items.join(",")),
        }
    }

    /// Reads what the segments of an address say.
    fn segments(address: &str) -> Vec<String> {
        let url = reqwest::Url::parse(address).unwrap();
        let decoded = |segment| percent_encoding::percent_decode_str(segment).decode_utf8().unwrap().into_owned();
        url.path_segments().unwrap().map(decoded).collect()
    }

    /// Puts one to three arguments between texts of the document.
    fn drawn(dice: &mut Dice, base: &str) -> Drawn {
        let mut drawn = Drawn::new(base).text(dice.one_of(&["/", "/a/", "/.", "/%2E", "/é;"]));
        for number in 0..=dice.below(3) {
            if number > 0 {
                drawn = drawn.text(dice.one_of(&["/", "/b/", "/.", "/%2E", "-", "."]));
            }
            let style = dice.one_of(&[PathStyle::Simple, PathStyle::Label, PathStyle::Matrix]);
            let items: Vec<_> = (0..=dice.below(2)).map(|_| dice.text()).collect();
            drawn = drawn.argument(style, dice.below(2) == 0, &items);
        }
        drawn.text(dice.one_of(&["", "/", "/end"]))
    }

    #[test]
    fn any_argument_is_refused_or_stays_in_its_segment() {
        let mut dice = Dice(1);
        for _ in 0..4_000 {
            let base = dice.one_of(&[BASE, "http://127.0.0.1:8080/x", "https://[::1]:8443/a%20b/c"]);
            let Drawn { url, segments: wanted, is_empty } = drawn(&mut dice, base);
            let is_astray = wanted.iter().any(|segment| matches!(segment.as_str(), "." | ".."));
            let address = url.finish();
            assert_eq!(address.is_err(), is_empty || is_astray, "{wanted:?}");
            if let Ok(address) = address {
                let read = reqwest::Url::parse(&address).unwrap();
                assert_eq!((read.as_str(), read.query(), read.fragment()), (&*address, None, None));
                assert_eq!(read.origin(), reqwest::Url::parse(base).unwrap().origin(), "{address}");
                assert!(address.starts_with(&format!("{base}/")), "{address}");
                assert_eq!(segments(&address), wanted, "{address}");
            }
        }
    }
}
