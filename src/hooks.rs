//! The seam between the generated client and the rim.

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response};

use crate::answer::carry;
use crate::generated;
use crate::transport::Transport;

impl ClientHooks<Transport> for generated::Client {
    async fn exec(&self, mut request: Request, _: &OperationInfo) -> reqwest::Result<Response> {
        // progenitor's own invention, on every request; the API did not ask for it.
        request.headers_mut().remove("api-version");
        Ok(self.inner().call(request).await.unwrap_or_else(carry))
    }
}
