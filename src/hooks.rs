//! The seam between the generated client and the rim.

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response};

use crate::answer::carry;
use crate::generated;
use crate::transport::Transport;

impl ClientHooks<Transport> for generated::Client {
    fn exec(&self, request: Request, _: &OperationInfo) -> impl Future<Output = reqwest::Result<Response>> {
        // In a box, so that it is not copied from one future into the next.
        let request = Box::new(request);
        async { Ok(self.inner().call(request).await.unwrap_or_else(carry)) }
    }
}
