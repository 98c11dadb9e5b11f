//! Rust SDK for *SISIAO - API MENAGE*, the API by which partners work with the households ("ménages") of SI SIAO, the French
//! State's information system for emergency housing. The API sits behind PISTE, the State's API gateway.
//!
//! The client is generated at build time from the OpenAPI document. Around it is a rim by hand: it gets a token with the
//! application's credentials, keeps it for as long as it lives, puts it on each request to the API and on no other, and turns
//! every failure into one typed [`Error`] that is safe to log.
//!
//! # First call
//!
//! ```no_run
//! # async fn run() -> Result<(), menage_b2b::Error> {
//! use menage_b2b::{Client, Credentials, Environment};
//!
//! let client = Client::builder(Environment::Sandbox, Credentials::new("client id", "client secret"))
//!     .base_url("https://host/path") // from the portal's page of the API, "Documentation API"
//!     .build()?;
//! let health = client.healthcheck().send().await?;
//! println!("status: {:?}", health.get("status"));
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::from_env`] reads the same from environment variables.
//!
//! # What fails
//!
//! Match on [`Error::kind`]; the predicates answer the usual questions; [`Error::advice`] tells a person what it means, which step of the
//! partner's guide mends it, and on which screen of the portal.
//!
//! ```no_run
//! # async fn run(client: menage_b2b::Client) {
//! use menage_b2b::{ErrorKind, Language};
//!
//! match client.healthcheck().send().await {
//!     Ok(_) => println!("all is well"),
//!     Err(error) if error.is_transient() => println!("try again later: {error}"),
//!     Err(error) if error.kind() == ErrorKind::Forbidden => println!("{}", error.advice().in_language(Language::French)),
//!     Err(error) => println!("{error}"),
//! }
//! # }
//! ```
//!
//! [`Client::diagnose`] walks from the configuration to an answer, and names the one thing to do next; `cargo run --example diagnose` prints it.
//!
//! # In production
//!
//! - One [`Client`] for the whole program: its clones share one token and one pool of connections. [`Client::from_env`] makes it
//!   of [environment variables](Client::builder_from_env): `PISTE_ENVIRONMENT=production`, and the secret in a file that is read again at each
//!   token request (`PISTE_CLIENT_SECRET_FILE`), so that it can be rotated without a restart.
//! - What may pass by itself is tried again, as far as it does no harm: [`RetryPolicy`]. A whole call has
//!   [60 seconds](ClientBuilder::call_timeout).
//! - For a readiness probe: [`Client::diagnose`], or [`Authenticator::state`], which asks nobody.
//! - For the log and for traces: `tracing`, target `menage_b2b`. Each request is a span at the level DEBUG, with OpenTelemetry's names for HTTP
//!   clients (`http.request.method`, `url.template`, `http.response.status_code` …); what happens to the token are events. With
//!   `tracing-subscriber`:
//!
//! ```
//! use tracing_subscriber::filter::{LevelFilter, Targets};
//! use tracing_subscriber::fmt::format::FmtSpan;
//! use tracing_subscriber::prelude::*;
//!
//! let ours = Targets::new().with_default(LevelFilter::INFO).with_target("menage_b2b", LevelFilter::DEBUG);
//! let lines = tracing_subscriber::fmt::layer().with_span_events(FmtSpan::CLOSE); // a line at each request's end, with its duration
//! tracing_subscriber::registry().with(lines).with(ours).init();
//! // For OpenTelemetry, `.with(tracing_opentelemetry::layer().with_tracer(tracer))` besides: the names are its own already.
//! ```
//!
//! # In your tests
//!
//! With the feature `mock`, `menage_b2b::mock::PisteSandbox` is a PISTE of your own on loopback: a token endpoint and a gateway that behave
//! as PISTE's do, the document's operations answering what your test says, and PISTE's faults by name.
//!
//! # Your own document
//!
//! With the environment variable `MENAGE_B2B_OPENAPI`, at build time, the client is generated from the document that it names: JSON or
//! YAML, Swagger 2.0 or OpenAPI 3.0 to 3.2. The README says how; the module [`document`] tells what became of it.
//!
//! # Features
//!
//! | feature | meaning |
//! | --- | --- |
//! | `rustls` (default) | TLS by rustls with aws-lc-rs; the platform decides which authorities are trusted |
//! | `rustls-no-provider` | the same with a provider that the program installs, such as ring's: a fifth less to build |
//! | `mock` | a PISTE of one's own on loopback, in the module `mock` |
//! | `diff` | what changed between two OpenAPI documents, in the module [`document`] |

#![cfg_attr(docsrs, feature(doc_cfg))]
// The names of a document are its authors', in whatever script; the compiler asks for these at the crate's root.
#![allow(confusable_idents, mixed_script_confusables, uncommon_codepoints)]

// Generated code names this crate, wherever it is compiled.
extern crate self as menage_b2b;

mod address;
mod advice;
mod auth;
mod body;
mod cause;
mod challenge;
mod chance;
mod client;
mod clock_skew;
mod config;
mod diagnosis;
pub mod document;
mod environment;
mod error;
mod failure;
#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod generated;
mod http;
mod kind;
mod language;
#[cfg(feature = "mock")]
#[cfg_attr(docsrs, doc(cfg(feature = "mock")))]
pub mod mock;
mod network;
mod operation;
mod quota;
mod retry;
mod retry_after;
#[doc(hidden)]
pub mod runtime;
mod transport;

pub use reqwest;

pub use advice::Advice;
pub use auth::{Authenticator, AuthenticatorBuilder, Credentials, TokenState};
pub use cause::Cause;
pub use challenge::Challenge;
pub use client::{Client, ClientBuilder};
pub use diagnosis::{Check, CheckState, CheckStep, Diagnosis, FailureClass};
pub use environment::Environment;
pub use error::Error;
pub use generated::{ByteStream, Client as MenageB2B, ResponseValue, builder, types};
pub use kind::ErrorKind;
pub use language::{Language, UnknownLanguage};
pub use retry::RetryPolicy;
pub use runtime::{Date, DateTime, FilePart, InvalidDate, InvalidDateTime};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../README.fr.md")]
struct ReadmeFr;
