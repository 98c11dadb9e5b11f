//! Makes typed calls with a client of a document of its own: `openapi/exemple.json`, which stands for the one that you
//! download from the portal. It is made up; so are its operations.
//!
//! ```sh
//! cd examples/own_document && cargo run
//! ```
//!
//! In this folder, since cargo finds `.cargo/config.toml`, which names the document, from the current folder upwards. It
//! always asks an embedded sandbox, whatever variables are set: no server has these operations. It prints what the client
//! knows of the document, and what the calls answer. Exit status: 0 if each call went as it should, 1 with a message on
//! standard error otherwise.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use menage_b2b::mock::PisteSandbox;
use menage_b2b::mock::wiremock::ResponseTemplate;
use menage_b2b::{Client, Date, ErrorKind, document, types};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `#` shows the causes too. If standard error is closed, the status says it alone.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let sandbox = PisteSandbox::start().await;
    writeln!(io::stderr(), "asking an embedded sandbox at {}, not PISTE", sandbox.base_url())?;
    describe()?;
    script(&sandbox)?;
    let client = sandbox.client_builder().build()?;
    create(&client).await?;
    search(&client).await?;
    read(&client, "E-1").await?;
    read(&client, "E-2").await
}

/// Prints what the client was generated of.
fn describe() -> anyhow::Result<()> {
    print(format_args!("{}, version {}", document::TITLE, document::VERSION))?;
    for operation in document::OPERATIONS {
        let (id, function) = (operation.id, operation.function);
        print(format_args!("  {} {} is `{id}`, in Rust client.{function}()", operation.method, operation.path))?;
    }
    // Have your CI look for `Effect::LeftOut` here: an operation that the client lacks.
    document::CHANGES.iter().try_for_each(|change| print(format_args!("  {change}")))
}

/// Tells the sandbox what to answer. Operations go by their id as the document writes it; types are built rather than written
/// out in full, so that a field that a newer document adds breaks nothing.
fn script(sandbox: &PisteSandbox) -> anyhow::Result<()> {
    let day: Date = "2025-03-31".parse()?;
    let example =
        types::Exemple::builder().reference("E-1").commune("Lille").statut(types::Statut::Ouvert).cree_le(day);
    let example = types::Exemple::try_from(example)?;
    let page = types::PageExemples::builder().total(1).exemples(vec![example.clone()]);
    let page = types::PageExemples::try_from(page)?;
    let none = types::Erreur::try_from(types::Erreur::builder().code("INCONNU").message("no such example"))?;
    // Answers with 201, the success that the document declares.
    sandbox.operation("creerExempleUsingPOST_1").answers(&example);
    sandbox.operation("rechercherExemples").query("commune", "Lille").query("depuisLe", "2025-01-01").answers(&page);
    sandbox.operation("lireExemple").answers_with(ResponseTemplate::new(404).set_body_json(none));
    // Has a condition, and so comes before the one above.
    sandbox.operation("lireExemple").path("reference", "E-1").answers(&example);
    Ok(())
}

async fn create(client: &Client) -> anyhow::Result<()> {
    let day: Date = "2025-03-31".parse()?;
    let new = types::NouvelExemple::builder().commune("Lille").statut(types::Statut::Ouvert).cree_le(day);
    let created = client.creer_exemple_using_post_1().body(new).send().await.context("nothing was created")?;
    print(format_args!("created {}: {}", created.reference, created.status()))
}

async fn search(client: &Client) -> anyhow::Result<()> {
    let since: Date = "2025-01-01".parse()?;
    let search = client.rechercher_exemples().commune("Lille").statut("OUVERT").depuis_le(since);
    let found = search.send().await.context("the search failed")?;
    for example in &found.exemples {
        // The server may be newer than the document: a value that is not listed is kept, and no failure.
        let state = match &example.statut {
            types::Statut::Ouvert => "open",
            types::Statut::Clos => "closed",
            other => other.as_str(),
        };
        // `day` has none where the server sent what is no date.
        let day = example.cree_le.as_ref().and_then(Date::day);
        let day = day.map_or_else(|| "some day".to_owned(), |day| day.format("%d/%m/%Y").to_string());
        print(format_args!("found {} of {}: {state} since {day}", example.reference, example.commune))?;
    }
    Ok(())
}

async fn read(client: &Client, reference: &str) -> anyhow::Result<()> {
    match client.lire_exemple().reference(reference).send().await {
        Ok(example) => print(format_args!("read {}", example.reference)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // The type is the one that the document declares for 404. Real answers may hold personal data: mind where they go.
            let answer: types::Erreur = error.json().context("the answer to a failure is not as the document says")?;
            print(format_args!("{reference} is not there: {} ({})", answer.message, answer.code))
        }
        Err(error) => Err(error).context("the example cannot be read"),
    }
}

fn print(text: fmt::Arguments<'_>) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{text}").context("standard output cannot be written")
}
