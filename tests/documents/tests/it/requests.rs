//! Arguments as they go out.

use menage_b2b::{DateTime, ErrorKind, FilePart};
use menage_b2b_documents::clients::requests::{Client, types};
use serde_json::{Value, json};
use wiremock::http::HeaderMap;
use wiremock::{Request, ResponseTemplate};

use crate::support::{Api, header};

async fn api() -> (Api, Client) {
    let api = Api::answering(ResponseTemplate::new(200)).await;
    let client = api.client();
    (api, client)
}

#[tokio::test]
async fn path_arguments_stay_in_their_segment() {
    let (api, client) = api().await;
    client.get_membre().id("a/b é?#%2F").rang(3).send().await.unwrap();
    assert_eq!(api.target().await, "/menages/a%2Fb%20%C3%A9%3F%23%252F/membres/3");
}

#[tokio::test]
async fn a_path_argument_that_would_lead_elsewhere_is_refused_unsent_and_unquoted() {
    let (api, client) = api().await;
    for argument in ["..", ".", ""] {
        let error = client.get_membre().id(argument).rang(3).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("`id`"), "{error}");
    }
    let missing = client.get_membre().rang(3).send().await.unwrap_err();
    assert_eq!(missing.to_string(), "the argument `id` is missing");
    assert_eq!(api.calls().await.len(), 0);
}

#[tokio::test]
async fn a_moment_in_the_path_is_written_as_java_reads_it() {
    let (api, client) = api().await;
    client.get_at().moment("2024-01-02T01:04:05Z".parse::<DateTime>().unwrap()).send().await.unwrap();
    assert_eq!(api.target().await, "/at/2024-01-02T01%3A04%3A05Z");
}

#[tokio::test]
async fn path_arguments_have_the_style_of_the_document() {
    let (api, client) = api().await;
    client.get_styles().l("x").m("y").list(vec!["a".to_owned(), "b".to_owned()]).send().await.unwrap();
    assert_eq!(api.target().await, "/label/.x/;m=y/a,b");
}

#[tokio::test]
async fn query_arguments_have_the_style_of_the_document() {
    let list = || vec!["a".to_owned(), "b c".to_owned()];
    let filter = types::Filter { nom: Some("D".to_owned()), tags: None };
    let (api, client) = api().await;
    let call =
        client.get_query().ids(list()).flat(list()).space(list()).pipe(list()).filter_nom("N").filter_tags(list());
    let call = call.page(2).sort(list()).json(filter).statut("NOUVEAU").foo_bar("x").foo_bar_query("y").a_b(true);
    call.send_query("s").body_query("b").send().await.unwrap();
    let target = api.target().await;
    let pairs: Vec<&str> = target.strip_prefix("/query?").unwrap().split('&').collect();
    assert_eq!(
        pairs,
        [
            "ids=a",
            "ids=b%20c",
            "flat=a,b%20c",
            "space=a%20b%20c",
            "pipe=a%7Cb%20c",
            "filter%5Bnom%5D=N",
            "filter%5Btags%5D=a",
            "filter%5Btags%5D=b%20c",
            "page=2",
            "sort=a",
            "sort=b%20c",
            "json=%7B%22nom%22%3A%22D%22%7D",
            "statut=NOUVEAU",
            "fooBar=x",
            "foo_bar=y",
            "a%5Bb%5D=true",
            "send=s",
            "body=b",
        ]
    );
}

#[tokio::test]
async fn arguments_that_are_not_set_are_not_sent() {
    let (api, client) = api().await;
    client.get_query().send().await.unwrap();
    assert_eq!(api.target().await, "/query");
}

#[tokio::test]
async fn headers_and_cookies_go_out_and_those_of_the_sdk_stay_its_own() {
    let (api, client) = api().await;
    let call = client.get_headers().x_list(vec!["a".to_owned(), "b".to_owned()]).api_version("2").sid("s 1").lang("fr");
    call.trace("in a header").trace_query("in the query").send().await.unwrap();
    let request = api.call().await;
    assert_eq!(header(&request, "x-list").as_deref(), Some("a,b"));
    assert_eq!(header(&request, "x-maybe"), None);
    assert_eq!(header(&request, "api-version").as_deref(), Some("2"));
    assert_eq!(header(&request, "cookie").as_deref(), Some("sid=s%201; lang=fr"));
    assert_eq!(header(&request, "trace").as_deref(), Some("in a header"));
    assert_eq!(request.url.query(), Some("trace=in%20the%20query"));
    assert!(header(&request, "authorization").unwrap().starts_with("Bearer "));
}

#[tokio::test]
async fn a_header_that_no_header_can_be_is_refused_unsent_and_unquoted() {
    let (api, client) = api().await;
    let error = client.get_headers().trace("hush\r\nhush").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(!format!("{error} {error:?}").contains("hush"));
    assert_eq!(api.calls().await.len(), 0);
}

#[tokio::test]
async fn a_body_that_may_be_left_away_is() {
    let (api, client) = api().await;
    client.post_json().send().await.unwrap();
    let request = api.call().await;
    assert_eq!((request.body.len(), header(&request, "content-type")), (0, None));
}

#[tokio::test]
async fn bytes_that_may_be_left_away_are() {
    let (api, client) = api().await;
    client.post_text().send().await.unwrap();
    let request = api.call().await;
    assert_eq!((request.body.len(), header(&request, "content-type")), (0, None));
}

#[tokio::test]
async fn no_builder_shows_its_arguments() {
    let (_api, client) = api().await;
    let call = client.get_membre().id("hush-hush");
    let body = types::Form::builder().nom("hush-hush");
    let shown = format!("{call:?} {body:?} {client:?}");
    assert!(shown.contains("GetMembre") && !shown.contains("hush"), "{shown}");
}

#[tokio::test]
async fn bodies_of_json_have_the_type_of_the_document() {
    let filter = || types::Filter { nom: Some("D".to_owned()), tags: None };
    for (media_type, is_patch) in [("application/json", false), ("application/merge-patch+json", true)] {
        let (api, client) = api().await;
        if is_patch {
            client.patch_json().body_map(|body| body.nom(Some("D".to_owned()))).send().await.unwrap();
        } else {
            client.post_json().body(filter()).send().await.unwrap();
        }
        let request = api.call().await;
        assert_eq!(header(&request, "content-type").as_deref(), Some(media_type));
        assert_eq!(request.body_json::<Value>().unwrap(), json!({"nom": "D"}));
    }
}

#[tokio::test]
async fn every_method_goes_out_as_it_is() {
    let (api, client) = api().await;
    client.options_json().send().await.unwrap();
    assert_eq!(api.call().await.method.as_str(), "OPTIONS");
}

#[tokio::test]
async fn a_form_repeats_its_lists_or_joins_them() {
    let list = || Some(vec!["a".to_owned(), "b".to_owned()]);
    let (api, client) = api().await;
    let form = types::Form { nom: "É 1".to_owned(), tags: list(), flat: list() };
    client.post_form().body(form).send().await.unwrap();
    let request = api.call().await;
    assert_eq!(header(&request, "content-type").as_deref(), Some("application/x-www-form-urlencoded"));
    let sent = String::from_utf8(request.body).unwrap();
    assert_eq!(sent, "flat=a%2Cb&nom=%C3%89+1&tags=a&tags=b");
}

#[tokio::test]
async fn a_file_is_a_part() {
    let (api, client) = api().await;
    let upload = types::PostUploadBody {
        file: FilePart::new("hush-hush").file_name("pièce.pdf"),
        pages: Some(vec![FilePart::new("1"), FilePart::new("2")]),
        nom: Some("N".to_owned()),
        filter: Some(types::Filter { nom: Some("D".to_owned()), tags: None }),
    };
    assert!(!format!("{upload:?}").contains("hush"));
    client.post_upload().body(upload).send().await.unwrap();
    let request = api.call().await;
    assert!(header(&request, "content-type").unwrap().starts_with("multipart/form-data; boundary="));
    assert_eq!(header(&request, "content-length").unwrap(), request.body.len().to_string());
    let sent = String::from_utf8(request.body).unwrap();
    for part in [
        "name=\"file\"; filename=\"pièce.pdf\"\r\nContent-Type: application/pdf\r\n\r\nhush-hush\r\n",
        "name=\"pages\"; filename=\"pages\"\r\nContent-Type: application/octet-stream\r\n\r\n2\r\n",
        "name=\"nom\"\r\n\r\nN\r\n",
        "name=\"filter\"\r\nContent-Type: application/json\r\n\r\n{\"nom\":\"D\"}\r\n",
    ] {
        assert!(sent.contains(part), "{part}\n{sent}");
    }
}

#[tokio::test]
async fn bytes_go_out_under_the_type_of_the_document() {
    let (api, client) = api().await;
    client.put_bytes().body("%PDF").send().await.unwrap();
    let request = api.call().await;
    assert_eq!(
        (header(&request, "content-type").as_deref(), request.body.as_slice()),
        (Some("application/pdf"), &b"%PDF"[..])
    );
}

/// What a call says, without its token.
fn said(call: &Request) -> (String, String, HeaderMap, Vec<u8>) {
    let mut headers = call.headers.clone();
    headers.remove("authorization").unwrap();
    (call.method.to_string(), call.url.to_string(), headers, call.body.clone())
}

#[tokio::test]
async fn a_call_is_sent_again_as_it_was_whatever_it_has_beside_its_address() {
    let (api, client) = api().await;
    let both = [401, 503];
    api.first_answers(&both);
    client.get_membre().id("a/b é").rang(3).send().await.unwrap();
    api.first_answers(&both);
    client.get_query().page(2).a_b(true).send().await.unwrap();
    api.first_answers(&both);
    client.get_headers().api_version("2").sid("s 1").trace("t").trace_query("q").send().await.unwrap();
    // A POST that may have arrived is not sent again.
    api.first_answers(&[401, 401]);
    let upload =
        types::PostUploadBody { file: FilePart::new("%PDF"), pages: None, nom: Some("N".to_owned()), filter: None };
    client.post_upload().body(upload).send().await.unwrap();
    let calls = api.calls().await;
    assert_eq!(calls.len(), 4 * 3);
    for tries in calls.chunks(3) {
        assert_eq!([said(&tries[0]), said(&tries[0])], [said(&tries[1]), said(&tries[2])]);
    }
}

#[tokio::test]
async fn names_that_collide_or_are_taken_are_all_there() {
    let (api, client) = api().await;
    client.new_call().send().await.unwrap();
    client.error_call().send().await.unwrap();
    client.get_same().send().await.unwrap();
    client.get_same_call().send().await.unwrap();
    client.delete_same().send().await.unwrap();
    let lines: Vec<_> = api
        .calls()
        .await
        .iter()
        .map(|call| format!("{} {}", call.method, call.url.path().rsplit('/').next().unwrap()))
        .collect();
    assert_eq!(lines, ["GET new", "GET error", "GET same", "PUT same", "DELETE same"]);
}
