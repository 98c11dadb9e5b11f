//! Bodies of answers that are read for their reason, not for their content.

use reqwest::Response;

/// What is read of a body at most, in bytes: more than any token or reason needs.
pub(crate) const LIMIT: usize = 64 * 1024;

/// Reads the beginning of a body, [`LIMIT`] bytes at most. The rest stays unread. What was read before a failure is kept.
pub(crate) async fn read_beginning(mut response: Response, beginning: &mut Vec<u8>) -> Result<(), reqwest::Error> {
    while beginning.len() < LIMIT
        && let Some(chunk) = response.chunk().await?
    {
        let room = LIMIT - beginning.len();
        beginning.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(())
}

/// Takes off what some servers begin a text with, the mark of UTF-8, which is no JSON.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)
}

/// Tells whether a body is a page: a proxy's, a firewall's, a log-in's. Such are for people.
pub(crate) fn is_page(body: &[u8]) -> bool {
    without_mark(body).trim_ascii_start().starts_with(b"<")
}
