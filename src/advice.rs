//! What to do about a failure, in the reader's language.

use std::fmt;

use crate::cause::Cause;
use crate::language::Language;

/// Tells what a failure means, and what to do about it.
///
/// [`Display`](fmt::Display) writes it out in several lines: of each cause what is wrong, what to do, and where. The
/// methods answer for the likeliest cause; [`causes`](Self::causes) has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    causes: &'static [Cause],
    language: Language,
}

impl Advice {
    /// Advises on these causes, the likeliest first, in English. Every failure has at least one.
    pub(crate) const fn new(causes: &'static [Cause]) -> Self {
        Self { causes, language: Language::English }
    }

    /// Returns the same advice in another language.
    #[must_use]
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// Returns what may be the cause, the likeliest first.
    #[must_use]
    pub fn causes(self) -> &'static [Cause] {
        self.causes
    }

    /// Returns what is wrong; see [`Cause::meaning`].
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.likeliest().map_or("", |cause| cause.meaning(self.language))
    }

    /// Returns what to do; see [`Cause::remedy`].
    #[must_use]
    pub fn remedy(self) -> &'static str {
        self.likeliest().map_or("", |cause| cause.remedy(self.language))
    }

    /// Returns the step of the partner guide that mends it; see [`Cause::step`].
    #[must_use]
    pub fn step(self) -> Option<u8> {
        self.likeliest().and_then(Cause::step)
    }

    /// Returns the screen of the portal; see [`Cause::screen`].
    #[must_use]
    pub fn screen(self) -> Option<&'static str> {
        self.likeliest().and_then(Cause::screen)
    }

    /// Returns whom to turn to; see [`Cause::contact`].
    #[must_use]
    pub fn contact(self) -> Option<&'static str> {
        self.likeliest().and_then(Cause::contact)
    }

    fn likeliest(self) -> Option<Cause> {
        self.causes.first().copied()
    }

    /// Writes one cause, in lines that begin below each other after a `margin`.
    fn write(self, cause: Cause, margin: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{margin}{}", cause.meaning(self.language), cause.remedy(self.language))?;
        for (number, place) in self.places(cause).into_iter().flatten().enumerate() {
            if number == 0 {
                write!(f, "\n{margin}{place}")?;
            } else {
                write!(f, " | {place}")?;
            }
        }
        Ok(())
    }

    /// Returns where a cause is mended.
    fn places(self, cause: Cause) -> [Option<String>; 3] {
        let (step, screen, contact) = (cause.step(), cause.screen(), cause.contact());
        match self.language {
            Language::English => [
                step.map(|step| format!("Guide: step {step}")),
                screen.map(|screen| format!("Screen: {screen}")),
                contact.map(|contact| format!("Contact: {contact}")),
            ],
            Language::French => [
                step.map(|step| format!("Guide\u{a0}: étape {step}")),
                screen.map(|screen| format!("Écran\u{a0}: {}", in_french_quotes(screen))),
                contact.map(|contact| format!("Contact\u{a0}: {contact}")),
            ],
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [cause] = self.causes {
            return self.write(*cause, "", f);
        }
        f.write_str(match self.language {
            Language::English => "The failure does not tell which of these causes it has; the likeliest comes first:",
            Language::French => {
                "L'échec n'indique pas laquelle de ces causes est la bonne\u{a0}; la plus probable vient en premier\u{a0}:"
            }
        })?;
        for (number, cause) in (1..).zip(self.causes) {
            write!(f, "\n{number}. ")?;
            self.write(*cause, "   ", f)?;
        }
        Ok(())
    }
}

/// Writes the labels of a screen as French does.
fn in_french_quotes(screen: &str) -> String {
    let labels = screen.split('"').skip(1).step_by(2);
    labels.map(|label| format!("«\u{a0}{label}\u{a0}»")).collect::<Vec<_>>().join(" > ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Advice = Advice::new(&[Cause::TermsNotAccepted]);
    const AMBIGUOUS: Advice = Advice::new(&[Cause::TokenRequestsThrottled, Cause::ClockSkew, Cause::WrongCredentials]);

    #[test]
    fn one_cause_is_told_in_three_lines() {
        let expected = "\
The conditions of use (CGU) of the API are not accepted.
Open \"API\" > \"Consentement CGU API\", filter by \"SISIAO\", tick \"SISIAO - API MENAGE SANDBOX\" and confirm with \"Valider \
mes choix CGU\". If the API is not in the list, contact the SI SIAO team. Only the sandbox's labels are known.
Guide: step 5 | Screen: \"API\" > \"Consentement CGU API\" | Contact: api.externe.sisiao@dihal.gouv.fr";
        assert_eq!(TERMS.to_string(), expected);
    }

    #[test]
    fn french_advice_is_french_throughout_but_for_the_same_labels() {
        let expected = "\
Les conditions générales d'utilisation (CGU) de l'API ne sont pas acceptées.
Ouvrez « API » > « Consentement CGU API », filtrez sur « SISIAO », cochez « SISIAO - API MENAGE SANDBOX » et confirmez avec \
« Valider mes choix CGU ». Si l'API n'est pas dans la liste, contactez l'équipe du SI SIAO. Seuls les libellés du bac à \
sable sont connus.
Guide : étape 5 | Écran : « API » > « Consentement CGU API » | Contact : api.externe.sisiao@dihal.gouv.fr";
        let shown = TERMS.in_language(Language::French).to_string();
        assert!(shown.contains("«\u{a0}API\u{a0}» >") && shown.contains("Guide\u{a0}: "), "{shown}");
        assert_eq!(shown.replace('\u{a0}', " "), expected);
    }

    #[test]
    fn several_causes_are_numbered_after_a_word_of_warning() {
        for (language, warning) in [
            (Language::English, "The failure does not tell which of these causes it has; the likeliest comes first:"),
            (
                Language::French,
                "L'échec n'indique pas laquelle de ces causes est la bonne\u{a0}; la plus probable vient en premier\u{a0}:",
            ),
        ] {
            let shown = AMBIGUOUS.in_language(language).to_string();
            let [throttled, clock, credentials] =
                [Cause::TokenRequestsThrottled, Cause::ClockSkew, Cause::WrongCredentials]
                    .map(|cause| (cause.meaning(language), cause.remedy(language)));
            let places = match language {
                Language::English => [
                    "Contact: piste.gouv.fr/support",
                    "Guide: step 7 | Screen: \"Applications\" > \"Identifiants Oauth\" | Contact: piste.gouv.fr/support",
                ],
                Language::French => [
                    "Contact : piste.gouv.fr/support",
                    "Guide : étape 7 | Écran : « Applications » > « Identifiants Oauth » | Contact : piste.gouv.fr/support",
                ],
            };
            let expected = [
                warning.to_owned(),
                format!("1. {}\n   {}\n   {}", throttled.0, throttled.1, places[0]),
                format!("2. {}\n   {}", clock.0, clock.1),
                format!("3. {}\n   {}\n   {}", credentials.0, credentials.1, places[1]),
            ];
            let plain = |text: &str| text.replace('\u{a0}', " ");
            assert_eq!(plain(&shown), plain(&expected.join("\n")));
        }
    }

    #[test]
    fn the_methods_answer_for_the_likeliest_cause() {
        let advice = Advice::new(&[Cause::NotSubscribed, Cause::ClockSkew]).in_language(Language::French);
        assert_eq!(advice.causes(), [Cause::NotSubscribed, Cause::ClockSkew]);
        assert_eq!(advice.meaning(), Cause::NotSubscribed.meaning(Language::French));
        assert_eq!(advice.remedy(), Cause::NotSubscribed.remedy(Language::French));
        assert_eq!(advice.step(), Some(6));
        assert_eq!(advice.screen(), Some("\"API\" > \"Mes API\""));
        assert_eq!(advice.contact(), Some("api.externe.sisiao@dihal.gouv.fr"));
    }

    #[test]
    fn every_cause_renders_in_both_languages_in_tidy_lines() {
        for advice in Cause::all().flat_map(|cause| {
            let causes: &'static [Cause] = Vec::leak(vec![cause, cause]);
            [Advice::new(&causes[..1]), Advice::new(causes)]
        }) {
            let (english, french) = (advice.to_string(), advice.in_language(Language::French).to_string());
            assert_eq!(english.lines().count(), french.lines().count(), "{english}\n{french}");
            assert!(!english.contains(['«', '»']), "{english}");
            assert!(!french.contains('"'), "{french}");
            for line in english.lines().chain(french.lines()) {
                assert!(!line.trim().is_empty() && line.trim_end() == line, "{line:?}");
            }
        }
    }
}
