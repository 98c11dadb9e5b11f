//! Files in multipart bodies.

use std::cell::RefCell;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use bytes::Bytes;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

thread_local! {
    /// The files of the multipart body that this thread is making.
    static CURRENT: RefCell<Option<Files>> = const { RefCell::new(None) };
}

/// A file to send in a multipart body.
///
/// It goes out under the name of its field and as `application/octet-stream`, unless the document or the setters say otherwise.
/// `Debug` shows how large it is, and neither its content nor its name.
#[derive(Clone, PartialEq, Eq)]
pub struct FilePart {
    pub(super) content: Bytes,
    pub(super) file_name: Option<String>,
    pub(super) content_type: Option<String>,
}

impl FilePart {
    /// Makes a file of its content.
    #[must_use]
    pub fn new(content: impl Into<Bytes>) -> Self {
        Self { content: content.into(), file_name: None, content_type: None }
    }

    /// Names the file to the server.
    #[must_use]
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Says what the file is, such as `application/pdf`.
    #[must_use]
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }
}

impl From<Bytes> for FilePart {
    fn from(content: Bytes) -> Self {
        Self::new(content)
    }
}

impl From<Vec<u8>> for FilePart {
    fn from(content: Vec<u8>) -> Self {
        Self::new(content)
    }
}

impl From<&'static [u8]> for FilePart {
    fn from(content: &'static [u8]) -> Self {
        Self::new(content)
    }
}

impl From<String> for FilePart {
    fn from(content: String) -> Self {
        Self::new(content)
    }
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = format_args!("{} bytes", self.content.len());
        f.debug_struct("FilePart").field("content", &size).finish_non_exhaustive()
    }
}

impl Serialize for FilePart {
    /// Leaves a mark in the JSON of a multipart body, and the file beside it. Fails anywhere else.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mark = CURRENT.with_borrow_mut(|current| current.as_mut().map(|files| files.add(self.clone())));
        match mark {
            Some(mark) => serializer.serialize_str(&mark),
            None => Err(S::Error::custom("a file part goes only into a multipart body")),
        }
    }
}

impl<'de> Deserialize<'de> for FilePart {
    /// Fails: generated types are both sent and read, a file is only sent.
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("a file part is only sent, never read"))
    }
}

/// The files that were met while a body was serialised.
#[derive(Default)]
pub(super) struct Files {
    secret: String,
    files: Vec<Option<FilePart>>,
}

impl Files {
    /// Runs `work`, in which files may be serialised, and returns them beside its outcome.
    pub(super) fn gather<T>(work: impl FnOnce() -> T) -> (T, Self) {
        let files = Self { secret: random(), files: Vec::new() };
        let before = Restore(CURRENT.replace(Some(files)));
        let outcome = work();
        let files = CURRENT.take().unwrap_or_default();
        drop(before);
        (outcome, files)
    }

    /// Tells whether a text is the mark of a file. No text of a user can be: they do not know the secret.
    pub(super) fn is_mark(&self, text: &str) -> bool {
        self.index(text).is_some()
    }

    /// Takes the file of a mark.
    pub(super) fn take(&mut self, text: &str) -> Option<FilePart> {
        let index = self.index(text)?;
        self.files.get_mut(index)?.take()
    }

    /// Tells whether a file was not taken: it lies where no file can go.
    pub(super) fn is_any_left(&self) -> bool {
        self.files.iter().any(Option::is_some)
    }

    fn add(&mut self, file: FilePart) -> String {
        self.files.push(Some(file));
        format!("{} {}", self.secret, self.files.len() - 1)
    }

    fn index(&self, text: &str) -> Option<usize> {
        let (secret, index) = text.split_once(' ')?;
        index.parse().ok().filter(|_| secret == self.secret)
    }
}

/// Puts back, even if `work` panics, what was there before.
struct Restore(Option<Files>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// Returns 32 hexadecimal digits that nobody can foresee.
pub(super) fn random() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn secret_file() -> FilePart {
        FilePart::new(b"hush-hush".to_vec()).file_name("hush-hush.pdf").content_type("application/pdf")
    }

    #[test]
    fn a_file_is_made_of_bytes_or_text() {
        let wanted = FilePart::new("abc");
        for file in [
            FilePart::from(Bytes::from_static(b"abc")),
            FilePart::from(b"abc".to_vec()),
            FilePart::from(b"abc".as_slice()),
            FilePart::from("abc".to_owned()),
        ] {
            assert_eq!(file, wanted);
        }
        assert_ne!(wanted.clone().file_name("a"), wanted);
        assert_ne!(wanted.clone().content_type("a/b"), wanted);
    }

    #[test]
    fn debug_shows_the_size_and_neither_name_nor_content() {
        assert_eq!(format!("{:?}", secret_file()), "FilePart { content: 9 bytes, .. }");
    }

    #[test]
    fn a_file_is_serialised_in_a_multipart_body_only() {
        let refusal = "a file part goes only into a multipart body";
        assert_eq!(serde_json::to_string(&secret_file()).unwrap_err().to_string(), refusal);
        let (json, mut files) = Files::gather(|| serde_json::to_string(&[secret_file()]));
        let marks: Vec<String> = serde_json::from_str(&json.unwrap()).unwrap();
        assert!(files.is_any_left());
        assert!(!files.is_mark("0 0"));
        assert!(files.is_mark(&marks[0]));
        assert_eq!(files.take(&marks[0]), Some(secret_file()));
        assert_eq!(files.take(&marks[0]), None);
        assert!(!files.is_any_left());
        assert_eq!(serde_json::to_string(&secret_file()).unwrap_err().to_string(), refusal);
    }

    #[test]
    fn a_body_within_a_body_and_a_panic_leave_all_as_it_was() {
        let (inner, mut outer) = Files::gather(|| {
            let caught = catch_unwind(AssertUnwindSafe(|| Files::gather(|| panic!("of a user's type"))));
            assert!(caught.is_err());
            assert!(!Files::gather(|| ()).1.is_any_left());
            serde_json::to_value(secret_file()).unwrap()
        });
        assert_eq!(inner.as_str().and_then(|mark| outer.take(mark)), Some(secret_file()));
        assert!(serde_json::to_string(&secret_file()).is_err());
    }

    #[test]
    fn a_file_is_never_read() {
        let refusal = serde_json::from_str::<FilePart>("\"hush-hush\"").unwrap_err().to_string();
        assert_eq!(refusal, "a file part is only sent, never read");
    }

    #[test]
    fn randomness_does_not_repeat() {
        assert_ne!(random(), random());
        assert_eq!(random().len(), 32);
    }
}
