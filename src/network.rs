//! What a failed exchange shows of its cause.
//!
//! reqwest tells in which phase an exchange failed, and the errors below its own tell why. Those of std and rustls have types;
//! those of hyper and of proxies are private, or of crates that are not ours, so that only their texts tell them. Texts are
//! compared with a closed list, and where none fits the phase alone speaks: nothing of a server's is passed on.

use std::error::Error as StdError;
use std::io;
use std::iter;

use crate::cause::Cause;
use crate::kind::ErrorKind;

/// What a failed exchange shows of its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    /// The reason, to end "connecting to the API failed: …"; empty if it is not known.
    pub(crate) what: &'static str,
    pub(crate) causes: &'static [Cause],
    /// Whether it is certain that no part of the request was sent.
    pub(crate) is_unsent: bool,
}

/// One error of a chain.
type Link = dyn StdError + 'static;

const PROXY_UNREACHABLE: Fault = Fault::new(ErrorKind::Proxy, "the proxy cannot be reached", &[Cause::Proxy]);
const CLIENT_CERTIFICATE: Fault =
    Fault::new(ErrorKind::Tls, "the server wants a client certificate that it accepts", &[Cause::ClientCertificate]);

impl Fault {
    /// Reads the errors below reqwest's.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        // First, because the errors below it are of whatever the body is read from, and not of this exchange.
        if links(error).any(|link| link.to_string() == "error from user's Body stream") {
            return Self::new(ErrorKind::Transport, "the request's body could not be read", &[Cause::Arguments]);
        }
        match (error.is_builder(), error.is_connect()) {
            (true, _) => Self::new(ErrorKind::InvalidRequest, "", &[Cause::Arguments]).unsent(),
            (_, true) => connecting(error).unsent(),
            _ => exchanging(error),
        }
    }

    const fn new(kind: ErrorKind, what: &'static str, causes: &'static [Cause]) -> Self {
        Self { kind, what, causes, is_unsent: false }
    }

    fn unsent(self) -> Self {
        Self { is_unsent: true, ..self }
    }
}

/// Tells why there is no connection. Its errors are looked through once for each reader: one that knows more than the next may
/// find its sign deeper.
fn connecting(error: &reqwest::Error) -> Fault {
    let at_proxy = find(error, proxy);
    match (error.is_timeout(), at_proxy) {
        (true, None) => Fault::new(
            ErrorKind::Timeout,
            "there was no connection within the time allowed",
            &[Cause::Unreachable, Cause::Slow],
        ),
        (true, Some(_)) => Fault::new(
            ErrorKind::Timeout,
            "the proxy did not answer within the time allowed",
            &[Cause::Proxy, Cause::Slow],
        ),
        (false, Some(fault)) if fault == PROXY_UNREACHABLE => way_to_proxy(error),
        (false, Some(fault)) => fault,
        (false, None) => find(error, tls::read)
            .or_else(|| find(error, address))
            .or_else(|| find(error, tcp))
            .unwrap_or(Fault::new(ErrorKind::Connect, "", &[Cause::Unreachable])),
    }
}

/// Tells why an exchange broke after the connection was made. The server may have seen the request.
fn exchanging(error: &reqwest::Error) -> Fault {
    let has_begun = error.is_body() || error.is_decode();
    match (error.is_timeout(), has_begun) {
        (true, true) => {
            Fault::new(ErrorKind::Timeout, "the answer did not end within the time allowed", &[Cause::Slow])
        }
        (true, false) => Fault::new(ErrorKind::Timeout, "no answer came within the time allowed", &[Cause::Slow]),
        (false, _) => find(error, broken_tls)
            .or_else(|| find(error, |link| http(link, has_begun)))
            .or_else(|| find(error, |link| broken(link, has_begun)))
            .unwrap_or(Fault::new(ErrorKind::Transport, "", &[Cause::ConnectionLost])),
    }
}

fn find(error: &reqwest::Error, read: impl Fn(&Link) -> Option<Fault>) -> Option<Fault> {
    links(error).find_map(read)
}

/// Goes down the errors below reqwest's. What an `io::Error` is made of is not its source: that is already one deeper.
fn links(error: &reqwest::Error) -> impl Iterator<Item = &Link> {
    iter::successors(error.source(), |&link| match link.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &Link),
        None => link.source(),
    })
}

/// Reads the texts of hyper-util's `TunnelError` and `SocksError`.
fn proxy(link: &Link) -> Option<Fault> {
    let text = link.to_string();
    let (scheme, outcome) = text.split_once(" error: ")?;
    match (scheme, outcome) {
        ("tunnel" | "SOCKS", "failed to create underlying connection") => Some(PROXY_UNREACHABLE),
        ("tunnel", "proxy authorization required") => Some(Fault::new(
            ErrorKind::Proxy,
            "the proxy wants a name and a password (407)",
            &[Cause::ProxyAuthentication],
        )),
        ("SOCKS", "credentials not accepted") => Some(Fault::new(
            ErrorKind::Proxy,
            "the proxy does not accept the name and the password",
            &[Cause::ProxyAuthentication],
        )),
        ("tunnel" | "SOCKS", _) => {
            Some(Fault::new(ErrorKind::Proxy, "the proxy did not let the connection through", &[Cause::Proxy]))
        }
        _ => None,
    }
}

/// Tells what is in the way to the proxy: its address, most often.
fn way_to_proxy(error: &reqwest::Error) -> Fault {
    let what = if find(error, address).is_some() {
        "the proxy's name does not resolve"
    } else if find(error, tls::read).is_some() {
        "there is no secure connection to the proxy"
    } else {
        PROXY_UNREACHABLE.what
    };
    Fault { what, ..PROXY_UNREACHABLE }
}

/// Reads the texts of hyper-util's `ConnectError` that tell what is wrong with the address.
fn address(link: &Link) -> Option<Fault> {
    match link.to_string().as_str() {
        "dns error" | "error resolving DNS" => {
            Some(Fault::new(ErrorKind::Connect, "the name does not resolve", &[Cause::NameResolution]))
        }
        "invalid URL, scheme is not http" => {
            Some(Fault::new(ErrorKind::Tls, "the program is built without TLS", &[Cause::Setting]))
        }
        _ => None,
    }
}

fn tcp(link: &Link) -> Option<Fault> {
    use io::ErrorKind as Kind;
    let (what, causes): (_, &[_]) = match link.downcast_ref::<io::Error>()?.kind() {
        Kind::ConnectionRefused => ("the connection was refused", &[Cause::Unreachable]),
        Kind::NetworkUnreachable | Kind::NetworkDown | Kind::NotConnected => {
            ("the network cannot be reached", &[Cause::Unreachable])
        }
        Kind::HostUnreachable => ("the host cannot be reached", &[Cause::Unreachable]),
        Kind::AddrNotAvailable => ("this machine has no address or port for the connection", &[Cause::Unreachable]),
        Kind::PermissionDenied => ("this machine does not allow the connection", &[Cause::Unreachable]),
        // TCP alone is refused and not closed. Servers and what stands before them close for want of a common version of
        // TLS, but also when they are busy or restarted: the class is the one that passes by itself.
        Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            ("the connection was closed during the TLS handshake", &[Cause::Unreachable, Cause::TlsHandshake])
        }
        _ => return None,
    };
    Some(Fault::new(ErrorKind::Connect, what, causes))
}

/// Tells what became of a connection that was secure. In TLS 1.3 a server refuses the client's certificate, or its lack, only
/// after the client has finished the handshake ([RFC 8446, 4.4.2.4](https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2.4)).
fn broken_tls(link: &Link) -> Option<Fault> {
    let fault = tls::read(link)?;
    let is_broken = fault != CLIENT_CERTIFICATE;
    let broken = Fault::new(ErrorKind::Transport, "the secure connection broke", &[Cause::ConnectionLost]);
    Some(if is_broken { broken } else { fault })
}

/// Reads the texts of hyper's errors.
fn http(link: &Link, has_begun: bool) -> Option<Fault> {
    let (what, causes): (_, &[_]) = match link.to_string().as_str() {
        "invalid HTTP version parsed"
        | "invalid HTTP version parsed (found HTTP2 preface)"
        | "invalid HTTP header parsed"
        | "invalid HTTP status-code parsed"
        | "invalid content-length parsed"
        | "unexpected transfer-encoding parsed"
        | "received unexpected message from connection" => ("the answer is not HTTP", &[Cause::NotTheApi]),
        "message head is too large" => ("the answer's header is too large", &[Cause::NotTheApi]),
        "connection closed before message completed" | "operation was canceled" | "channel closed" => {
            (closed(has_begun), &[Cause::ConnectionLost])
        }
        _ => return None,
    };
    Some(Fault::new(ErrorKind::Transport, what, causes))
}

fn broken(link: &Link, has_begun: bool) -> Option<Fault> {
    use io::ErrorKind as Kind;
    let (what, causes): (_, &[_]) = match link.downcast_ref::<io::Error>()?.kind() {
        Kind::ConnectionReset | Kind::ConnectionAborted => ("the connection was reset", &[Cause::ConnectionLost]),
        Kind::UnexpectedEof | Kind::BrokenPipe | Kind::NotConnected => (closed(has_begun), &[Cause::ConnectionLost]),
        // The lengths of chunks.
        Kind::InvalidData | Kind::InvalidInput => ("the answer is not HTTP", &[Cause::NotTheApi]),
        _ => return None,
    };
    Some(Fault::new(ErrorKind::Transport, what, causes))
}

const fn closed(has_begun: bool) -> &'static str {
    if has_begun { "the answer ended too early" } else { "the connection was closed before the answer came" }
}

/// Reads rustls' errors.
#[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
mod tls {
    use rustls::{AlertDescription, CertificateError, Error};

    use super::{CLIENT_CERTIFICATE, Cause, ErrorKind, Fault, Link};

    const NOT_FOR_SERVERS: &str = "the certificate is not for servers";
    const NOT_ACCEPTED: &str = "the certificate is not accepted";

    pub(super) fn read(link: &Link) -> Option<Fault> {
        let what = match link.downcast_ref()? {
            Error::InvalidCertificate(error) => return Some(certificate(error)),
            Error::AlertReceived(alert) => return Some(refusal(*alert)),
            Error::NoCertificatesPresented => "the server has no certificate",
            Error::InvalidMessage(_) => "the answer is not TLS",
            Error::PeerIncompatible(_) => "the server and the client have no version of TLS or no cipher in common",
            _ => "the TLS handshake failed",
        };
        Some(Fault::new(ErrorKind::Tls, what, &[Cause::TlsHandshake]))
    }

    pub(super) fn certificate(error: &CertificateError) -> Fault {
        use CertificateError as Flaw;
        let what = match error {
            Flaw::Expired | Flaw::ExpiredContext { .. } => {
                return untimely("the certificate has expired", &[Cause::Certificate, Cause::ClockSkew]);
            }
            Flaw::NotValidYet | Flaw::NotValidYetContext { .. } => {
                return untimely("the certificate is not valid yet", &[Cause::ClockSkew, Cause::Certificate]);
            }
            Flaw::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                "the certificate names no host (it has no subject alternative name)"
            }
            Flaw::NotValidForName | Flaw::NotValidForNameContext { .. } => "the certificate is for another name",
            Flaw::UnknownIssuer => "the certificate's authority is not known",
            Flaw::Revoked => "the certificate is revoked",
            Flaw::BadSignature => "the certificate's signature is not its authority's",
            Flaw::InvalidPurpose | Flaw::InvalidPurposeContext { .. } => NOT_FOR_SERVERS,
            Flaw::Other(error) => other(&error.0.to_string()),
            _ => NOT_ACCEPTED,
        };
        Fault::new(ErrorKind::Tls, what, &[Cause::Certificate])
    }

    fn untimely(what: &'static str, causes: &'static [Cause]) -> Fault {
        Fault::new(ErrorKind::Tls, what, causes)
    }

    /// Reads the texts of webpki's errors that rustls has no name for, and of rustls-platform-verifier's.
    fn other(text: &str) -> &'static str {
        match text {
            // As `openssl req -x509` makes them.
            "CaUsedAsEndEntity" => "the certificate is an authority's own and not a server's",
            "certificate had invalid extensions" => NOT_FOR_SERVERS,
            _ => NOT_ACCEPTED,
        }
    }

    fn refusal(alert: AlertDescription) -> Fault {
        use AlertDescription as Alert;
        let what = match alert {
            Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            // Signed by another key than its authority's.
            | Alert::DecryptError
            | Alert::AccessDenied => return CLIENT_CERTIFICATE,
            Alert::ProtocolVersion => "the server and the client have no version of TLS in common",
            Alert::HandshakeFailure | Alert::InsufficientSecurity => "the server refused the TLS handshake",
            Alert::UnrecognisedName => "the server knows no host of this name",
            _ => "the server broke off the TLS handshake",
        };
        Fault::new(ErrorKind::Tls, what, &[Cause::TlsHandshake])
    }
}

#[cfg(not(any(feature = "rustls", feature = "rustls-no-provider")))]
mod tls {
    pub(super) fn read(_: &super::Link) -> Option<super::Fault> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::thread;
    use std::time::Duration;

    use reqwest::ClientBuilder;

    use super::*;

    /// Where nobody listens.
    const NOBODY: &str = "127.0.0.1:1";
    const SHORT: Duration = Duration::from_millis(100);

    /// Serves one connection, in a thread of its own.
    fn server(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || serve(listener.accept().unwrap().0));
        address
    }

    /// Answers the first that is read with these bytes, and closes when the client does.
    fn answering(bytes: impl AsRef<[u8]> + Send + 'static) -> SocketAddr {
        server(move |mut stream| {
            respond(&mut stream, bytes.as_ref());
            wait(&mut stream);
        })
    }

    /// Answers the first that is read with these bytes, and closes.
    fn closing(bytes: impl AsRef<[u8]> + Send + 'static) -> SocketAddr {
        server(move |mut stream| respond(&mut stream, bytes.as_ref()))
    }

    /// Closes with the request unread, which resets the connection.
    fn resetting() -> SocketAddr {
        server(|stream| _ = stream.peek(&mut [0]).unwrap())
    }

    fn respond(stream: &mut TcpStream, bytes: &[u8]) {
        assert_ne!(stream.read(&mut [0; 8192]).unwrap(), 0);
        // Fails where the client has seen enough.
        _ = stream.write_all(bytes);
    }

    fn wait(stream: &mut TcpStream) {
        while stream.read(&mut [0; 8192]).is_ok_and(|length| length != 0) {}
    }

    async fn fault(client: ClientBuilder, url: &str) -> Fault {
        let error = match client.build().unwrap().get(url).send().await {
            Ok(answer) => answer.bytes().await.unwrap_err(),
            Err(error) => error,
        };
        Fault::of(&error)
    }

    async fn fault_at(address: impl std::fmt::Display) -> Fault {
        fault(reqwest::Client::builder(), &format!("http://{address}")).await
    }

    #[track_caller]
    fn check(fault: Fault, kind: ErrorKind, what: &str, causes: &[Cause], is_unsent: bool) {
        assert_eq!((fault.kind, fault.what, fault.causes, fault.is_unsent), (kind, what, causes, is_unsent));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_told_from_a_name_that_does_not_resolve() {
        for (address, what, cause) in [
            (NOBODY, "the connection was refused", Cause::Unreachable),
            ("menage.invalid", "the name does not resolve", Cause::NameResolution),
        ] {
            check(fault_at(address).await, ErrorKind::Connect, what, &[cause], true);
        }
    }

    #[tokio::test]
    async fn a_request_that_cannot_be_made_is_not_sent() {
        let fault = fault(reqwest::Client::builder(), "ftp://127.0.0.1").await;
        check(fault, ErrorKind::InvalidRequest, "", &[Cause::Arguments], true);
    }

    #[tokio::test]
    async fn a_broken_exchange_is_called_by_what_came_of_the_answer() {
        const EARLY: &str = "the connection was closed before the answer came";
        const TRUNCATED: &str = "the answer ended too early";
        const NOT_HTTP: &str = "the answer is not HTTP";
        let large = format!("HTTP/1.1 200 OK\r\na: {}", "a".repeat(512 * 1024));
        for (address, what, cause) in [
            (resetting(), "the connection was reset", Cause::ConnectionLost),
            (closing(""), EARLY, Cause::ConnectionLost),
            (closing("HTTP/1.1 200 OK\r\n"), EARLY, Cause::ConnectionLost),
            (closing("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"), TRUNCATED, Cause::ConnectionLost),
            (
                closing("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf"),
                TRUNCATED,
                Cause::ConnectionLost,
            ),
            (answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhalf"), NOT_HTTP, Cause::NotTheApi),
            (answering("HTTP/1.1 200 OK\r\ncontent-length: nine\r\n\r\n"), NOT_HTTP, Cause::NotTheApi),
            (answering("HTTP/1.1 200 OK\r\n: a\r\n\r\n"), NOT_HTTP, Cause::NotTheApi),
            (answering("220 mail\r\n\r\n"), NOT_HTTP, Cause::NotTheApi),
            // What a TLS server says to plain http.
            (answering([21, 3, 3, 0, 2, 2, 70]), NOT_HTTP, Cause::NotTheApi),
            (answering(large), "the answer's header is too large", Cause::NotTheApi),
        ] {
            check(fault_at(address).await, ErrorKind::Transport, what, &[cause], false);
        }
    }

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_told_from_one_that_does_not_end() {
        for (bytes, what) in [
            ("", "no answer came within the time allowed"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "the answer did not end within the time allowed"),
        ] {
            let client = reqwest::Client::builder().timeout(SHORT);
            let fault = fault(client, &format!("http://{}", answering(bytes))).await;
            check(fault, ErrorKind::Timeout, what, &[Cause::Slow], false);
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_body_that_cannot_be_read_is_not_the_connections_fault() {
        let directory = tokio::fs::File::open(".").await.unwrap();
        let request = reqwest::Client::new().post(format!("http://{}", answering(""))).body(directory);
        let fault = Fault::of(&request.send().await.unwrap_err());
        check(fault, ErrorKind::Transport, "the request's body could not be read", &[Cause::Arguments], false);
    }

    #[cfg(not(any(feature = "rustls", feature = "rustls-no-provider")))]
    #[tokio::test]
    async fn https_without_tls_says_that_tls_is_not_built_in() {
        let fault = fault(reqwest::Client::builder(), "https://127.0.0.1").await;
        check(fault, ErrorKind::Tls, "the program is built without TLS", &[Cause::Setting], true);
    }

    #[cfg(feature = "rustls")]
    mod secure {
        use std::sync::Arc;

        use rcgen::{
            BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
            date_time_ymd,
        };
        use reqwest::{Certificate, Proxy};
        use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
        use rustls::server::WebPkiClientVerifier;
        use rustls::{RootCertStore, ServerConfig, ServerConnection};

        use super::*;

        const HOST: &str = "menage.test";

        struct Authority(CertifiedIssuer<'static, KeyPair>);

        impl Authority {
            fn new() -> Self {
                let mut params = CertificateParams::default();
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
            }

            fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> (CertificateDer<'static>, KeyPair) {
                let key = KeyPair::generate().unwrap();
                (params(change).signed_by(&key, &*self.0).unwrap().der().clone(), key)
            }

            fn certificate(&self) -> CertificateDer<'static> {
                self.0.der().clone()
            }

            /// Calls a server, trusting this authority.
            async fn fault(&self, address: SocketAddr) -> Fault {
                let trusted = Certificate::from_der(&self.certificate()).unwrap();
                let client = reqwest::Client::builder().add_root_certificate(trusted).resolve(HOST, address);
                fault(client, &format!("https://{HOST}:{}", address.port())).await
            }
        }

        fn params(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
            let mut params = params_of(HOST);
            params.distinguished_name.push(DnType::CommonName, HOST);
            change(&mut params);
            params
        }

        fn params_of(name: &str) -> CertificateParams {
            CertificateParams::new([name.to_owned()]).unwrap()
        }

        fn config((certificate, key): (CertificateDer<'static>, KeyPair)) -> ServerConfig {
            let key = PrivatePkcs8KeyDer::from(key.serialize_der());
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key.into()).unwrap()
        }

        /// Answers the first request as this server, and then sends these bytes as they are.
        fn serving(config: ServerConfig, answer: &'static str, then: &'static [u8]) -> SocketAddr {
            server(move |mut socket| {
                let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
                let mut stream = rustls::Stream::new(&mut connection, &mut socket);
                // Fails where the client does not want this server, or the server not this client.
                if stream.read(&mut [0; 8192]).is_ok() {
                    stream.write_all(answer.as_bytes()).unwrap();
                    socket.write_all(then).unwrap();
                } else {
                    wait(&mut socket);
                }
            })
        }

        #[tokio::test]
        async fn each_flaw_of_a_certificate_has_its_name() {
            let authority = Authority::new();
            let self_signed = KeyPair::generate().unwrap();
            let of_authority = (authority.certificate(), KeyPair::try_from(authority.0.key().serialize_der()).unwrap());
            for (certificate, what) in [
                (
                    authority.issue(|it| it.subject_alt_names.clear()),
                    "the certificate names no host (it has no subject alternative name)",
                ),
                (
                    authority.issue(|it| it.subject_alt_names = params_of("other.test").subject_alt_names),
                    "the certificate is for another name",
                ),
                (
                    authority.issue(|it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
                    "the certificate is not for servers",
                ),
                (
                    (params(|_| ()).self_signed(&self_signed).unwrap().der().clone(), self_signed),
                    "the certificate's authority is not known",
                ),
                (Authority::new().issue(|_| ()), "the certificate's signature is not its authority's"),
                (of_authority, "the certificate is an authority's own and not a server's"),
            ] {
                let fault = authority.fault(serving(config(certificate), "", b"")).await;
                check(fault, ErrorKind::Tls, what, &[Cause::Certificate], true);
            }
        }

        #[tokio::test]
        async fn a_certificate_out_of_its_time_may_be_the_clocks_fault() {
            let authority = Authority::new();
            let (past, future) = (date_time_ymd(2020, 1, 1), date_time_ymd(3000, 1, 1));
            for (certificate, what, causes) in [
                (
                    authority.issue(|it| it.not_after = past),
                    "the certificate has expired",
                    [Cause::Certificate, Cause::ClockSkew],
                ),
                (
                    authority.issue(|it| it.not_before = future),
                    "the certificate is not valid yet",
                    [Cause::ClockSkew, Cause::Certificate],
                ),
            ] {
                let fault = authority.fault(serving(config(certificate), "", b"")).await;
                assert_eq!((fault.what, fault.causes), (what, &causes[..]));
                assert!(fault.kind == ErrorKind::Tls && fault.is_unsent);
            }
        }

        #[test]
        fn a_revoked_certificate_has_its_name_too() {
            // Whether a certificate is revoked is found out by platforms that this test cannot count on.
            let fault = tls::certificate(&rustls::CertificateError::Revoked);
            check(fault, ErrorKind::Tls, "the certificate is revoked", &[Cause::Certificate], false);
        }

        #[tokio::test]
        async fn a_client_certificate_is_asked_for_after_the_handshake() {
            let authority = Authority::new();
            let mut trusted = RootCertStore::empty();
            trusted.add(authority.certificate()).unwrap();
            let verifier = WebPkiClientVerifier::builder(trusted.into()).build().unwrap();
            let (certificate, key) = authority.issue(|_| ());
            let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
            let config = ServerConfig::builder().with_client_cert_verifier(verifier);
            let config = config.with_single_cert(vec![certificate], key).unwrap();
            assert_eq!(authority.fault(serving(config, "", b"")).await, CLIENT_CERTIFICATE);
        }

        #[tokio::test]
        async fn a_handshake_that_fails_tells_what_the_server_said() {
            const NOTHING_IN_COMMON: &str = "the server and the client have no version of TLS in common";
            // TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA.
            let old = [&[22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1][..], &[0; 32], &[0, 0, 47, 0]].concat();
            let alert = |code| vec![21, 3, 3, 0, 2, 2, code];
            for (answer, what) in [
                (alert(70), NOTHING_IN_COMMON),
                (alert(40), "the server refused the TLS handshake"),
                (alert(112), "the server knows no host of this name"),
                (alert(42), CLIENT_CERTIFICATE.what),
                (alert(80), "the server broke off the TLS handshake"),
                (old, "the server and the client have no version of TLS or no cipher in common"),
                (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "the answer is not TLS"),
            ] {
                let fault = Authority::new().fault(answering(answer)).await;
                let is_ours = what == CLIENT_CERTIFICATE.what;
                let cause: &[_] = if is_ours { CLIENT_CERTIFICATE.causes } else { &[Cause::TlsHandshake] };
                check(fault, ErrorKind::Tls, what, cause, true);
            }
        }

        #[tokio::test]
        async fn a_handshake_that_is_cut_off_may_pass_by_itself() {
            for address in [closing(""), resetting()] {
                let fault = Authority::new().fault(address).await;
                let what = "the connection was closed during the TLS handshake";
                check(fault, ErrorKind::Connect, what, &[Cause::Unreachable, Cause::TlsHandshake], true);
            }
        }

        #[tokio::test]
        async fn a_connection_that_takes_too_long_sent_nothing() {
            let client = reqwest::Client::builder().connect_timeout(SHORT);
            let fault = fault(client, &format!("https://{}", answering(""))).await;
            let what = "there was no connection within the time allowed";
            check(fault, ErrorKind::Timeout, what, &[Cause::Unreachable, Cause::Slow], true);
        }

        #[tokio::test]
        async fn a_secure_connection_can_break_as_any_other() {
            const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
            const NO_RECORD: [u8; 21] = [23, 3, 3, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let authority = Authority::new();
            for (then, what) in [(&b""[..], "the answer ended too early"), (&NO_RECORD, "the secure connection broke")]
            {
                let fault = authority.fault(serving(config(authority.issue(|_| ())), HALF, then)).await;
                check(fault, ErrorKind::Transport, what, &[Cause::ConnectionLost], false);
            }
        }

        #[tokio::test]
        async fn a_proxy_in_the_way_is_told_from_the_server_behind_it() {
            const CLOSED: &str = "the proxy did not let the connection through";
            const NO_ACCESS: &str = "the proxy wants a name and a password (407)";
            for (proxy, what, cause) in [
                (format!("http://{}", answering("HTTP/1.1 407 Who?\r\n\r\n")), NO_ACCESS, Cause::ProxyAuthentication),
                (format!("http://{}", answering("HTTP/1.1 403 No\r\n\r\n")), CLOSED, Cause::Proxy),
                (format!("http://{}", answering("hello\r\n\r\n")), CLOSED, Cause::Proxy),
                (format!("http://{}", closing("")), CLOSED, Cause::Proxy),
                (format!("http://{}", resetting()), CLOSED, Cause::Proxy),
                (format!("http://{NOBODY}"), "the proxy cannot be reached", Cause::Proxy),
                ("http://proxy.invalid:3128".to_owned(), "the proxy's name does not resolve", Cause::Proxy),
                (format!("https://{}", answering("hello")), "there is no secure connection to the proxy", Cause::Proxy),
            ] {
                let client = reqwest::Client::builder().proxy(Proxy::all(proxy).unwrap());
                check(fault(client, "https://menage.invalid").await, ErrorKind::Proxy, what, &[cause], true);
            }
        }

        #[tokio::test]
        async fn a_server_behind_a_proxy_is_judged_by_itself() {
            let open = "HTTP/1.1 200 OK\r\n\r\n";
            let proxy = server(move |mut stream| {
                respond(&mut stream, open.as_bytes());
                respond(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
                wait(&mut stream);
            });
            let client = reqwest::Client::builder().proxy(Proxy::all(format!("http://{proxy}")).unwrap());
            let fault = fault(client, "https://menage.invalid").await;
            check(fault, ErrorKind::Tls, "the answer is not TLS", &[Cause::TlsHandshake], true);
        }
    }
}
