//! The token goes to the base URL's origin and nowhere else, whatever a server says.

use menage_b2b::reqwest::{Method, Request, Url};
use menage_b2b::{Cause, ErrorKind};

use super::{GOOD, Network, PLACES, Place, Server, check, fails, is_silent, row, says};

#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let elsewhere = Server::start(says(GOOD));
    let location = elsewhere.url();
    for (place, kind, cause) in [
        (Place::Api, ErrorKind::Status, Cause::BasePath),
        (Place::TokenEndpoint, ErrorKind::TokenEndpoint, Cause::TokenUrl),
    ] {
        let told = fails(kind, cause, "redirects are not followed");
        let to = |status, location: &str| {
            row(status, says(format!("HTTP/1.1 {status} hush-hush\r\nLocation: {location}\r\n\r\n")), told, 1)
        };
        let statuses = ["301", "302", "303", "307", "308"];
        let rows = statuses.iter().flat_map(|status| {
            [
                to(status, &location),
                to(status, &location).posted(),
                to(status, "/api/healthcheck"),
                to(status, "//hush-hush:x/"),
            ]
        });
        check(place, rows).await;
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn what_else_could_lead_elsewhere_does_not() {
    let elsewhere = Server::start(says(GOOD));
    let good = |field: &str| says(GOOD.replace("X-Echo:", &format!("{field}\r\nX-Echo:")));
    let url = elsewhere.url();
    let rows = [
        row("a location with 200", good(&format!("Location: {url}")), Ok(()), 1),
        row("a refresh", good(&format!("Refresh: 0; url={url}")), Ok(()), 1),
        row("another service", good(&format!("Alt-Svc: http/1.1=\"{}\"", elsewhere.address)), Ok(()), 1),
    ];
    check(Place::Api, rows).await;
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn an_address_with_a_user_is_refused_and_not_repeated() {
    let (network, server) = (Network::start().await, Server::start(says(GOOD)));
    let client = network.client(&server);
    for user in ["hush-hush", ":hush-hush", "hush-hush:hush-hush"] {
        let url = server.url().replace("http://", &format!("http://{user}@"));
        for place in PLACES {
            let error = network.client_builder(place, &url).build().unwrap_err();
            assert_eq!((error.kind(), is_silent(&error)), (ErrorKind::Configuration, true));
        }
        let error = client.execute(Request::new(Method::GET, Url::parse(&url).unwrap())).await.unwrap_err();
        assert_eq!((error.kind(), is_silent(&error)), (ErrorKind::InvalidRequest, true), "{user}");
    }
    assert_eq!((server.connections(), network.0.token_requests()), (0, 0));
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused() {
    let network = Network::start().await;
    for url in ["http://menage.test/api", "http://192.0.2.1", "http://localhost.test", "http://[2001:db8::1]"] {
        for place in PLACES {
            let error = network.client_builder(place, url).build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
            assert!(error.to_string().contains("plain http"), "{error}");
        }
    }
}
