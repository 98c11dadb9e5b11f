//! What client ids and secrets are often mistaken for. Nothing here is refused: PISTE publishes no rule for either.

/// A likely slip in the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Slip {
    /// A blank or a line break in the middle.
    Blank(Part),
    /// It stands between quotation marks or angle brackets.
    Quoted(Part),
    /// It begins with its own name, such as `client_id=`, or with that of a header.
    Labelled(Part),
    /// It is an example, or a variable that nobody filled in.
    Placeholder(Part),
    /// The client id calls itself an API key.
    ApiKey,
    /// The client id is an e-mail address: the account's identifier, most likely.
    Email,
    /// The client id is the name of an application.
    ApplicationName,
    /// The client id has the look of a token: 54 letters and digits, or a JWT.
    Token,
    /// The client id and the secret are the same.
    Same,
}

/// Which of the two it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    ClientId,
    Secret,
}

/// The length of a token of PISTE.
const TOKEN_LENGTH: usize = 54;

/// Finds what the client id, and the secret where it is known, are likely mistaken for.
pub(super) fn slips(client_id: &str, secret: Option<&str>) -> Vec<Slip> {
    let mut slips = in_text(Part::ClientId, client_id);
    slips.extend(in_client_id(client_id));
    if let Some(secret) = secret {
        slips.extend(in_text(Part::Secret, secret));
        slips.extend((secret == client_id).then_some(Slip::Same));
    }
    slips
}

fn in_text(part: Part, text: &str) -> Vec<Slip> {
    const LABELS: [&str; 8] =
        ["client_id", "client_secret", "clientid", "clientsecret", "keyid", "bearer ", "basic ", "authorization"];
    const EXAMPLES: [&str; 8] = ["changeme", "change_me", "your_", "your-", "todo", "xxx", "${", "client id"];
    let lower = text.to_lowercase();
    let quoted = [('"', '"'), ('\'', '\''), ('<', '>'), ('«', '»'), ('`', '`')];
    let is_quoted = quoted.iter().any(|(start, end)| text.starts_with(*start) && text.ends_with(*end));
    let found = [
        (text.contains(char::is_whitespace), Slip::Blank(part)),
        (is_quoted, Slip::Quoted(part)),
        (LABELS.iter().any(|label| lower.starts_with(label)), Slip::Labelled(part)),
        (EXAMPLES.iter().any(|example| lower.starts_with(example)), Slip::Placeholder(part)),
    ];
    found.into_iter().filter_map(|(is_so, slip)| is_so.then_some(slip)).collect()
}

fn in_client_id(text: &str) -> Option<Slip> {
    let lower = text.to_lowercase();
    let is_api_key = ["apikey", "api-key", "api_key", "api key", "keyid"].iter().any(|name| lower.contains(name));
    let is_opaque = text.len() == TOKEN_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match () {
        () if is_api_key => Some(Slip::ApiKey),
        () if lower.starts_with("app_") => Some(Slip::ApplicationName),
        () if text.contains('@') => Some(Slip::Email),
        () if is_opaque || text.starts_with("eyJ") => Some(Slip::Token),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slip_is_named() {
        use Part::{ClientId, Secret};
        const GOOD: &str = "0f8b6a34-5c1d-4f0e-9a57-3f5f0f1f2a3b";
        let token = "a1".repeat(TOKEN_LENGTH / 2);
        for (client_id, secret, wanted) in [
            (GOOD, "1f8b6a34-5c1d-4f0e-9a57-3f5f0f1f2a3b", vec![]),
            ("x", "hush-hush", vec![]),
            ("x", "'hush", vec![]),
            ("x", "hush>", vec![]),
            ("0f8b 6a34", "hush\thush", vec![Slip::Blank(ClientId), Slip::Blank(Secret)]),
            ("\"0f8b\"", "<hush>", vec![Slip::Quoted(ClientId), Slip::Quoted(Secret)]),
            (
                "client_id=0f8b",
                "Client_Secret: hush",
                vec![Slip::Labelled(ClientId), Slip::Blank(Secret), Slip::Labelled(Secret)],
            ),
            ("changeme", "${SECRET}", vec![Slip::Placeholder(ClientId), Slip::Placeholder(Secret)]),
            ("KeyId-0f8b", "hush", vec![Slip::Labelled(ClientId), Slip::ApiKey]),
            ("my-Api-Key-7", "hush", vec![Slip::ApiKey]),
            ("someone@association.test", "hush", vec![Slip::Email]),
            ("APP_DIHAL_SBX_someone@association.test", "hush", vec![Slip::ApplicationName]),
            (token.as_str(), "hush", vec![Slip::Token]),
            ("eyJhbGciOi", "hush", vec![Slip::Token]),
            (GOOD, GOOD, vec![Slip::Same]),
        ] {
            assert_eq!(slips(client_id, Some(secret)), wanted, "{client_id} {secret}");
        }
        assert_eq!(slips("0f8b 6a34", None), [Slip::Blank(ClientId)]);
        assert_eq!(slips(&"a".repeat(TOKEN_LENGTH + 1), None), []);
    }
}
