use menage_b2b::{mock::PisteSandbox, types::HealthcheckResponse, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let sandbox = PisteSandbox::start().await;
    let client = sandbox.client_builder().build()?;
    let health: HealthcheckResponse = client.healthcheck().send().await?.into_inner();
    println!("{} field(s) after {} token request(s)", health.len(), sandbox.token_requests());
    Ok(())
}
