//! The test kit mocks the operations of any document by their ids as the document writes them.

use menage_b2b::mock::{Fault, PisteSandbox};
use menage_b2b::{Cause, ErrorKind};
use menage_b2b_documents::clients::piste_export::{Client, OPERATIONS, types};
use serde_json::json;
use wiremock::ResponseTemplate;

async fn sandbox() -> (PisteSandbox, Client) {
    let sandbox = PisteSandbox::start().await;
    sandbox.add_operations(OPERATIONS);
    let client = sandbox.client().transport().clone().into();
    (sandbox, client)
}

fn member(name: &str) -> types::Member {
    types::Member::builder().name(Some(name.to_owned())).try_into().unwrap()
}

#[tokio::test]
async fn an_operation_answers_by_its_original_id_with_the_generated_types() {
    let (sandbox, client) = sandbox().await;
    sandbox.operation("PUT /members").answers(&member("any"));
    sandbox.operation("PUT /members").path("id", "a/b").body(&member("one")).answers(&member("a/b"));
    let put = |id: &str, name: &str| client.put_members().id(id).body(member(name)).send();
    assert_eq!(put("a/b", "one").await.unwrap().name.as_deref(), Some("a/b"));
    assert_eq!(put("a/b", "other").await.unwrap().name.as_deref(), Some("any"));
    assert_eq!(put("7", "one").await.unwrap().name.as_deref(), Some("any"));
    sandbox.assert_calls("PUT /members", 3);
    let sent = &sandbox.calls("PUT /members")[0];
    assert_eq!((sent.method.as_str(), sent.url.path()), ("PUT", "/api-menage/members/a%2Fb/files"));
}

#[tokio::test]
async fn arguments_of_the_query_choose_the_answer() {
    let (sandbox, client) = sandbox().await;
    let captcha = || sandbox.operation("captchaUsingGET_1");
    captcha().query("get", "image").answers(&json!({ "a": { "kind": "Named", "name": "x" } }));
    captcha().query("get", "sound").fails(Fault::QuotaSpent(std::time::Duration::from_secs(3600)));
    let get = |what: &str| client.captcha_using_get_1().get(what.parse::<types::CaptchaUsingGet1Get>().unwrap()).send();
    assert_eq!(get("image").await.unwrap().into_inner().map(|map| map.len()), Some(1));
    assert_eq!(get("sound").await.unwrap_err().kind(), ErrorKind::RateLimited);
}

#[tokio::test]
async fn an_error_body_of_the_document_is_read_as_its_type() {
    let (sandbox, client) = sandbox().await;
    let refused = ResponseTemplate::new(422).set_body_json(json!({ "code": 7 }));
    sandbox.operation("PUT /members").answers_with(refused);
    let error = client.put_members().id("1").body(member("x")).send().await.unwrap_err();
    assert_eq!(error.json::<types::Error>().unwrap().code, Some(7));
    assert_eq!((error.operation_id(), error.causes()), (Some("PUT /members"), &[Cause::RefusedByApi][..]));
}

#[tokio::test]
async fn a_404_that_the_document_declares_is_the_apis_own() {
    let (sandbox, _) = sandbox().await;
    let client: menage_b2b_documents::clients::requests::Client = sandbox.client().transport().clone().into();
    sandbox.add_operations(menage_b2b_documents::clients::requests::OPERATIONS);
    for (id, causes) in
        [("getMembre", &[Cause::ResourceNotFound][..]), ("getAt", &[Cause::ResourceNotFound, Cause::BasePath])]
    {
        sandbox.operation(id).answers_with(ResponseTemplate::new(404));
        let error = match id {
            "getMembre" => client.get_membre().id("1").rang(3).send().await.map(|_| ()).unwrap_err(),
            _ => client
                .get_at()
                .moment("2024-01-02".parse::<menage_b2b::DateTime>().unwrap())
                .send()
                .await
                .map(|_| ())
                .unwrap_err(),
        };
        assert_eq!((error.kind(), error.causes()), (ErrorKind::NotFound, causes), "{id}");
    }
}

#[tokio::test]
async fn an_operation_of_which_nothing_was_said_says_so() {
    let (_sandbox, client) = sandbox().await;
    let error = client.put_members().id("1").body(member("x")).send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 501);
    let hint = String::from_utf8_lossy(error.body().unwrap()).into_owned();
    assert!(hint.contains(r#"sandbox.operation("PUT /members").answers(…)"#), "{hint}");
}
