//! The tokens of JSON pointers, and pointers that stand in the fragments of references.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Undoes the escapes of a reference token (RFC 6901, 4).
pub(crate) fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Undoes percent-encoding (RFC 3986, 2.1). What is no UTF-8 then is left as it is.
pub(super) fn percent_decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_percent_encoding_is_left() {
        for (text, expected) in [("a%20b", "a b"), ("%C3%A9", "é"), ("%é%+1%", "%é%+1%"), ("%FF", "%FF"), ("", "")] {
            assert_eq!(percent_decoded(text), expected);
        }
    }

    #[test]
    fn escapes_are_undone_once() {
        assert_eq!(unescaped("a~1b~0c~01"), "a/b~c~1");
    }
}
