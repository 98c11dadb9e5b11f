//! Clients of documents of every version, and of one as PISTE exports it.

use menage_b2b::{DateTime, FilePart};
use menage_b2b_documents::clients::{names, openapi_31, openapi_32, piste_export};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::Api;

#[tokio::test]
async fn the_health_check_of_an_export_answers_typed() {
    let api = Api::answering_json(200, &json!({"status": "UP", "components": {"diskSpace": {"status": "UP"}}})).await;
    let health = api.client::<piste_export::Client>().get_healthcheck().send().await.unwrap();
    assert_eq!(health.status.as_deref(), Some("UP"));
    assert_eq!(health.components.as_ref().unwrap().disk_space.as_ref().unwrap().status.as_deref(), Some("UP"));
}

#[tokio::test]
async fn an_export_sends_lists_as_it_says() {
    let api = Api::answering(ResponseTemplate::new(201)).await;
    let list = || vec!["a".to_owned(), "b".to_owned()];
    let call = api.client::<piste_export::Client>();
    let call = call.captcha_using_get_1().get("image").ids(vec![1, 2]).each(list()).default(list());
    assert_eq!(call.send().await.unwrap().into_inner(), None);
    assert_eq!(api.target().await, "/captcha?get=image&ids=1%7C2&each=a&each=b&default=a,b");
}

#[tokio::test]
async fn the_values_of_an_exports_map_are_of_their_kind() {
    let body = json!({"a": {"kind": "Named", "name": "n", "at": "2016-01-01"}, "b": {"kind": "New"}});
    let api = Api::answering_json(200, &body).await;
    let map = api
        .client::<piste_export::Client>()
        .captcha_using_get_1()
        .get("sound")
        .send()
        .await
        .unwrap()
        .into_inner()
        .unwrap();
    let piste_export::types::Value::Named(named) = &map["a"] else { panic!("{map:?}") };
    assert_eq!(named.name.as_deref(), Some("n"));
    assert!(matches!(named.at, Some(DateTime::Day(_))));
    assert_eq!(map["b"], piste_export::types::Value::Unknown(json!({"kind": "New"})));
}

#[tokio::test]
async fn an_export_uploads_files_and_sends_bodies() {
    let api = Api::answering(ResponseTemplate::new(204)).await;
    let client = api.client::<piste_export::Client>();
    client.post_members_id_files().id("7").body_map(|body| body.file(FilePart::new("x"))).send().await.unwrap();
    assert_eq!(api.target().await, "/members/7/files");
    assert!(String::from_utf8(api.call().await.body).unwrap().contains("name=\"file\"; filename=\"file\""));

    let member = json!({"name": "n", "parent": {"parent": {}}});
    let api = Api::answering_json(200, &member).await;
    let sent: piste_export::types::Member = serde_json::from_value(member.clone()).unwrap();
    let read = api.client::<piste_export::Client>().put_members().id("7").body(sent.clone()).send().await.unwrap();
    assert_eq!((read.into_inner(), api.call().await.body_json::<Value>().unwrap()), (sent, member));
}

#[tokio::test]
async fn constructs_of_3_1_are_read() {
    let body = json!({
        "kind": "circle", "maybe": null, "either": "x", "inner": null, "described": {"a": "d"}, "pair": ["x", 1],
        "anything": [1], "picture": "AAAA", "map": {"x-a": 1},
    });
    let api = Api::answering_json(200, &body).await;
    let shape = api.client::<openapi_31::Client>().get_shape().send().await.unwrap().into_inner();
    assert_eq!(shape.kind.as_str(), "circle");
    assert_eq!((&shape.maybe, shape.inner.is_none()), (&None, true));
    assert_eq!(shape.described.as_ref().unwrap().a.as_deref(), Some("d"));
    let written = serde_json::to_value(&shape).unwrap();
    assert_eq!((&written["either"], &written["pair"], &written["map"]), (&body["either"], &body["pair"], &body["map"]));
}

#[tokio::test]
async fn constructs_of_3_2_are_read() {
    let api = Api::answering_json(200, &json!({"kind": "Dog", "name": "n"})).await;
    let pet = api.client::<openapi_32::Client>().pets().send().await.unwrap().into_inner();
    assert!(matches!(pet, openapi_32::types::Pet::Dog(_)), "{pet:?}");
    let api = Api::answering_text("text/event-stream", "data: 1\n\n").await;
    let events = api.client::<openapi_32::Client>().events().send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
}

#[tokio::test]
async fn odd_names_are_read_and_written_as_they_are() {
    let body = json!({"": "empty", "$ref": "r", "self": "s", "a-b": "1", "a_b": "2", "aB": "3"});
    let api = Api::answering_json(200, &body).await;
    let read = api.client::<names::Client>().result_call().send().await.unwrap().into_inner();
    assert_eq!(serde_json::to_value(&read).unwrap(), body);
    let symbol: names::types::SelfType = serde_json::from_value(json!("<=")).unwrap();
    assert_eq!(symbol.as_str(), "<=");
    let state: names::types::Etat = "ERR".parse().unwrap();
    assert_eq!(state, names::types::Etat::Err);
    let alias: names::types::AFoo = serde_json::from_value(json!({"a": "x"})).unwrap();
    assert_eq!(alias.a.as_deref(), Some("x"));
}

#[tokio::test]
async fn names_that_are_keywords_or_of_types_that_stand_for_formats_are_no_obstacle() {
    let api = Api::answering_json(200, &json!("ERR")).await;
    let state = api.client::<names::Client>().from_call().gen_("x").send().await.unwrap().into_inner();
    assert_eq!((state, api.target().await.as_str()), (names::types::Etat::Err, "/b?gen=x"));
    let api = Api::answering_json(200, &json!("2024-01-02")).await;
    let answer = api.client::<names::Client>().gen_().send().await.unwrap().into_inner();
    assert!(matches!(answer, names::types::GenResponse::DateType(_)), "{answer:?}");
}
