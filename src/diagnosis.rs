//! A walk from the configuration to an answer, step by step.

mod detail;
mod setup;
mod walk;

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Map, Value};

use crate::advice::Advice;
use crate::cause::Cause;
use crate::error::Error;
use crate::kind::ErrorKind;
use crate::language::Language;

use self::detail::Detail;
pub(crate) use self::setup::{Proxy, Setup};
pub(crate) use self::walk::walk;

/// What a walk from the configuration to an answer found; see [`Client::diagnose`](crate::Client::diagnose).
///
/// `Display` shows it in lines for a terminal, in English unless [another language](Self::in_language) is asked for, and with
/// colours as `{:#}`. `Serialize` gives the same to machines. Both are safe to show: no secret, token, request or answer is in them; of the
/// client id only the beginning.
///
/// ```no_run
/// # async fn run(client: menage_b2b::Client) {
/// let diagnosis = client.diagnose().await;
/// if !diagnosis.is_healthy() {
///     println!("{diagnosis}");
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Diagnosis {
    checks: Vec<Check>,
    error: Option<Error>,
    language: Language,
}

/// One step of the walk, and what it found.
#[derive(Clone, Debug)]
pub struct Check {
    step: CheckStep,
    state: CheckState,
    causes: &'static [Cause],
    detail: Detail,
    language: Language,
}

/// The steps of the walk, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CheckStep {
    /// The settings are there and well formed.
    Configuration,
    /// Which OpenAPI document the client was generated of.
    Document,
    /// The addresses are of the environment that was chosen.
    Environment,
    /// Which proxy is on the way.
    Proxy,
    /// The token endpoint can be reached, and answers.
    TokenEndpoint,
    /// It accepts the credentials.
    Credentials,
    /// It granted the scopes that were asked for.
    Scopes,
    /// The gateway can be reached.
    Connection,
    /// The gateway lets the application through to the API.
    Access,
    /// GET /healthcheck is answered.
    Healthcheck,
    /// What is left of the quotas, if the answer says so.
    Quotas,
    /// This machine's clock goes with the server's.
    Clock,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckState {
    /// All is well.
    Passed,
    /// Calls succeed, but something is likely to be wrong.
    Warning,
    /// Calls fail for this.
    Failed,
    /// It could not be looked at, because an earlier step failed or the answer does not show it.
    Skipped,
}

/// Classes of failure that differ in who mends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// An answer that cannot be read, or that the document does not declare.
    Answer,
    /// The client's settings.
    Configuration,
    /// Name resolution, connection, TLS, proxy, time.
    Network,
    /// The client id and the secret.
    Credentials,
    /// What the application may do: subscription, CGU, scopes.
    Access,
    /// Too many requests.
    Quota,
    /// The token endpoint or the API does not work.
    Unavailable,
}

impl Diagnosis {
    /// Fills up with the steps that were not reached.
    fn new(mut checks: Vec<Check>, error: Option<Error>) -> Self {
        for step in CheckStep::ALL {
            if !checks.iter().any(|check| check.step == step) {
                checks.push(Check::new(step, CheckState::Skipped, Detail::NotReached));
            }
        }
        checks.sort_by_key(|check| check.step);
        Self { checks, error, language: Language::default() }
    }

    /// Returns it in another language.
    pub fn in_language(mut self, language: Language) -> Self {
        self.language = language;
        for check in &mut self.checks {
            check.language = language;
        }
        self
    }

    /// Returns every step, in the order of the walk.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Returns one step.
    #[must_use]
    pub fn check(&self, step: CheckStep) -> Option<&Check> {
        self.checks.iter().find(|check| check.step == step)
    }

    /// Tells whether calls succeed. There may be warnings.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        !self.checks.iter().any(|check| check.state == CheckState::Failed)
    }

    /// Returns the failure that ended the walk.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Returns the one cause to mend next: of the step that failed, or else of the first that warns. Where a failure can come
    /// from several, one that a warning points to comes first.
    #[must_use]
    pub fn next_cause(&self) -> Option<Cause> {
        let in_state = |state| self.checks.iter().filter(move |check| check.state == state);
        let mut warned = in_state(CheckState::Warning).flat_map(|check| check.causes);
        let Some(failed) = in_state(CheckState::Failed).next() else { return warned.next().copied() };
        warned.find(|cause| failed.causes.contains(cause)).or(failed.causes.first()).copied()
    }

    /// Returns what to do next.
    #[must_use]
    pub fn next_action(&self) -> Option<Advice> {
        self.next_cause().map(|cause| Advice::new(cause.alone()).in_language(self.language))
    }

    /// Returns the class of the failure that ended the walk; `None` if calls succeed.
    #[must_use]
    pub fn class(&self) -> Option<FailureClass> {
        let error = self.error.as_ref().filter(|_| !self.is_healthy())?;
        Some(match self.next_cause() {
            // Whatever failed for it, it is a setting that mends it.
            Some(Cause::TokenUrl | Cause::BasePath | Cause::OtherEnvironment) => FailureClass::Configuration,
            _ => FailureClass::of(error),
        })
    }

    /// Returns the status for a program to exit with: 0 if calls succeed, or [that of the class](FailureClass::exit_status).
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        self.class().map_or(0, FailureClass::exit_status)
    }
}

/// A configuration of which no client can be made.
impl From<Error> for Diagnosis {
    fn from(error: Error) -> Self {
        let first = Check::new(CheckStep::Configuration, CheckState::Failed, Detail::failure(&error));
        Self::new(vec![first.because(error.causes()), walk::document()], Some(error))
    }
}

impl FailureClass {
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Configuration | ErrorKind::InvalidRequest => Self::Configuration,
            ErrorKind::CredentialsRefused => Self::Credentials,
            ErrorKind::ScopeRefused
            | ErrorKind::TokenRequestRefused
            | ErrorKind::TokenRejected
            | ErrorKind::InsufficientScope
            | ErrorKind::Forbidden => Self::Access,
            ErrorKind::TokenRequestThrottled | ErrorKind::RateLimited => Self::Quota,
            ErrorKind::TokenEndpoint | ErrorKind::Unavailable => Self::Unavailable,
            ErrorKind::Timeout | ErrorKind::Connect | ErrorKind::Tls | ErrorKind::Proxy | ErrorKind::Transport => {
                Self::Network
            }
            ErrorKind::InvalidTokenAnswer
            | ErrorKind::NotFound
            | ErrorKind::Status
            | ErrorKind::InvalidAnswer
            | ErrorKind::AnswerTooLarge => Self::Answer,
        }
    }

    /// Returns the status for a program to exit with: 1 for an answer that is not understood, 2 for the configuration, 3 for
    /// the network, 4 for the credentials, 5 for the access, 6 for quotas, 7 for what is not available.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Answer => 1,
            Self::Configuration => 2,
            Self::Network => 3,
            Self::Credentials => 4,
            Self::Access => 5,
            Self::Quota => 6,
            Self::Unavailable => 7,
        }
    }

    /// Returns its name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Configuration => "configuration",
            Self::Network => "network",
            Self::Credentials => "credentials",
            Self::Access => "access",
            Self::Quota => "quota",
            Self::Unavailable => "unavailable",
        }
    }
}

impl CheckStep {
    const ALL: [Self; 12] = [
        Self::Configuration,
        Self::Document,
        Self::Environment,
        Self::Proxy,
        Self::TokenEndpoint,
        Self::Credentials,
        Self::Scopes,
        Self::Connection,
        Self::Access,
        Self::Healthcheck,
        Self::Quotas,
        Self::Clock,
    ];

    /// Returns its name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Document => "document",
            Self::Environment => "environment",
            Self::Proxy => "proxy",
            Self::TokenEndpoint => "token_endpoint",
            Self::Credentials => "credentials",
            Self::Scopes => "scopes",
            Self::Connection => "connection",
            Self::Access => "access",
            Self::Healthcheck => "healthcheck",
            Self::Quotas => "quotas",
            Self::Clock => "clock",
        }
    }

    /// Returns its name for a reader.
    #[must_use]
    pub const fn title(self, language: Language) -> &'static str {
        let (english, french) = match self {
            Self::Configuration => ("configuration", "configuration"),
            Self::Document => ("document", "document"),
            Self::Environment => ("environment", "environnement"),
            Self::Proxy => ("proxy", "proxy"),
            Self::TokenEndpoint => ("token endpoint", "serveur de jetons"),
            Self::Credentials => ("credentials", "identifiants"),
            Self::Scopes => ("scopes", "scopes"),
            Self::Connection => ("connection", "connexion"),
            Self::Access => ("access", "accès"),
            Self::Healthcheck => ("health check", "état de l'API"),
            Self::Quotas => ("quotas", "quotas"),
            Self::Clock => ("clock", "horloge"),
        };
        match language {
            Language::English => english,
            Language::French => french,
        }
    }
}

impl CheckState {
    /// Returns its name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    const fn mark(self) -> char {
        match self {
            Self::Passed => '✓',
            Self::Warning => '!',
            Self::Failed => '✗',
            Self::Skipped => '–',
        }
    }

    /// ANSI: green, yellow, red, dim.
    const fn colour(self) -> &'static str {
        match self {
            Self::Passed => "\u{1b}[32m",
            Self::Warning => "\u{1b}[33m",
            Self::Failed => "\u{1b}[31m",
            Self::Skipped => "\u{1b}[2m",
        }
    }
}

impl Check {
    fn new(step: CheckStep, state: CheckState, detail: Detail) -> Self {
        Self { step, state, causes: &[], detail, language: Language::default() }
    }

    fn because(self, causes: &'static [Cause]) -> Self {
        Self { causes, ..self }
    }

    /// Returns which step it is.
    #[must_use]
    pub fn step(&self) -> CheckStep {
        self.step
    }

    /// Returns how it ended.
    #[must_use]
    pub fn state(&self) -> CheckState {
        self.state
    }

    /// Returns what a failure or a warning can come from, the likeliest first.
    #[must_use]
    pub fn causes(&self) -> &'static [Cause] {
        self.causes
    }

    /// Returns what was found, for machines: numbers, dates, names. Which fields there are depends on the step.
    #[must_use]
    pub fn facts(&self) -> Map<String, Value> {
        self.detail.facts()
    }

    /// Returns what was found, in a sentence.
    #[must_use]
    pub fn detail(&self) -> String {
        self.detail.text(self.language)
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const RESET: &str = "\u{1b}[0m";
        let is_coloured = f.alternate();
        let paint = |colour| if is_coloured { colour } else { "" };
        for check in &self.checks {
            let (title, state) = (check.step.title(self.language), check.state);
            let (colour, reset) = (paint(state.colour()), paint(RESET));
            writeln!(f, "{colour}{} {title:<18}{reset}{}", state.mark(), check.detail())?;
        }
        let (bold, reset) = (paint("\u{1b}[1m"), paint(RESET));
        match (self.next_action(), self.language) {
            (Some(advice), Language::French) => write!(f, "\n{bold}À faire :{reset} {advice}"),
            (Some(advice), Language::English) => write!(f, "\n{bold}Next:{reset} {advice}"),
            (None, Language::French) => write!(f, "\n{bold}Rien à faire :{reset} les appels aboutissent."),
            (None, Language::English) => write!(f, "\n{bold}Nothing to do:{reset} calls succeed."),
        }
    }
}

impl Serialize for Diagnosis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Diagnosis", 6)?;
        fields.serialize_field("healthy", &self.is_healthy())?;
        fields.serialize_field("class", &self.class().map(FailureClass::name))?;
        fields.serialize_field("exit_status", &self.exit_status())?;
        fields.serialize_field("checks", &self.checks)?;
        fields.serialize_field("error", &self.error.as_ref().map(Failure))?;
        fields.serialize_field("next", &self.next_cause().map(|cause| Action(cause, self.language)))?;
        fields.end()
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Check", 5)?;
        fields.serialize_field("step", self.step.name())?;
        fields.serialize_field("state", self.state.name())?;
        fields.serialize_field("detail", &self.detail())?;
        fields.serialize_field("facts", &self.facts())?;
        fields.serialize_field("causes", &names(self.causes))?;
        fields.end()
    }
}

/// What machines are told of an error: nothing that a server said.
struct Failure<'e>(&'e Error);

impl Serialize for Failure<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let error = self.0;
        let mut fields = serializer.serialize_struct("Error", 7)?;
        fields.serialize_field("kind", error.kind().name())?;
        fields.serialize_field("message", &format_args!("{error}"))?;
        fields.serialize_field("status", &error.status().map(|status| status.as_u16()))?;
        fields.serialize_field("oauth2_error", &error.oauth2_error())?;
        fields.serialize_field("retry_after_seconds", &error.retry_after().map(|pause| pause.as_secs()))?;
        fields.serialize_field("transient", &error.is_transient())?;
        fields.serialize_field("causes", &names(error.causes()))?;
        fields.end()
    }
}

/// What to do next.
struct Action(Cause, Language);

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(cause, language) = *self;
        let mut fields = serializer.serialize_struct("Action", 6)?;
        fields.serialize_field("cause", cause.name())?;
        fields.serialize_field("guide_step", &cause.step())?;
        fields.serialize_field("screen", &cause.screen())?;
        fields.serialize_field("contact", &cause.contact())?;
        fields.serialize_field("meaning", cause.meaning(language))?;
        fields.serialize_field("remedy", cause.remedy(language))?;
        fields.end()
    }
}

fn names(causes: &[Cause]) -> Vec<&'static str> {
    causes.iter().map(|cause| cause.name()).collect()
}
