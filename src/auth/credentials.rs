//! Who the client is: an identifier and a secret.

use std::error::Error as StdError;
use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use super::slips::{Slip, slips};
use crate::error::Error;

/// No secret is longer; a device or a log file taken for one ends here.
const MAX_SECRET_FILE: u64 = 64 * 1024;

/// The "Identifiants Oauth" of an application, as the PISTE portal shows them (not its "API Keys").
///
/// Blanks and line ends around either are taken off: they come with copy and paste. `Debug` shows no secret, and of the
/// identifier only the beginning, since the two are easily swapped.
///
/// The secret that is kept is wiped from memory when the last clone is dropped. Copies that are not wiped: the process's
/// environment and what was read of it, the buffers in which a file or an answer of a provider was read, and at each token
/// request the form that the crate `oauth2` writes, the body that reqwest sends, and the buffers of TLS. Tokens are headers,
/// and live in plain memory.
#[derive(Clone)]
pub struct Credentials {
    client_id: String,
    secret: Secret,
}

/// Where a secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrecy {
    Value,
    File,
    Provider,
}

#[derive(Clone)]
enum Secret {
    Value(SecretString),
    File(SecretFile),
    Provider(Arc<Provider>),
}

type Provider = dyn Fn() -> Pin<Box<dyn Future<Output = Result<SecretString, Cause>> + Send>> + Send + Sync;
type Cause = Box<dyn StdError + Send + Sync>;

impl Credentials {
    /// Takes the identifier and the secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        let client_secret = SecretString::from(client_secret.into());
        Self { client_id: trimmed(&client_id.into()).to_owned(), secret: Secret::Value(trimmed_secret(&client_secret)) }
    }

    /// Takes the identifier, and a file that holds the secret and nothing else. The file is read again at each token
    /// request, so that a rotated secret takes effect without a restart.
    pub fn from_secret_file(client_id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        let file = SecretFile { path: path.into(), is_being_read: Arc::default() };
        Self { client_id: trimmed(&client_id.into()).to_owned(), secret: Secret::File(file) }
    }

    /// Takes the identifier, and what provides the secret: a vault, for example. It is asked again at each token request, and
    /// has as long as the request itself. Its error becomes the [`source`](std::error::Error::source) of ours, so let it not
    /// hold the secret.
    ///
    /// ```
    /// use menage_b2b::Credentials;
    ///
    /// async fn read_vault() -> Result<String, std::io::Error> {
    ///     Ok("from the vault".to_owned())
    /// }
    ///
    /// let credentials = Credentials::from_provider("client id", read_vault);
    /// ```
    pub fn from_provider<P, F, S, E>(client_id: impl Into<String>, provider: P) -> Self
    where
        P: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<S, E>> + Send + 'static,
        S: Into<String>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let provider = move || {
            let secret = provider();
            Box::pin(async move { secret.await.map(|secret| SecretString::from(secret.into())).map_err(Into::into) })
                as Pin<Box<_>>
        };
        Self { client_id: trimmed(&client_id.into()).to_owned(), secret: Secret::Provider(Arc::new(provider)) }
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the beginning of the client id, by which its owner knows it. No more of it is shown, as it is easily swapped
    /// with the secret.
    pub(super) fn shown_id(&self) -> String {
        // Of a short one less: it has to stay most of it unknown.
        let shown = (self.client_id.chars().count() / 3).min(4);
        self.client_id.chars().take(shown).chain(['…']).collect()
    }

    /// Tells where the secret comes from.
    pub(super) fn secrecy(&self) -> Secrecy {
        match self.secret {
            Secret::Value(_) => Secrecy::Value,
            Secret::File(_) => Secrecy::File,
            Secret::Provider(_) => Secrecy::Provider,
        }
    }

    /// Finds what they are likely mistaken for. Of the secret only one that is a value can be looked at.
    pub(super) fn slips(&self) -> Vec<Slip> {
        slips(
            &self.client_id,
            match &self.secret {
                Secret::Value(secret) => Some(secret.expose_secret()),
                Secret::File(_) | Secret::Provider(_) => None,
            },
        )
    }

    /// Refuses what can be known to be wrong before a token is needed.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.client_id.is_empty() {
            return Err(Error::credentials("the client id (PISTE_CLIENT_ID) is empty"));
        }
        if let Secret::Value(secret) = &self.secret {
            let fault = |what| Error::credentials(format!("the client secret (PISTE_CLIENT_SECRET) {what}"));
            checked(secret.clone()).map_err(fault)?;
        }
        Ok(())
    }

    /// Gives the secret as it is now.
    pub(super) async fn secret(&self) -> Result<SecretString, Error> {
        match &self.secret {
            Secret::Value(secret) => Ok(secret.clone()),
            Secret::File(file) => file.read().await,
            Secret::Provider(provider) => {
                let fault = |what| Error::credentials(format!("the client secret that its provider gave {what}"));
                let failed = |cause| Error::credentials("the provider of the client secret failed").with_cause(cause);
                checked(trimmed_secret(&provider().await.map_err(failed)?)).map_err(fault)
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = match &self.secret {
            Secret::Value(_) => "[redacted]".to_owned(),
            Secret::File(file) => format!("[from {}]", file.name()),
            Secret::Provider(_) => "[from a provider]".to_owned(),
        };
        f.debug_struct("Credentials")
            .field("client_id", &format_args!("{}", self.shown_id()))
            .field("client_secret", &format_args!("{secret}"))
            .finish()
    }
}

/// A file that holds the secret and nothing else.
#[derive(Clone)]
struct SecretFile {
    path: PathBuf,
    is_being_read: Arc<AtomicBool>,
}

impl SecretFile {
    /// Reads on a thread of its own: a file that never opens, such as a pipe without a writer, holds up that one thread and
    /// nothing else.
    async fn read(&self) -> Result<SecretString, Error> {
        let fault = |what: &str| {
            let name = self.name();
            Error::credentials(format!("the file of the client secret (PISTE_CLIENT_SECRET_FILE), {name}, {what}"))
        };
        if self.is_being_read.swap(true, Ordering::AcqRel) {
            return Err(fault("has not been read to its end since it was opened last"));
        }
        let (path, is_being_read) = (self.path.clone(), Arc::clone(&self.is_being_read));
        let (sender, text) = oneshot::channel();
        let reader = thread::Builder::new().spawn(move || {
            let text = read_text(&path);
            is_being_read.store(false, Ordering::Release);
            // Nobody waits any more if the time allowed is over.
            drop(sender.send(text));
        });
        reader.map_err(|error| fault("cannot be read without a thread").with_source(error))?;
        let text = text.await.map_err(|_| fault("was not read to its end"))?;
        let text = text.map_err(|error| fault("cannot be read as text").with_source(error))?;
        if text.expose_secret().len() as u64 > MAX_SECRET_FILE {
            return Err(fault("is too long for a secret"));
        }
        checked(trimmed_secret(&text)).map_err(fault)
    }

    /// A name without a folder may be the secret itself, put where its file's name belongs.
    fn name(&self) -> String {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => self.path.display().to_string(),
            _ => "a name without a folder (not shown, as it may be the secret)".to_owned(),
        }
    }
}

fn read_text(path: &Path) -> io::Result<SecretString> {
    let mut text = String::new();
    File::open(path)?.take(MAX_SECRET_FILE + 1).read_to_string(&mut text)?;
    Ok(text.into())
}

/// Refuses what is no secret but a slip.
fn checked(secret: SecretString) -> Result<SecretString, &'static str> {
    match secret.expose_secret() {
        "" => Err("is empty"),
        text if text.contains(char::is_control) => Err("holds a line break or another control character"),
        _ => Ok(secret),
    }
}

/// The mark that some editors put at the beginning of a file counts as a blank.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}')
}

fn trimmed_secret(text: &SecretString) -> SecretString {
    trimmed(text.expose_secret()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn secret_of(credentials: &Credentials) -> String {
        credentials.secret().await.unwrap().expose_secret().to_owned()
    }

    #[tokio::test]
    async fn blanks_around_pasted_identifiers_are_taken_off() {
        let credentials = Credentials::new(" id\t\r\n", "\u{feff}\n hush hush \r\n");
        assert_eq!(credentials.client_id(), "id");
        assert_eq!(secret_of(&credentials).await, "hush hush");
    }

    #[test]
    fn identifiers_that_are_a_slip_are_refused() {
        for (id, secret, fault) in [
            (" ", "hush-hush", "PISTE_CLIENT_ID) is empty"),
            ("id", " \n", "PISTE_CLIENT_SECRET) is empty"),
            ("id", "hush\nhush", "PISTE_CLIENT_SECRET) holds a line break"),
        ] {
            let message = Credentials::new(id, secret).check().unwrap_err().to_string();
            assert!(message.contains(fault) && !message.contains("hush"), "{message}");
        }
        assert!(Credentials::new("id", "hush-hush").check().is_ok());
    }

    #[test]
    fn debug_shows_neither_the_secret_nor_the_whole_identifier() {
        let shown = format!("{:?}", Credentials::new("abcdefgh", "hush-hush"));
        assert_eq!(shown, "Credentials { client_id: ab…, client_secret: [redacted] }");
    }

    #[tokio::test]
    async fn a_secret_in_the_place_of_its_file_is_not_shown() {
        let credentials = Credentials::from_secret_file("id", "hush-hush");
        let error = credentials.secret().await.unwrap_err();
        let shown = format!("{error} {error:?} {credentials:?}");
        assert!(shown.contains("without a folder") && !shown.contains("hush"), "{shown}");
    }

    #[tokio::test]
    async fn a_file_that_is_still_being_read_is_not_opened_again() {
        let credentials = Credentials::from_secret_file("id", file!());
        let Secret::File(file) = &credentials.secret else { panic!("no file") };
        file.is_being_read.store(true, Ordering::Release);
        assert!(credentials.secret().await.unwrap_err().to_string().contains("since it was opened last"));
        file.is_being_read.store(false, Ordering::Release);
        for _ in 0..2 {
            // This very file: lines of text, and so no secret, but read to its end each time.
            assert!(credentials.secret().await.unwrap_err().to_string().contains("line break"));
        }
    }

    #[tokio::test]
    async fn a_provider_is_asked_each_time() {
        let asked = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let credentials = Credentials::from_provider("id", move || {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            async move {
                match number {
                    0 | 1 => Ok(format!(" secret{number}\n")),
                    2 => Ok(String::new()),
                    _ => Err("the vault is sealed"),
                }
            }
        });
        assert_eq!(secret_of(&credentials).await, "secret0");
        assert_eq!(secret_of(&credentials).await, "secret1");
        assert!(credentials.secret().await.unwrap_err().to_string().contains("gave is empty"));
        let error = credentials.secret().await.unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "the vault is sealed");
        assert!(format!("{credentials:?}").contains("[from a provider]"));
    }

    #[tokio::test]
    async fn a_missing_empty_or_endless_secret_file_is_named() {
        let folder = std::env::temp_dir().join(format!("menage-b2b-{}-secrets", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("empty"), " \n").unwrap();
        std::fs::write(folder.join("lines"), "a\nb\n").unwrap();
        std::fs::write(folder.join("binary"), [0xff, 0xfe]).unwrap();
        std::fs::write(folder.join("long"), "x".repeat(64 * 1024 + 1)).unwrap();
        for (name, fault) in [
            ("missing", "cannot be read"),
            ("empty", "is empty"),
            ("binary", "as text"),
            ("lines", "line break"),
            ("long", "too long"),
        ] {
            let message =
                Credentials::from_secret_file("id", folder.join(name)).secret().await.unwrap_err().to_string();
            assert!(message.contains(fault) && message.contains(name), "{message}");
        }
        let longest = "x".repeat(64 * 1024);
        std::fs::write(folder.join("long"), &longest).unwrap();
        assert_eq!(secret_of(&Credentials::from_secret_file("id", folder.join("long"))).await, longest);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
