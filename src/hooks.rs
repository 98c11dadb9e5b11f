//! The seam between the generated client and the rim.

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response};

use crate::answer::carry;
use crate::generated;
use crate::transport::Transport;

impl ClientHooks<Transport> for generated::Client {
    async fn exec(&self, request: Request, _: &OperationInfo) -> reqwest::Result<Response> {
        Ok(self.inner().call(request).await.unwrap_or_else(carry))
    }
}
