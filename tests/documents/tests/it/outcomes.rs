//! What became of each document: how much of it the client knows.

use menage_b2b::document::Effect;
use menage_b2b_documents::OUTCOMES;
use menage_b2b_documents::clients::{names, openapi_31, openapi_32, piste_export};

#[test]
fn every_document_becomes_a_client_and_says_what_it_lacks() {
    let expected = [
        ("answers", "as is"),
        ("names", "as is"),
        ("openapi_31", "degraded"),
        ("openapi_32", "left out"),
        ("piste_export", "degraded"),
        ("requests", "degraded"),
    ];
    assert_eq!(&OUTCOMES[..expected.len()], expected);
}

/// What is degraded or left out, as pass and pointer.
fn losses(changes: &[menage_b2b::document::Change]) -> Vec<String> {
    let losses = changes.iter().filter(|change| change.effect != Effect::Adapted);
    losses.map(|change| format!("{} {} {}", change.effect, change.pass, change.pointer)).collect()
}

#[test]
fn losses_are_named_with_their_place() {
    assert_eq!(losses(piste_export::CHANGES), ["degraded responses /paths/~1captcha/get/responses/200/content"]);
    assert_eq!(losses(openapi_31::CHANGES), ["degraded oas31 /components/schemas/Shape/properties/pair"]);
    assert_eq!(
        losses(openapi_32::CHANGES),
        [
            "left out oas31 /paths/~1events/query",
            "left out oas31 /paths/~1events/additionalOperations/COPY",
            "degraded oas31 /paths/~1events/get/responses/200/content/text~1event-stream",
        ]
    );
}

#[test]
fn a_document_says_where_the_api_is_and_what_it_is_called() {
    assert_eq!(piste_export::SERVERS, ["https://sandbox-api.piste.gouv.fr/organisation/export/v1"]);
    assert_eq!(piste_export::SCOPES, ["openid", "organisation.export", "organisation.other"]);
    assert_eq!((openapi_31::TITLE, openapi_31::VERSION), ("Of 3.1", "1.10"));
    let table: Vec<_> =
        piste_export::OPERATIONS.iter().map(|one| (one.id, one.function, one.method, one.path)).collect();
    assert_eq!(
        table,
        [
            ("GET /healthcheck", "get_healthcheck", "GET", "/healthcheck"),
            ("captchaUsingGET_1", "captcha_using_get_1", "GET", "/captcha"),
            ("post_/members/{id}/files", "post_members_id_files", "POST", "/members/{id}/files"),
            ("PUT /members", "put_members", "PUT", "/members/{id}/files"),
        ]
    );
    let id = &piste_export::OPERATIONS[3].parameters[0];
    assert_eq!((id.name, id.place, id.is_required), ("id", "path", true));
    assert_eq!(names::OPERATIONS.len(), 8);
}
