//! The service under test, with the kit: the page that starts from a user's test is `menage_b2b::mock`.

use std::time::Duration;

use consumer::status;
use menage_b2b::mock::{Fault, PisteSandbox};
use menage_b2b::types::HealthcheckResponse;

#[tokio::test]
async fn the_service_tells_that_the_api_works_and_does_not_notice_a_short_outage() {
    let sandbox = PisteSandbox::start().await;
    let health = HealthcheckResponse([("status".to_owned(), "UP".into())].into_iter().collect());
    sandbox.operation("healthcheck").answers(&health);
    sandbox.gateway().script([Fault::Status(503), Fault::Status(503)]);
    assert_eq!(status(&sandbox.client()).await, "up, 1 field(s)");
    sandbox.assert_calls("healthcheck", 3);
    sandbox.assert_token_requests(1);
}

#[tokio::test]
async fn the_service_says_what_to_do() {
    let sandbox = PisteSandbox::start().await;
    sandbox.gateway().script([Fault::QuotaSpent(Duration::from_secs(3600)), Fault::NotSubscribed]);
    assert_eq!(status(&sandbox.client()).await, "come back in 3600 s");
    assert!(status(&sandbox.client()).await.contains("Consentement CGU API"));
}
