//! Certificates and handshakes that are not in order.

use std::sync::Arc;
use std::time::Duration;

use menage_b2b::reqwest::{Certificate, Identity};
use menage_b2b::{Cause, ErrorKind};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::{GOOD, OK, PLACES, Place, Row, Server, Step, Told, check, drips, fails, floods, lost, says, then};

/// No name server knows it.
pub(super) const HOST: &str = "api.menage.test";

type Certified = (CertificateDer<'static>, KeyPair);

pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> Certified {
        let (mut params, key) = (of_host(HOST), KeyPair::generate().unwrap());
        change(&mut params);
        (params.signed_by(&key, &*self.0).unwrap().der().clone(), key)
    }

    pub(super) fn certificate(&self) -> Certificate {
        Certificate::from_der(self.0.der()).unwrap()
    }

    /// A server with a good certificate.
    pub(super) fn server(&self, script: Vec<Step>) -> Server {
        secure(settings(ALL_VERSIONS, None, self.issue(|_| ())), script)
    }

    /// Calls a server by its name, trusting this authority.
    fn row(&self, name: &'static str, server: Server, told: Told, tries: usize) -> Row {
        let (address, trusted) = (server.address, self.certificate());
        let row = Row::of(name, server, told, tries).at(format!("https://{HOST}:{}/api", address.port()));
        row.with(move |builder| {
            builder.http(move |http| http.no_proxy().resolve(HOST, address).add_root_certificate(trusted))
        })
    }
}

fn of_host(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "hush-hush");
    params
}

fn secure(settings: ServerConfig, script: Vec<Step>) -> Server {
    Server::behind(Some(TlsAcceptor::from(Arc::new(settings))), script)
}

fn settings(
    versions: &[&'static SupportedProtocolVersion],
    clients: Option<&Authority>,
    (certificate, key): Certified,
) -> ServerConfig {
    let settings = ServerConfig::builder_with_protocol_versions(versions);
    let settings = match clients {
        None => settings.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).unwrap();
            settings.with_client_cert_verifier(WebPkiClientVerifier::builder(roots.into()).build().unwrap())
        }
    };
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    settings.with_single_cert(vec![certificate], key).unwrap()
}

fn for_clients(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

/// A client's certificate, as it stands in a file with its key.
fn identity(authority: &Authority) -> Identity {
    let (certificate, key) = authority.issue(for_clients);
    Identity::from_pem((pem("CERTIFICATE", &certificate) + &pem("PRIVATE KEY", key.serialized_der())).as_bytes())
        .unwrap()
}

fn pem(label: &str, bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |group: &[u8]| {
        let bits = [0, 1, 2].map(|place| group.get(place).map_or(0, |byte| u32::from(*byte)));
        let bits = (bits[0] << 16) | (bits[1] << 8) | bits[2];
        let digit = |place| char::from(DIGITS[(bits >> (18 - 6 * place)) as usize & 63]);
        [0, 1, 2, 3].map(|place| if place > group.len() { '=' } else { digit(place) })
    };
    let text: String = bytes.chunks(3).flat_map(digits).collect();
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[tokio::test]
async fn a_flawed_certificate_is_refused_once_and_with_its_flaw() {
    let authority = Authority::new("ours");
    let alternative = |host: &str| of_host(host).subject_alt_names;
    let (self_signed, authoritys) = (KeyPair::generate().unwrap(), authority.0.key().serialize_der());
    let self_signed = (of_host(HOST).self_signed(&self_signed).unwrap().der().clone(), self_signed);
    let authoritys_own = (authority.0.der().clone(), KeyPair::try_from(authoritys).unwrap());
    let flawed = [
        ("has expired", authority.issue(|it| it.not_after = date_time_ymd(2020, 1, 1)), Cause::Certificate),
        ("is not valid yet", authority.issue(|it| it.not_before = date_time_ymd(3000, 1, 1)), Cause::ClockSkew),
        ("another name", authority.issue(|it| it.subject_alt_names = alternative("other.test")), Cause::Certificate),
        ("no subject alternative name", authority.issue(|it| it.subject_alt_names.clear()), Cause::Certificate),
        ("is not for servers", authority.issue(for_clients), Cause::Certificate),
        ("authority is not known", self_signed, Cause::Certificate),
        ("authority is not known", Authority::new("another").issue(|_| ()), Cause::Certificate),
        ("signature is not its authority's", Authority::new("ours").issue(|_| ()), Cause::Certificate),
        ("an authority's own", authoritys_own, Cause::Certificate),
    ];
    for place in PLACES {
        let rows = flawed.iter().map(|(flaw, (certificate, key), cause)| {
            let certified = (certificate.clone(), KeyPair::try_from(key.serialize_der()).unwrap());
            let server = secure(settings(ALL_VERSIONS, None, certified), says(GOOD));
            authority.row(flaw, server, fails(ErrorKind::Tls, *cause, flaw), 1)
        });
        check(place, rows).await;
    }
}

#[tokio::test]
async fn a_certificate_in_order_passes() {
    let authority = Authority::new("ours");
    let wildcard = authority.issue(|it| it.subject_alt_names = of_host("*.menage.test").subject_alt_names);
    let of = |versions, certified| secure(settings(versions, None, certified), says(GOOD));
    let rows = [
        authority.row("TLS 1.2", of(&[&TLS12], authority.issue(|_| ())), Ok(()), 1),
        authority.row("TLS 1.3", of(&[&TLS13], authority.issue(|_| ())), Ok(()), 1),
        authority.row("a wildcard", of(ALL_VERSIONS, wildcard), Ok(()), 1),
    ];
    check(Place::Api, rows).await;
}

#[tokio::test]
async fn a_server_that_wants_to_know_its_clients_is_told_from_others() {
    let authority = Authority::new("ours");
    let unknown = fails(ErrorKind::Tls, Cause::ClientCertificate, "client certificate");
    let mut rows = Vec::new();
    for version in [&TLS12, &TLS13] {
        for (name, identity, told) in [
            ("without a certificate", None, unknown),
            ("with another authority's", Some(identity(&Authority::new("another"))), unknown),
            ("with one of an authority of the same name", Some(identity(&Authority::new("ours"))), unknown),
            ("with its own", Some(identity(&authority)), Ok(())),
        ] {
            let row = authority.row(
                name,
                secure(settings(&[version], Some(&authority), authority.issue(|_| ())), says(GOOD)),
                told,
                1,
            );
            rows.push(row.with(|builder| match identity {
                Some(identity) => builder.http(|http| http.identity(identity)),
                None => builder,
            }));
        }
    }
    check(Place::Api, rows).await;
}

#[tokio::test]
async fn a_handshake_that_fails_is_told() {
    const NOT_TLS: &str = "the answer is not TLS";
    let authority = Authority::new("ours");
    let handshake = |what| fails(ErrorKind::Tls, Cause::TlsHandshake, what);
    let cut = fails(ErrorKind::Connect, Cause::Unreachable, "closed during the TLS handshake");
    let late = fails(ErrorKind::Timeout, Cause::Unreachable, "there was no connection within the time allowed");
    let says = |bytes: &[u8]| vec![Step::Glance, Step::Write(bytes.to_vec()), Step::Wait];
    let huge = vec![Step::Glance, Step::Write(vec![22, 3, 3, 64, 0, 2, 255, 255, 255]), Step::Flood(vec![0])];
    let mut http_2 = settings(ALL_VERSIONS, None, authority.issue(|_| ()));
    http_2.alpn_protocols = vec![b"h2".to_vec()];
    let row = |name, script, told, tries| authority.row(name, Server::start(script), told, tries);
    let soon = |row: Row| row.with(|builder| builder.connect_timeout(Duration::from_millis(200)));
    let tls = authority.server(Vec::new());
    let plain_url = tls.url().replace("127.0.0.1", "localhost");
    let rows = [
        row("an answer of HTTP", says(b"HTTP/1.1 400 hush-hush\r\n\r\nhush-hush"), handshake(NOT_TLS), 1),
        row("an alert", says(&[21, 3, 3, 0, 2, 2, 70]), handshake("no version of TLS in common"), 1),
        row("a message without end", huge, handshake(NOT_TLS), 1),
        row("closed", vec![Step::Glance], cut, 3),
        row("closed to POST", vec![Step::Glance], cut, 3).posted(),
        row("cut", vec![Step::Glance, Step::Write(vec![22, 3, 3])], cut, 3),
        soon(row("silent", vec![Step::Wait], late, 3)),
        soon(row("dripping", drips("", "\x16\x03\x03\x40\0"), late, 3)),
        authority.row("only HTTP/2", secure(http_2, says(b"")), handshake(""), 1),
        Row::of("https asked by http", tls, fails(ErrorKind::Transport, Cause::NotTheApi, "not HTTP"), 1).at(plain_url),
    ];
    check(Place::Api, rows).await;
}

#[tokio::test]
async fn what_comes_after_the_handshake_is_no_better() {
    let (authority, elsewhere) = (Authority::new("ours"), Server::start(says(GOOD)));
    let redirect = format!("HTTP/1.1 307 hush-hush\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.url());
    let redirected = fails(ErrorKind::Status, Cause::BasePath, "redirects are not followed");
    let row = |name, script, told, tries| authority.row(name, authority.server(script), told, tries);
    let rows = [
        // Whoever cuts the connection cannot say in TLS that this is the end.
        row("cut where an end could be", says(format!("{OK}\r\n{{}}")), lost("ended too early"), 1),
        row("half a body", says(format!("{OK}Content-Length: 9\r\n\r\n{{")), lost("ended too early"), 1),
        row("unanswered", vec![Step::Read], lost("closed before the answer came"), 3),
        row(
            "a head without end",
            floods(OK, "X-Field: hush-hush\r\n"),
            fails(ErrorKind::Transport, Cause::NotTheApi, "too large"),
            1,
        ),
        row("a redirect to http", then(redirect, Step::Wait), redirected, 1),
    ];
    check(Place::Api, rows).await;
    assert_eq!(elsewhere.connections(), 0);
}
