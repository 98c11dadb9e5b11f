//! Takes a new client secret without a restart: the secret stands in a file that is read again at each token request.
//!
//! ```sh
//! cargo run --example secret_rotation
//! ```
//!
//! It always asks an embedded sandbox, whatever variables are set: to rotate a real secret is no business of an example. It
//! tells step by step what happens. Exit status: 0 if each call went as it should, 1 with a message on standard error otherwise.
//!
//! With PISTE, a service needs nothing but `PISTE_CLIENT_SECRET_FILE` and [`Client::from_env`]. A secret that
//! Kubernetes mounts is such a file (but not by `subPath`, which is not updated), and so is what the sidecar of a vault writes.
//! Where the program itself asks the vault:
//!
//! ```ignore
//! // Asked again at each token request. Its error becomes the source of ours: it must not hold the secret.
//! async fn read_vault() -> Result<String, VaultError> { … }
//!
//! let credentials = Credentials::from_provider("client id", read_vault);
//! ```

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::{env, fmt};

use anyhow::Context;
use menage_b2b::mock::PisteSandbox;
use menage_b2b::{Client, Credentials, Environment, ErrorKind};

const OLD: &str = "the secret of last year";
const NEW: &str = "the secret of this year";

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
    sandbox.rotate_secret(OLD);
    let folder = Folder::create()?;
    let file = folder.0.join("client_secret");
    replace(&file, OLD)?;

    let client = client(&sandbox, Credentials::from_secret_file(sandbox.client_id(), &file))?;
    call(&client).await?;
    tell(&sandbox, "1. the file holds the old secret, and a call succeeds")?;

    // In the portal: "Applications" > your application > "Identifiants Oauth".
    sandbox.rotate_secret(NEW);
    call(&client).await?;
    tell(&sandbox, "2. the secret was regenerated; a call succeeds with the token in hand")?;

    // Replace the file before the token in hand ends: until then nobody notices.
    replace(&file, NEW)?;
    sandbox.revoke_tokens();
    call(&client).await?;
    tell(&sandbox, "3. the file was replaced and the token withdrawn: the same client goes on with the new secret")?;

    let stale = self::client(&sandbox, Credentials::new(sandbox.client_id(), OLD))?;
    match stale.healthcheck().send().await {
        Err(error) if error.kind() == ErrorKind::CredentialsRefused => {
            tell(&sandbox, "4. a client that was given the old secret as a value is refused: it needs a restart")
        }
        Err(error) => Err(error).context("the old secret was not refused as it should be"),
        Ok(_) => anyhow::bail!("the old secret still works"),
    }
}

fn client(sandbox: &PisteSandbox, credentials: Credentials) -> anyhow::Result<Client> {
    let builder = Client::builder(Environment::Sandbox, credentials);
    Ok(builder.token_url(sandbox.token_url()).base_url(sandbox.base_url()).build()?)
}

async fn call(client: &Client) -> anyhow::Result<()> {
    client.healthcheck().send().await.map(drop).context("a call failed that should succeed")
}

fn tell(sandbox: &PisteSandbox, step: impl fmt::Display) -> anyhow::Result<()> {
    let requests = sandbox.token_requests();
    writeln!(io::stdout(), "{step} (token requests so far: {requests})").context("standard output cannot be written")
}

/// Replaces the file in one step: whoever reads meanwhile finds the old secret or the new one, and never half of one.
fn replace(file: &Path, secret: &str) -> anyhow::Result<()> {
    let draft = file.with_extension("draft");
    fs::write(&draft, secret).context("the secret cannot be written")?;
    fs::rename(&draft, file).context("the file of the secret cannot be replaced")
}

/// A folder that nobody else may look into, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn create() -> anyhow::Result<Self> {
        let path = env::temp_dir().join(format!("menage-b2b-secret-rotation-{}", process::id()));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // Fails if it is there already: then it may be another's.
        builder.create(&path).context("the temporary folder cannot be made")?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed with the other temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
