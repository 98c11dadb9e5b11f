//! What a step found, as facts, and how they read in each language.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use super::setup::Proxy;
use crate::auth::{Part, Secrecy, Slip};
use crate::environment::Environment;
use crate::error::Error;
use crate::kind::ErrorKind;
use crate::language::Language;
use crate::quota::Quota;

/// What a step found.
#[derive(Clone, Debug)]
pub(super) enum Detail {
    Failure {
        kind: ErrorKind,
        is_token_endpoint: bool,
        message: String,
        code: Option<String>,
        retry_after: Option<Duration>,
    },
    Settings {
        shown_id: String,
        secrecy: Secrecy,
    },
    Slips(Vec<Slip>),
    NoPath,
    OperationInPath,
    TokenHost,
    Document {
        title: &'static str,
        version: &'static str,
        operations: usize,
    },
    Addresses {
        environment: Environment,
        token_url: String,
        base_url: String,
        is_mixed: bool,
    },
    Proxy(Proxy),
    Answered(String),
    Token(Option<DateTime<Utc>>),
    ScopesGranted(Vec<String>),
    ScopesMissing(Vec<String>),
    ScopesNotStated,
    ScopeNotAsked,
    Accepted,
    Healthy {
        status: StatusCode,
        took: Duration,
    },
    Quotas(Vec<Quota>),
    Skew(i64),
    NotReached,
    NotShown,
}

impl Detail {
    pub(super) fn failure(error: &Error) -> Self {
        let status = error.status().map(|status| status.as_u16().to_string());
        Self::Failure {
            kind: error.kind(),
            is_token_endpoint: error.is_token_endpoint(),
            message: error.to_string(),
            retry_after: error.retry_after(),
            code: error.oauth2_error().map(str::to_owned).or(status),
        }
    }

    /// What machines are told of it beside the sentence.
    pub(super) fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::Document { title, version, operations } => {
                json!({ "title": title, "version": version, "operations": operations })
            }
            Self::Addresses { environment, token_url, base_url, .. } => {
                json!({ "environment": environment.name(), "token_url": token_url, "base_url": base_url })
            }
            Self::Proxy(Proxy::Variables(token, api)) => json!({ "token_endpoint": token, "api": api }),
            Self::Token(end) => json!({ "expires_at": end.map(date) }),
            Self::ScopesGranted(scopes) => json!({ "granted": scopes }),
            Self::ScopesMissing(scopes) => json!({ "missing": scopes }),
            Self::Healthy { status, took } => {
                json!({ "status": status.as_u16(), "milliseconds": took.as_millis() as u64 })
            }
            Self::Quotas(quotas) => {
                let quota = |quota: &Quota| json!({ "limit": quota.limit, "remaining": quota.remaining });
                json!({ "quotas": quotas.iter().map(quota).collect::<Vec<_>>() })
            }
            Self::Skew(seconds) => json!({ "skew_seconds": seconds }),
            _ => Value::Null,
        };
        match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        }
    }

    pub(super) fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::French => self.french(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Failure { message, .. } => message.clone(),
            Self::Settings { shown_id, secrecy } => {
                let secret = match secrecy {
                    Secrecy::Value => "the secret is set",
                    Secrecy::File => "the secret is in a file",
                    Secrecy::Provider => "a provider has the secret",
                };
                format!("client id {shown_id}, {secret}")
            }
            Self::Slips(slips) => list(slips, slip_in_english),
            Self::NoPath => "the base URL has no path, and APIs behind PISTE have one (/organisation/api)".to_owned(),
            Self::OperationInPath => "the base URL ends in /healthcheck, which the client appends itself".to_owned(),
            Self::TokenHost => "the base URL is at the host of a token endpoint".to_owned(),
            Self::Document { title, version, operations } => format!("{title} {version}, operations: {operations}"),
            Self::Addresses { environment, token_url, base_url, is_mixed } => {
                let mixed = if *is_mixed { "; an address is the other environment's" } else { "" };
                format!("{environment}: tokens from {token_url}, API at {base_url}{mixed}")
            }
            Self::Proxy(Proxy::None) => "none".to_owned(),
            Self::Proxy(Proxy::Local) => "none, every address is of this machine".to_owned(),
            Self::Proxy(Proxy::Custom) => "as the program set its HTTP client up; that cannot be seen here".to_owned(),
            Self::Proxy(Proxy::Variables(token, api)) => {
                let shown = |proxy: &Option<String>| proxy.clone().unwrap_or_else(|| "none".to_owned());
                format!("to the token endpoint {}, to the API {}", shown(token), shown(api))
            }
            Self::Answered(host) => format!("{host} answered"),
            Self::Token(Some(end)) => format!("accepted, there is a token until {}", date(*end)),
            Self::Token(None) => "accepted, there was a token".to_owned(),
            Self::ScopesGranted(scopes) if scopes.is_empty() => "none was asked for".to_owned(),
            Self::ScopesGranted(scopes) => format!("granted: {}", scopes.join(" ")),
            Self::ScopesMissing(scopes) => format!("not granted: {}", scopes.join(" ")),
            Self::ScopesNotStated => "the token endpoint does not say which it granted".to_owned(),
            Self::ScopeNotAsked => "dihal.sisiaoapimenage was not asked for".to_owned(),
            Self::Accepted => "the gateway lets the application through".to_owned(),
            Self::Healthy { status, took } => format!("{} in {} ms", status.as_u16(), took.as_millis()),
            Self::Quotas(quotas) => format!("left: {}", left(quotas, "of")),
            Self::Skew(0) => "agrees with the server's".to_owned(),
            Self::Skew(seconds) if *seconds > 0 => format!("{seconds} s ahead of the server's"),
            Self::Skew(seconds) => format!("{} s behind the server's", seconds.unsigned_abs()),
            Self::NotReached => "not reached".to_owned(),
            Self::NotShown => "the answer does not show it".to_owned(),
        }
    }

    fn french(&self) -> String {
        match self {
            // What a setting lacks only the message says.
            Self::Failure { kind: ErrorKind::Configuration, message, .. } => message.clone(),
            Self::Failure { kind, is_token_endpoint, code, retry_after, .. } => {
                let peer = if *is_token_endpoint { "serveur de jetons" } else { "API" };
                let code = code.iter().map(|code| format!(", {code}")).collect::<String>();
                let pause = retry_after.map(|pause| format!(" ; à attendre : {} s", pause.as_secs()));
                format!("{} ({peer}{code}){}", failure_in_french(*kind), pause.unwrap_or_default())
            }
            Self::Settings { shown_id, secrecy } => {
                let secret = match secrecy {
                    Secrecy::Value => "secret renseigné",
                    Secrecy::File => "secret dans un fichier",
                    Secrecy::Provider => "secret donné par un fournisseur",
                };
                format!("identifiant client {shown_id}, {secret}")
            }
            Self::Slips(slips) => list(slips, slip_in_french),
            Self::NoPath => {
                "l'adresse de l'API n'a pas de chemin, or les API derrière PISTE en ont un (/organisation/api)"
                    .to_owned()
            }
            Self::OperationInPath => {
                "l'adresse de l'API se termine par /healthcheck, que le client ajoute lui-même".to_owned()
            }
            Self::TokenHost => "l'adresse de l'API est sur l'hôte d'un serveur de jetons".to_owned(),
            Self::Document { title, version, operations } => format!("{title} {version}, opérations : {operations}"),
            Self::Addresses { environment, token_url, base_url, is_mixed } => {
                let mixed = if *is_mixed { " ; une adresse est celle de l'autre environnement" } else { "" };
                format!("{environment} : jetons de {token_url}, API à {base_url}{mixed}")
            }
            Self::Proxy(Proxy::None) => "aucun".to_owned(),
            Self::Proxy(Proxy::Local) => "aucun, toutes les adresses sont de cette machine".to_owned(),
            Self::Proxy(Proxy::Custom) => {
                "celui que le programme a réglé dans son client HTTP ; il ne se voit pas d'ici".to_owned()
            }
            Self::Proxy(Proxy::Variables(token, api)) => {
                let shown = |proxy: &Option<String>| proxy.clone().unwrap_or_else(|| "aucun".to_owned());
                format!("vers le serveur de jetons {}, vers l'API {}", shown(token), shown(api))
            }
            Self::Answered(host) => format!("{host} a répondu"),
            Self::Token(Some(end)) => format!("acceptés, jeton valable jusqu'à {}", date(*end)),
            Self::Token(None) => "acceptés, un jeton a été donné".to_owned(),
            Self::ScopesGranted(scopes) if scopes.is_empty() => "aucun n'a été demandé".to_owned(),
            Self::ScopesGranted(scopes) => format!("accordés : {}", scopes.join(" ")),
            Self::ScopesMissing(scopes) => format!("non accordés : {}", scopes.join(" ")),
            Self::ScopesNotStated => "le serveur de jetons ne dit pas lesquels il a accordés".to_owned(),
            Self::ScopeNotAsked => "dihal.sisiaoapimenage n'a pas été demandé".to_owned(),
            Self::Accepted => "la passerelle laisse passer l'application".to_owned(),
            Self::Healthy { status, took } => format!("{} en {} ms", status.as_u16(), took.as_millis()),
            Self::Quotas(quotas) => format!("reste : {}", left(quotas, "sur")),
            Self::Skew(0) => "à l'heure du serveur".to_owned(),
            Self::Skew(seconds) if *seconds > 0 => format!("en avance de {seconds} s sur celle du serveur"),
            Self::Skew(seconds) => format!("en retard de {} s sur celle du serveur", seconds.unsigned_abs()),
            Self::NotReached => "non atteint".to_owned(),
            Self::NotShown => "la réponse ne le montre pas".to_owned(),
        }
    }
}

fn date(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The numbers of each quota, as `7 of 100`.
fn left(quotas: &[Quota], of: &str) -> String {
    let number = |number: Option<u64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let quotas = quotas.iter().map(|quota| match quota.limit {
        Some(limit) => format!("{} {of} {limit}", number(quota.remaining)),
        None => number(quota.remaining),
    });
    quotas.collect::<Vec<_>>().join(", ")
}

fn list(slips: &[Slip], text: fn(Slip) -> String) -> String {
    slips.iter().map(|slip| text(*slip)).collect::<Vec<_>>().join(", ")
}

fn slip_in_english(slip: Slip) -> String {
    let of = |part| match part {
        Part::ClientId => "the client id",
        Part::Secret => "the secret",
    };
    match slip {
        Slip::Blank(part) => format!("{} has a blank in it", of(part)),
        Slip::Quoted(part) => format!("{} stands between quotation marks or brackets", of(part)),
        Slip::Labelled(part) => format!("{} begins with a name, such as `client_id=`", of(part)),
        Slip::Placeholder(part) => format!("{} is an example that nobody replaced", of(part)),
        Slip::ApiKey => "the client id calls itself an API key".to_owned(),
        Slip::Email => "the client id is an e-mail address".to_owned(),
        Slip::ApplicationName => "the client id is the name of an application".to_owned(),
        Slip::Token => "the client id looks like a token".to_owned(),
        Slip::Same => "the client id and the secret are the same".to_owned(),
    }
}

fn slip_in_french(slip: Slip) -> String {
    let of = |part| match part {
        Part::ClientId => "l'identifiant client",
        Part::Secret => "le secret",
    };
    match slip {
        Slip::Blank(part) => format!("{} contient un blanc", of(part)),
        Slip::Quoted(part) => format!("{} est entre guillemets ou entre chevrons", of(part)),
        Slip::Labelled(part) => format!("{} commence par un nom, comme `client_id=`", of(part)),
        Slip::Placeholder(part) => format!("{} est un exemple que personne n'a remplacé", of(part)),
        Slip::ApiKey => "l'identifiant client ressemble à une clé d'API".to_owned(),
        Slip::Email => "l'identifiant client est une adresse électronique".to_owned(),
        Slip::ApplicationName => "l'identifiant client est le nom d'une application".to_owned(),
        Slip::Token => "l'identifiant client ressemble à un jeton".to_owned(),
        Slip::Same => "l'identifiant client et le secret sont identiques".to_owned(),
    }
}

/// The classes of failure, for a reader of French. What is in the message besides stands in the advice.
fn failure_in_french(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Configuration => "la configuration ne convient pas",
        ErrorKind::InvalidRequest => "la requête ne peut pas être construite",
        ErrorKind::CredentialsRefused => "les identifiants sont refusés",
        ErrorKind::ScopeRefused => "les scopes sont refusés",
        ErrorKind::TokenRequestRefused => "la demande de jeton est refusée",
        ErrorKind::TokenRequestThrottled => "trop de demandes de jeton",
        ErrorKind::TokenEndpoint => "pas de jeton dans la réponse",
        ErrorKind::InvalidTokenAnswer => "la réponse n'est pas un jeton utilisable",
        ErrorKind::TokenRejected => "le jeton n'est pas accepté",
        ErrorKind::InsufficientScope => "il manque un scope au jeton",
        ErrorKind::Forbidden => "accès refusé sans motif",
        ErrorKind::NotFound => "introuvable",
        ErrorKind::RateLimited => "trop de requêtes, ou quota épuisé",
        ErrorKind::Unavailable => "indisponible",
        ErrorKind::Status => "statut inattendu",
        ErrorKind::InvalidAnswer => "la réponse est illisible",
        ErrorKind::AnswerTooLarge => "la réponse est trop grande",
        ErrorKind::Timeout => "pas de réponse dans le délai accordé",
        ErrorKind::Connect => "connexion impossible",
        ErrorKind::Tls => "connexion sécurisée impossible",
        ErrorKind::Proxy => "refus du proxy",
        ErrorKind::Transport => "échange interrompu",
    }
}
