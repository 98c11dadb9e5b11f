//! The network of a company in miniature: a proxy that wants a name and a password, and certificates of an authority that
//! only the company knows.
//!
//! ```sh
//! cargo run --example proxy_and_authority
//! ```
//!
//! A demonstration: it asks servers of its own on loopback, whatever variables are set, and never PISTE. The first of three
//! clients does not know the authority, the second has no password for the proxy, the third has both; each prints what came
//! of it, failures with their advice. Exit status: 0 if all three went as they should, 1 with a message on standard error
//! otherwise.
//!
//! What a program needs in such a network. On Linux two variables do, and no code; the file is trusted instead of the
//! machine's own, so let it hold every authority that is needed:
//!
//! ```sh
//! export HTTPS_PROXY=http://name:password@proxy.entreprise.test:3128
//! export SSL_CERT_FILE=/etc/ssl/entreprise/authorities.pem
//! ```
//!
//! Elsewhere, or where the password comes from a vault, in code; authorities that the machine trusts stay trusted:
//!
//! ```ignore
//! Client::builder_from_env()?.http(|http| http.add_root_certificate(authority).proxy(proxy)).build()?
//! ```

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use menage_b2b::mock::PisteSandbox;
use menage_b2b::reqwest::{Certificate, Proxy};
use menage_b2b::{Client, ClientBuilder, Environment, ErrorKind};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// No name server knows it: who reaches it came by the proxy. Where all addresses are of this machine, no proxy is used.
const HOST: &str = "api.entreprise.test";
const NAME: &str = "menage";
const PASSWORD: &str = "open sesame";
/// `NAME:PASSWORD` in base64.
const AUTHORIZATION: &str = "Basic bWVuYWdlOm9wZW4gc2VzYW1l";
const REFUSAL: &str =
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"entreprise\"\r\n\r\n";
/// No head of a request is longer.
const MAX_HEAD: u64 = 8 * 1024;

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
    let network = Network::start().await?;
    writeln!(io::stderr(), "a demonstration: asking an embedded sandbox behind a proxy of its own, not PISTE")?;

    // Never `danger_accept_invalid_certs`: the secret would go to whoever answers.
    let authority = Certificate::from_der(&network.authority)?;
    let proxy = Proxy::https(&network.proxy)?;
    let open_proxy = proxy.clone().basic_auth(NAME, PASSWORD);

    let builder = network.client_builder().http(|http| http.proxy(open_proxy.clone()));
    fails("1. without the authority", builder.build()?, ErrorKind::Tls).await?;

    let builder = network.client_builder().http(|http| http.add_root_certificate(authority.clone()).proxy(proxy));
    fails("2. without the proxy's password", builder.build()?, ErrorKind::Proxy).await?;

    let builder = network.client_builder().http(|http| http.add_root_certificate(authority).proxy(open_proxy));
    let health = builder.build()?.healthcheck().send().await.context("with both the call should succeed")?;
    print(format_args!("3. with both\n{}", serde_json::to_string(&*health)?))
}

/// Makes a call that has to fail in this way, and prints what a person would read.
async fn fails(title: &str, client: Client, kind: ErrorKind) -> anyhow::Result<()> {
    match client.healthcheck().send().await {
        Err(error) if error.kind() == kind => print(format_args!("{title}\n{kind:?}: {error}\n{}\n", error.advice())),
        Err(error) => Err(error).with_context(|| format!("{title} the failure should be of the kind {kind:?}")),
        Ok(_) => anyhow::bail!("{title} the call should fail"),
    }
}

fn print(text: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{text}").context("standard output cannot be written")
}

/// The company's network, and PISTE's sandbox at its far end.
struct Network {
    sandbox: PisteSandbox,
    proxy: String,
    authority: CertificateDer<'static>,
}

impl Network {
    async fn start() -> anyhow::Result<Self> {
        let sandbox = PisteSandbox::start().await;
        let (authority, config) = certificates().context("no certificates can be made")?;
        let (acceptor, api) = (TlsAcceptor::from(Arc::new(config)), *sandbox.server().address());
        let front = serve(move |socket| unwrap_tls(socket, acceptor.clone(), api)).await?;
        let proxy = serve(move |socket| tunnel(socket, front)).await?;
        Ok(Self { sandbox, proxy: format!("http://{proxy}"), authority })
    }

    /// Begins a client that knows the servers by the name that the company gave them.
    fn client_builder(&self) -> ClientBuilder {
        let public = |url: String| url.replace(&self.sandbox.server().uri(), &format!("https://{HOST}"));
        Client::builder(Environment::Sandbox, self.sandbox.credentials())
            .token_url(public(self.sandbox.token_url()))
            .base_url(public(self.sandbox.base_url()))
    }
}

/// Makes an authority, and a server's settings with a certificate that it signed.
fn certificates() -> anyhow::Result<(CertificateDer<'static>, ServerConfig)> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Authority of the company");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let mut params = CertificateParams::new([HOST.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, HOST);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &*authority)?.der().clone();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key)?;
    Ok((authority.der().clone(), config))
}

/// Starts a server on a free port, which ends with the program.
async fn serve<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> io::Result<SocketAddr>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        // That a connection breaks is what the client tells of, and the reason why it is here.
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(handle(socket));
        }
    });
    Ok(address)
}

/// The proxy: connects who knows the password to `front`, whatever host was asked for.
async fn tunnel(socket: TcpStream, front: SocketAddr) -> io::Result<()> {
    let mut client = BufReader::new(socket);
    let mut head = String::new();
    let mut lines = (&mut client).take(MAX_HEAD);
    // To the empty line.
    while lines.read_line(&mut head).await? > "\r\n".len() {}
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    if !fields.any(|(name, value)| name.eq_ignore_ascii_case("proxy-authorization") && value == AUTHORIZATION) {
        return client.write_all(REFUSAL.as_bytes()).await;
    }
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut TcpStream::connect(front).await?).await.map(drop)
}

/// The server: takes TLS off and hands on to the sandbox.
async fn unwrap_tls(socket: TcpStream, acceptor: TlsAcceptor, api: SocketAddr) -> io::Result<()> {
    let mut client = acceptor.accept(socket).await?;
    copy_bidirectional(&mut client, &mut TcpStream::connect(api).await?).await.map(drop)
}
