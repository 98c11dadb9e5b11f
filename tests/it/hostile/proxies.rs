//! Proxies in the way, with a password that shows nowhere.

use std::time::Duration;

use menage_b2b::reqwest::{Method, Proxy};
use menage_b2b::{Cause, ClientBuilder, ErrorKind};

use super::tls::{Authority, HOST};
use super::{
    GOOD, HUSH, Network, PLACES, Place, Row, Server, Step, Told, call, check, drips, fails, floods, says, then,
};

const OPEN: &str = "HTTP/1.1 200 hush-hush\r\n\r\n";
const CLOSED: Told = fails(ErrorKind::Proxy, Cause::Proxy, "the proxy did not let the connection through");

/// Goes to [`HOST`], whose name no name server knows, by a proxy.
fn by(proxy: String, authority: &Authority) -> impl FnOnce(ClientBuilder) -> ClientBuilder + Send + use<> {
    let trusted = authority.certificate();
    let proxy = Proxy::custom(move |url| (url.host_str() == Some(HOST)).then(|| proxy.clone()));
    move |builder| builder.http(|http| http.no_proxy().proxy(proxy).add_root_certificate(trusted))
}

fn url_of(proxy: &Server) -> String {
    format!("http://user:{HUSH}@{}", proxy.address)
}

fn row(authority: &Authority, name: &'static str, script: Vec<Step>, told: Told, tries: usize) -> Row {
    let proxy = Server::start(script);
    let set = by(url_of(&proxy), authority);
    Row::of(name, proxy, told, tries).at(format!("https://{HOST}/api")).with(set)
}

fn refusals() -> Vec<Row> {
    let authority = Authority::new("ours");
    let no_password = fails(ErrorKind::Proxy, Cause::ProxyAuthentication, "407");
    let ask = "HTTP/1.1 407 hush-hush\r\nProxy-Authenticate: Basic realm=\"hush-hush\"\r\n\r\n";
    let portal = "HTTP/1.1 302 hush-hush\r\nLocation: http://hush-hush.test/\r\n\r\n";
    let rows = [
        ("407", says(ask), no_password),
        ("403", says("HTTP/1.1 403 hush-hush\r\n\r\nhush-hush"), CLOSED),
        ("502", says("HTTP/1.1 502 hush-hush\r\n\r\n<html>hush-hush"), CLOSED),
        ("302 to a portal", says(portal), CLOSED),
        ("no HTTP", says("hush-hush\r\n\r\n"), CLOSED),
        ("closed", vec![Step::Read], CLOSED),
        ("reset", vec![Step::Glance], CLOSED),
        ("a head without end", floods("HTTP/1.1 200 ", HUSH), CLOSED),
    ];
    rows.into_iter().map(|(name, script, told)| row(&authority, name, script, told, 1)).collect()
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_and_not_asked_again() {
    check(Place::Api, refusals().into_iter().chain(refusals().into_iter().map(Row::posted))).await;
    check(Place::TokenEndpoint, refusals()).await;
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told() {
    let authority = Authority::new("ours");
    for place in PLACES {
        let rows =
            [("127.0.0.1:1", "the proxy cannot be reached"), ("proxy.invalid", "the proxy's name does not resolve")];
        let rows = rows.map(|(proxy, what)| {
            let row = Row::of(what, Server::start(Vec::new()), fails(ErrorKind::Proxy, Cause::Proxy, what), 0);
            row.at(format!("https://{HOST}/api")).with(by(format!("http://user:{HUSH}@{proxy}"), &authority))
        });
        check(place, rows).await;
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_answer_lets_no_connection_come_in_time() {
    let authority = Authority::new("ours");
    // Nothing below says that it was the proxy.
    let late = fails(ErrorKind::Timeout, Cause::Unreachable, "there was no connection within the time allowed");
    let rows = [("silent", vec![Step::Read, Step::Wait]), ("dripping", drips("", "HTTP/1.1 200 hush-hush"))];
    let soon = |builder: ClientBuilder| builder.connect_timeout(Duration::from_millis(200));
    check(Place::Api, rows.map(|(name, script)| row(&authority, name, script, late, 3).with(soon))).await;
}

#[tokio::test]
async fn behind_a_proxy_stands_the_server_or_somebody_else() {
    let (authority, inspector) = (Authority::new("ours"), Authority::new("inspector"));
    let (server, inspecting) = (authority.server(says(GOOD)), inspector.server(says(GOOD)));
    let plain = Server::start(vec![Step::Glance, Step::Write(OPEN.into()), Step::Wait]);
    let to = |server: &Server| then(OPEN, Step::Tunnel(server.address));
    let unknown = fails(ErrorKind::Tls, Cause::Certificate, "the certificate's authority is not known");
    let no_tls = fails(ErrorKind::Tls, Cause::TlsHandshake, "the answer is not TLS");
    let nobody = fails(ErrorKind::Connect, Cause::Unreachable, "closed during the TLS handshake");
    let rows = [
        row(&authority, "the server", to(&server), Ok(()), 1),
        row(&authority, "who looks into TLS", to(&inspecting), unknown, 1),
        row(&authority, "no TLS", to(&plain), no_tls, 1),
        row(&authority, "nobody", says(OPEN), nobody, 3),
    ];
    check(Place::Api, rows).await;
    assert_eq!((server.requests(), inspecting.requests()), (1, 0));
    assert!(!server.heard().contains("proxy-authorization"), "that is the proxy's: {}", server.heard());
}

#[tokio::test]
async fn a_proxy_sees_the_name_of_the_server_and_no_token() {
    let (authority, network) = (Authority::new("ours"), Network::start().await);
    let proxy = Server::start(says("HTTP/1.1 403 hush-hush\r\n\r\n"));
    let builder = network.client_builder(Place::Api, &format!("https://{HOST}/api"));
    let client = by(url_of(&proxy), &authority)(builder).build().unwrap();
    call(&client, &Method::GET).await.unwrap_err();
    let heard = proxy.heard();
    assert!(heard.starts_with(&format!("connect {HOST}:443 http/1.1\r\n")), "{heard}");
    assert!(heard.contains("proxy-authorization: basic ") && !heard.contains("bearer"), "{heard}");
}

#[tokio::test]
async fn plain_http_by_a_proxy_is_answered_by_the_proxy_or_the_api() {
    let authority = Authority::new("ours");
    let rows = [
        ("407", "HTTP/1.1 407 hush-hush\r\n\r\n", fails(ErrorKind::Proxy, Cause::ProxyAuthentication, "407"), 1),
        ("502", "HTTP/1.1 502 hush-hush\r\n\r\n", fails(ErrorKind::Unavailable, Cause::ApiUnavailable, "502"), 3),
        ("200", GOOD, Ok(()), 1),
    ];
    let plain = |row: Row| row.at(format!("http://{HOST}/api")).with(ClientBuilder::allow_http);
    check(Place::Api, rows.map(|(name, answer, told, tries)| plain(row(&authority, name, says(answer), told, tries))))
        .await;
}
