//! The languages of the advice.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

/// Names one of the languages that advice is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    English,
    /// French, with the labels of the PISTE portal between « ».
    French,
}

impl Language {
    /// Returns the language of the process: that of `LC_ALL`, `LC_MESSAGES` or `LANG`, the first that is set and not
    /// empty. One that is not known is English.
    #[must_use]
    pub fn from_env() -> Self {
        Self::read(env::var_os)
    }

    /// Reads the variables through `lookup`, which is [`env::var_os`] outside tests.
    fn read(lookup: impl FnMut(&'static str) -> Option<OsString>) -> Self {
        // Their order is that of POSIX (XBD 8.2).
        let mut locales = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(lookup);
        let locale = locales.find(|locale| !locale.is_empty());
        locale.as_ref().and_then(|locale| locale.to_str()?.parse().ok()).unwrap_or_default()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::English => "en",
            Self::French => "fr",
        })
    }
}

/// Reads `fr`, a locale such as `fr_FR.UTF-8`, or a language tag such as `fr-FR`, in capitals or not.
impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        let language = text.split(['_', '-', '.', '@']).next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            // The locales without a language are in English (POSIX, XBD 7.2).
            "en" | "c" | "posix" => Ok(Self::English),
            "fr" => Ok(Self::French),
            _ => Err(UnknownLanguage),
        }
    }
}

/// Tells that a text names none of the languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownLanguage;

impl fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the language is neither `en` nor `fr`")
    }
}

impl Error for UnknownLanguage {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Language {
        Language::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn tags_and_locales_are_read() {
        for text in ["fr", "FR", "fr_FR.UTF-8", "fr-FR", "fr_BE", "fr.UTF-8", "fr@euro", "fr-Latn-FR"] {
            assert_eq!(text.parse(), Ok(Language::French), "{text}");
        }
        for text in ["en", "EN", "en_GB.UTF-8", "en-US", "C", "C.UTF-8", "POSIX"] {
            assert_eq!(text.parse(), Ok(Language::English), "{text}");
        }
    }

    #[test]
    fn any_other_language_is_refused_with_what_is_possible() {
        for text in ["", "hush", "de_DE.UTF-8", "frr", "french", " fr", "_fr", "cs"] {
            assert_eq!(text.parse::<Language>(), Err(UnknownLanguage), "{text}");
        }
        assert_eq!(UnknownLanguage.to_string(), "the language is neither `en` nor `fr`");
    }

    #[test]
    fn names_read_back() {
        for (language, name) in [(Language::English, "en"), (Language::French, "fr")] {
            assert_eq!(language.to_string(), name);
            assert_eq!(name.parse(), Ok(language));
        }
    }

    #[test]
    fn the_first_variable_that_is_filled_decides() {
        for (variables, language) in [
            (&[][..], Language::English),
            (&[("LANG", "fr_FR.UTF-8")], Language::French),
            (&[("LANG", "en_GB"), ("LC_MESSAGES", "fr_FR")], Language::French),
            (&[("LANG", "fr_FR"), ("LC_MESSAGES", "en_GB")], Language::English),
            (&[("LANG", "en_GB"), ("LC_MESSAGES", "en_GB"), ("LC_ALL", "fr_FR")], Language::French),
            (&[("LANG", "fr_FR"), ("LC_MESSAGES", ""), ("LC_ALL", "")], Language::French),
            (&[("LANG", "fr_FR"), ("LC_ALL", "C")], Language::English),
            (&[("LANG", "fr_FR"), ("LC_ALL", "de_DE")], Language::English),
        ] {
            assert_eq!(of(variables), language, "{variables:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_an_unknown_language() {
        use std::os::unix::ffi::OsStringExt;

        let not_unicode = |name| match name {
            "LC_ALL" => Some(OsString::from_vec(b"fr\xff".to_vec())),
            _ => Some(OsString::from("fr")),
        };
        assert_eq!(Language::read(not_unicode), Language::English);
    }
}
