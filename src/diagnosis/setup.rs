//! What a client was given, as far as it may be shown.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

use crate::address::is_loopback;
use crate::auth::Settings;
use crate::environment::Environment;

/// What a client was given, taken down when it is made.
pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) token_url: Url,
    pub(crate) given: Settings,
    pub(crate) proxy: Proxy,
}

/// What is on the way to the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    None,
    /// All addresses are of this machine, so that no proxy is used.
    Local,
    /// The program set its HTTP client up itself: that cannot be looked into.
    Custom,
    /// By the environment variables, without user name and password: that of the token endpoint, and that of the API.
    Variables(Option<String>, Option<String>),
}

impl Proxy {
    /// Finds the proxies that reqwest's client will use, by the very rules that it uses.
    pub(crate) fn find(token_url: &Url, base_url: &Url, is_customised: bool) -> Self {
        if is_loopback(token_url) && is_loopback(base_url) {
            return Self::Local;
        }
        if is_customised {
            return Self::Custom;
        }
        let matcher = Matcher::from_system();
        match [token_url, base_url].map(|url| intercepted(&matcher, url)) {
            [None, None] => Self::None,
            [token, api] => Self::Variables(token, api),
        }
    }
}

fn intercepted(matcher: &Matcher, url: &Url) -> Option<String> {
    let proxy = matcher.intercept(&url.as_str().parse().ok()?)?;
    let uri = proxy.uri();
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", uri.scheme_str().unwrap_or("http"), uri.host()?))
}
