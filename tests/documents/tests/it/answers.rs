//! Answers that a careless client misreads.

use chrono::{NaiveDate, NaiveDateTime};
use menage_b2b::{Date, DateTime, Error, ErrorKind};
use menage_b2b_documents::clients::answers::{Client, types};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{Api, header};

/// A thing with what must be there, and these fields.
fn thing(fields: Value) -> Value {
    let mut thing = json!({"createdAt": "2024-01-02T03:04:05+01:00"});
    thing.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    thing
}

async fn read(fields: Value) -> types::Thing {
    let api = Api::answering_json(200, &thing(fields)).await;
    api.client::<Client>().get_thing().send().await.unwrap().into_inner()
}

#[tokio::test]
async fn what_is_missing_stays_missing_and_no_default_is_filled_in() {
    let thing = read(json!({})).await;
    assert_eq!((thing.count, thing.since, thing.key, thing.id), (None, None, None, None));
}

#[tokio::test]
async fn null_is_read_wherever_a_field_is_optional() {
    let null = json!({
        "a": null, "list": null, "map": null, "open": null, "count": null, "since": null, "other": null, "status": null,
        "short": null, "id": null,
    });
    let thing = read(null).await;
    assert_eq!((thing.list, thing.map, thing.open, thing.other, thing.count), (None, None, None, None, None));
}

#[tokio::test]
async fn no_constraint_makes_an_answer_unreadable() {
    let thing = read(json!({"id": 0, "list": ["a", "b", "b"], "name": "Hélène", "short": "", "amount": 0.1})).await;
    assert_eq!(thing.id, Some(0));
    assert_eq!(thing.list.unwrap().len(), 3);
    assert_eq!((thing.name.as_deref(), thing.short.as_deref(), thing.amount), (Some("Hélène"), Some(""), Some(0.1)));
}

#[tokio::test]
async fn a_schema_in_place_is_not_taken_for_another_of_the_same_name() {
    let thing = read(json!({"a": {"x": "of the property"}})).await;
    assert_eq!(thing.a.unwrap().x.as_deref(), Some("of the property"));
    let component: types::ThingA = serde_json::from_value(json!({"y": 1})).unwrap();
    assert_eq!(component.y, 1);
}

#[tokio::test]
async fn an_answer_and_an_error_in_place_keep_their_own_shapes() {
    let api = Api::answering_json(200, &json!({"status": "UP"})).await;
    let health = api.client::<Client>().get_inline().send().await.unwrap();
    assert_eq!(health.status.as_deref(), Some("UP"));
    assert_eq!(header(&api.call().await, "accept").as_deref(), Some("application/hal+json"));

    let api = Api::answering_json(404, &json!({"message": "none"})).await;
    let error = api.client::<Client>().get_inline().send().await.unwrap_err();
    let body: types::GetInlineResponse404 = error.json().unwrap();
    assert_eq!((error.kind(), body.message.as_deref()), (ErrorKind::NotFound, Some("none")));
}

#[tokio::test]
async fn an_error_body_is_typed_for_who_asks_and_quoted_nowhere() {
    let api = Api::answering_json(500, &json!({"title": "hush-hush", "status": 500})).await;
    let error = api.client::<Client>().get_thing().send().await.unwrap_err();
    assert_eq!(error.json::<types::Problem>().unwrap().title.as_deref(), Some("hush-hush"));
    let misread: Error = error.json::<Vec<i64>>().unwrap_err();
    assert_eq!(misread.kind(), ErrorKind::InvalidAnswer);
    assert!(!format!("{error} {error:?} {misread} {misread:?}").contains("hush"));
}

#[tokio::test]
async fn fields_that_the_document_does_not_know_are_kept_where_it_says_that_there_are_more() {
    let thing = read(json!({"new": 1, "extra": "known"})).await;
    assert_eq!(thing.extra_field.as_deref(), Some("known"));
    assert_eq!(thing.extra["new"], 1);
    let closed: types::Petit = serde_json::from_value(json!({"a": "x", "later": 1})).unwrap();
    assert_eq!(closed.a, "x");
}

#[tokio::test]
async fn fields_whose_names_collide_in_rust_are_each_read_and_written() {
    let fields = json!({"fooBar": "x", "foo_bar": 2, "type": "t", "@type": "at"});
    let thing = read(fields.clone()).await;
    assert_eq!((thing.foo_bar.as_deref(), thing.foo_bar_field), (Some("x"), Some(2)));
    assert_eq!((thing.type_.as_deref(), thing.type_field.as_deref()), (Some("t"), Some("at")));
    let written = serde_json::to_value(&thing).unwrap();
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&written[name], value);
    }
}

#[tokio::test]
async fn unknown_values_of_an_enumeration_are_kept() {
    for (value, expected) in [
        ("Actif", types::Statut::Actif),
        ("actif", types::Statut::Actif2),
        ("Ménage", types::Statut::Ménage),
        ("", types::Statut::Empty),
        ("+", types::Statut::Value),
        ("Unknown", types::Statut::Unknown2),
        // The same text in another Unicode form: it is kept as it came.
        ("Me\u{301}nage", types::Statut::Unknown("Me\u{301}nage".to_owned())),
        ("NOUVEAU", types::Statut::Unknown("NOUVEAU".to_owned())),
    ] {
        let status = read(json!({ "status": value })).await.status.unwrap();
        assert_eq!((&status, status.as_str()), (&expected, value));
        assert_eq!(serde_json::to_value(&status).unwrap(), value);
    }
}

#[tokio::test]
async fn dates_say_which_form_they_came_in() {
    let local = |text: &str| DateTime::Local(text.parse::<NaiveDateTime>().unwrap());
    for (value, expected) in [
        (json!("2024-01-02T03:04:05"), local("2024-01-02T03:04:05")),
        (json!("2024-01-02T03:04:05.120"), local("2024-01-02T03:04:05.120")),
        (json!("2016-01-01"), DateTime::Day(NaiveDate::from_ymd_opt(2016, 1, 1).unwrap())),
        (json!(1_704_161_045_000_i64), DateTime::Other(json!(1_704_161_045_000_i64))),
        (json!(""), DateTime::Other(json!(""))),
    ] {
        let since = read(json!({ "since": value })).await.since.unwrap();
        assert_eq!(since, expected);
        assert_eq!(serde_json::to_value(&since).unwrap(), value);
    }
    let thing = read(json!({"since": "2024-01-02T03:04:05+01:00[Europe/Paris]", "born": "1985-13-45"})).await;
    assert!(matches!(thing.since, Some(DateTime::Zoned { ref zone, .. }) if zone == "Europe/Paris"));
    assert_eq!(thing.created_at.offset().unwrap().timestamp(), 1_704_161_045);
    assert_eq!(thing.born, Some(Date::Other(json!("1985-13-45"))));
}

#[tokio::test]
async fn a_discriminator_decides_and_what_it_does_not_know_is_kept() {
    for (value, expected) in [
        (json!({"kind": "A", "name": "n"}), "Chat"),
        (json!({"kind": "B", "name": "n", "w": 3}), "Chien"),
        (json!({"kind": "C", "v": [1]}), "Unknown"),
        // Without it, the variant that keeps most.
        (json!({"name": "n", "w": 3}), "Chien"),
        (json!({"name": "n"}), "Chat"),
    ] {
        let api = Api::answering_json(200, &value).await;
        let animal = api.client::<Client>().get_animal().send().await.unwrap().into_inner();
        let shown = format!("{animal:?}");
        assert!(shown.starts_with(expected), "{value}: {shown}");
        if value.get("kind").is_some() {
            assert_eq!(serde_json::to_value(&animal).unwrap(), value);
        }
    }
}

#[tokio::test]
async fn a_variant_is_sent_with_the_value_that_tells_it_apart() {
    let api = Api::answering(ResponseTemplate::new(204)).await;
    let chien = types::Chien { w: Some(3), ..Default::default() };
    api.client::<Client>().put_animal().body(chien).send().await.unwrap();
    let sent: Value = api.call().await.body_json().unwrap();
    assert_eq!(sent, json!({"kind": "B", "w": 3}));
}

#[tokio::test]
async fn an_heir_has_its_own_fields_and_those_that_it_inherits() {
    let api = Api::answering_json(200, &json!({"@class": "Enfant", "p": "x", "age": 3})).await;
    let parent = api.client::<Client>().get_heir().send().await.unwrap().into_inner();
    let types::Parent::Enfant(enfant) = parent else { panic!("{parent:?}") };
    assert_eq!((enfant.class.as_deref(), enfant.p.as_deref(), enfant.age), (Some("Enfant"), Some("x"), Some(3)));
}

#[tokio::test]
async fn of_variants_that_overlap_the_one_that_loses_nothing_is_taken() {
    for (value, is_grand) in [(json!({"a": "x", "b": 1}), true), (json!({"a": "x"}), false)] {
        let api = Api::answering_json(200, &value).await;
        let answer = api.client::<Client>().get_overlap().send().await.unwrap().into_inner();
        assert_eq!(matches!(answer, types::GetOverlapResponse::Grand(_)), is_grand, "{answer:?}");
        assert_eq!(serde_json::to_value(answer).unwrap(), value);
    }
    let api = Api::answering_json(200, &json!([1])).await;
    let answer = api.client::<Client>().get_overlap().send().await.unwrap().into_inner();
    assert_eq!(answer, types::GetOverlapResponse::Unknown(json!([1])));
}

#[tokio::test]
async fn any_of_has_the_fields_of_all() {
    let api = Api::answering_json(200, &json!({"a": "x", "c": 1})).await;
    let answer = api.client::<Client>().get_any_of().send().await.unwrap().into_inner();
    assert_eq!((answer.a.as_deref(), answer.c), (Some("x"), Some(1)));
}

#[tokio::test]
async fn a_text_is_read_in_json_and_as_it_is() {
    for (media_type, body) in [("application/json", "\"OK\""), ("application/json", "OK"), ("text/plain", "OK")] {
        let api = Api::answering_text(media_type, body).await;
        assert_eq!(*api.client::<Client>().get_text().send().await.unwrap(), "OK", "{media_type} {body}");
    }
    let api = Api::answering_text("text/plain", "\"OK\"").await;
    assert_eq!(*api.client::<Client>().get_plain().send().await.unwrap(), "\"OK\"");
    assert_eq!(header(&api.call().await, "accept").as_deref(), Some("text/plain"));
}

#[tokio::test]
async fn an_answer_to_head_is_read_without_a_body() {
    let api = Api::answering(ResponseTemplate::new(200)).await;
    let () = *api.client::<Client>().head_plain().send().await.unwrap();
    assert_eq!(api.call().await.method.as_str(), "HEAD");
}

#[tokio::test]
async fn bytes_are_asked_for_by_their_type() {
    let api = Api::answering_text("application/pdf", "%PDF").await;
    let answer = api.client::<Client>().get_pdf().send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    assert_eq!(header(&api.call().await, "accept").as_deref(), Some("application/pdf"));
}

#[tokio::test]
async fn an_empty_success_beside_a_typed_one_is_none() {
    let api = Api::answering_json(200, &json!({"a": "x"})).await;
    let some = api.client::<Client>().get_maybe().send().await.unwrap().into_inner();
    assert_eq!(some.map(|petit| petit.a).as_deref(), Some("x"));
    let api = Api::answering(ResponseTemplate::new(204)).await;
    assert_eq!(api.client::<Client>().get_maybe().send().await.unwrap().into_inner(), None);
}

#[tokio::test]
async fn successes_of_several_types_are_told_apart_by_status() {
    let petit = Box::new(types::Petit { a: "x".to_owned() });
    for (answer, expected) in [
        (ResponseTemplate::new(200).set_body_json(json!({"a": "x"})), types::PostByStatusAnswer::Status200(petit)),
        (
            ResponseTemplate::new(202).set_body_json(json!(["x"])),
            types::PostByStatusAnswer::Status202(Box::new(vec!["x".to_owned()])),
        ),
        (ResponseTemplate::new(204), types::PostByStatusAnswer::Status204),
    ] {
        let api = Api::answering(answer).await;
        assert_eq!(api.client::<Client>().post_by_status().send().await.unwrap().into_inner(), expected);
    }
    let api = Api::answering(ResponseTemplate::new(201)).await;
    let error = api.client::<Client>().post_by_status().send().await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Status, 201));
}
