//! What can be wrong, as far as it is mended at one place, and how it is mended.

use crate::language::Language;

/// What may be the cause of a failure. A failure has several where the server does not say which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// A setting of the client is missing or wrong.
    Setting,
    /// The client id or the secret is missing or cannot be one.
    Credentials,
    /// It is not known where the API is.
    BaseUrlMissing,
    /// The request cannot be made of its arguments.
    Arguments,
    /// The client id or the secret is wrong.
    WrongCredentials,
    /// "API Keys" were taken for the "Identifiants Oauth".
    ApiKeys,
    /// Credentials, address or application are the other environment's.
    OtherEnvironment,
    /// PISTE refuses good credentials for a moment.
    FalseRefusal,
    /// The application may not get tokens in this way.
    ClientNotAllowed,
    /// The token endpoint does not know a scope.
    ScopeUnknown,
    /// The token endpoint does not understand the request.
    TokenRequestRefused,
    /// There were too many token requests.
    TokenRequestsThrottled,
    /// The token endpoint does not work.
    TokenEndpointUnavailable,
    /// The address of the token endpoint is wrong.
    TokenUrl,
    /// The token endpoint's answer is no token.
    TokenAnswer,
    /// The gateway does not accept tokens that the token endpoint issued.
    TokenRejected,
    /// The application was deleted or disabled.
    ApplicationDisabled,
    /// The application is another than the one enrolled: `APP_SANDBOX`, most often.
    OtherApplication,
    /// The CGU of the API are not accepted.
    TermsNotAccepted,
    /// The application has no access to the API.
    NotSubscribed,
    /// The access was given without the scope.
    ScopeNotGranted,
    /// The path of the base URL is not the API's.
    BasePath,
    /// Too many requests, or a quota of the application is spent.
    Quota,
    /// The API does not work, or the gateway cannot reach it.
    ApiUnavailable,
    /// The API does not know what was asked for.
    ResourceNotFound,
    /// The API itself refused the request.
    RefusedByApi,
    /// PISTE's empty 400, which passes by itself most often.
    EmptyBadRequest,
    /// The API answers otherwise than the document says.
    Document,
    /// The answer is larger than the client was told to expect.
    AnswerTooLarge,
    /// Somebody else than the API answered: a portal's log-in page, a proxy.
    NotTheApi,
    /// The server's name does not resolve.
    NameResolution,
    /// The server cannot be reached.
    Unreachable,
    /// The server's certificate is not accepted.
    Certificate,
    /// The negotiation of TLS failed.
    TlsHandshake,
    /// The server wants a certificate of the client.
    ClientCertificate,
    /// The proxy cannot be reached, or does not let the connection through.
    Proxy,
    /// The proxy wants a name and a password.
    ProxyAuthentication,
    /// The server did not answer in time.
    Slow,
    /// The connection broke.
    ConnectionLost,
    /// This machine's clock is wrong.
    ClockSkew,
    /// The program's tokio runtime is not there, or has ended.
    Runtime,
}

impl Cause {
    /// Returns all causes.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().copied()
    }

    /// Returns itself alone, as failures have their causes.
    pub(crate) fn alone(self) -> &'static [Self] {
        ALL.iter().find(|cause| **cause == self).map_or(&[], std::slice::from_ref)
    }

    /// Returns the cause's name for machines. It stays as it is from release to release.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns what is wrong, in one or two sentences.
    #[must_use]
    pub const fn meaning(self, language: Language) -> &'static str {
        self.text(language).meaning
    }

    /// Returns what to do.
    #[must_use]
    pub const fn remedy(self, language: Language) -> &'static str {
        self.text(language).remedy
    }

    /// Returns the step of the partner guide, from 1 to 7, that mends it, if one does.
    #[must_use]
    pub const fn step(self) -> Option<u8> {
        self.row().step
    }

    /// Returns the screen of the PISTE portal where it is mended or looked up, by the French labels that lead there.
    #[must_use]
    pub const fn screen(self) -> Option<&'static str> {
        self.row().screen
    }

    /// Returns whom to turn to where the remedy does not help: an e-mail address, or the page of PISTE's support.
    #[must_use]
    pub const fn contact(self) -> Option<&'static str> {
        self.row().contact
    }

    const fn text(self, language: Language) -> &'static Text {
        match language {
            Language::English => &self.row().en,
            Language::French => &self.row().fr,
        }
    }
}

/// What is known of one cause.
struct Row {
    name: &'static str,
    step: Option<u8>,
    screen: Option<&'static str>,
    contact: Option<&'static str>,
    en: Text,
    fr: Text,
}

struct Text {
    meaning: &'static str,
    remedy: &'static str,
}

/// The team of the API: the only address that the partner guide gives.
const SI_SIAO: &str = "api.externe.sisiao@dihal.gouv.fr";
/// The support of the platform.
const PISTE: &str = "piste.gouv.fr/support";

/// Makes of one table the list of the causes and the look-up. A cause without a row does not compile.
macro_rules! table {
    ($($cause:ident $row:tt)*) => {
        const ALL: &[Cause] = &[$(Cause::$cause),*];

        impl Cause {
            const fn row(self) -> &'static Row {
                match self {
                    $(Self::$cause => &Row $row,)*
                }
            }
        }
    };
}

// Steps and labels are the partner guide's, except those of the quotas, which are PISTE's. Labels stay French in both
// languages. In French, the blanks inside « » and before : and ; are no-break spaces (U+00A0).
table! {
    Setting {
        name: "setting",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "A setting of the client is missing, cannot be read or contradicts another. Nothing was sent with \
                it.",
            remedy: "Correct what the error's message names: a variable (PISTE_CLIENT_ID, PISTE_CLIENT_SECRET, \
                PISTE_CLIENT_SECRET_FILE, PISTE_ENVIRONMENT, PISTE_TOKEN_URL, PISTE_SCOPE, MENAGE_B2B_BASE_URL), what \
                the program gave to the builder, or a feature of the crate.",
        },
        fr: Text {
            meaning: "Un paramètre du client manque, est illisible ou en contredit un autre. Rien n'a été envoyé.",
            remedy: "Corrigez ce que nomme le message d'erreur : une variable (PISTE_CLIENT_ID, PISTE_CLIENT_SECRET, \
                PISTE_CLIENT_SECRET_FILE, PISTE_ENVIRONMENT, PISTE_TOKEN_URL, PISTE_SCOPE, MENAGE_B2B_BASE_URL), ce \
                que le programme a donné au builder, ou une feature du crate.",
        },
    }
    Credentials {
        name: "credentials",
        step: Some(7),
        screen: Some(r#""Applications" > "Identifiants Oauth""#),
        contact: None,
        en: Text {
            meaning: "The client id or the secret is missing, or what was given cannot be one.",
            remedy: "Copy both from \"Applications\" > APP_DIHAL_… > \"Identifiants Oauth\". Set PISTE_CLIENT_ID, and \
                either PISTE_CLIENT_SECRET or PISTE_CLIENT_SECRET_FILE (a file that holds the secret and nothing \
                else).",
        },
        fr: Text {
            meaning: "L'identifiant client ou le secret manque, ou la valeur donnée ne peut pas en être un.",
            remedy: "Copiez les deux depuis « Applications » > APP_DIHAL_… > « Identifiants Oauth ». Renseignez \
                PISTE_CLIENT_ID, et soit PISTE_CLIENT_SECRET, soit PISTE_CLIENT_SECRET_FILE (un fichier qui ne \
                contient que le secret).",
        },
    }
    BaseUrlMissing {
        name: "base_url_missing",
        step: Some(7),
        screen: Some(r#""SISIAO - API MENAGE" > "Documentation API""#),
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "It is not known where the API is. Its path on the gateway is not public, and the OpenAPI \
                document of this build lists no server for the environment.",
            remedy: "Open \"SISIAO - API MENAGE\" in the portal and copy the server's address from the list under \
                \"Documentation API\" into MENAGE_B2B_BASE_URL (or give it to `base_url`). Only the sandbox's labels \
                are known: for production, contact the SI SIAO team.",
        },
        fr: Text {
            meaning: "L'adresse de l'API n'est pas connue. Son chemin sur la passerelle n'est pas public, et le \
                document OpenAPI utilisé à la compilation n'indique aucun serveur pour cet environnement.",
            remedy: "Ouvrez « SISIAO - API MENAGE » sur le portail et copiez l'adresse du serveur, dans la liste sous \
                « Documentation API », dans MENAGE_B2B_BASE_URL (ou donnez-la à `base_url`). Seuls les libellés du bac \
                à sable sont connus : pour la production, contactez l'équipe du SI SIAO.",
        },
    }
    Arguments {
        name: "arguments",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The request cannot be made: an argument cannot be sent as it is, or the address is not the \
                API's. Nothing was sent.",
            remedy: "Compare the arguments with the operation's documentation and correct the call. An address that \
                the program puts together has to begin with the client's `base_url`.",
        },
        fr: Text {
            meaning: "La requête ne peut pas être construite : un argument ne peut pas être envoyé tel quel, ou \
                l'adresse n'est pas celle de l'API. Rien n'a été envoyé.",
            remedy: "Comparez les arguments à la documentation de l'opération et corrigez l'appel. Une adresse \
                composée par le programme doit commencer par le `base_url` du client.",
        },
    }
    WrongCredentials {
        name: "wrong_credentials",
        step: Some(7),
        screen: Some(r#""Applications" > "Identifiants Oauth""#),
        contact: Some(PISTE),
        en: Text {
            meaning: "The client id or the secret is wrong. PISTE gives the same answer for either, and for those of \
                the other environment.",
            remedy: "Copy both again from \"Applications\" > APP_DIHAL_… > \"Identifiants Oauth\" into PISTE_CLIENT_ID \
                and PISTE_CLIENT_SECRET (or the file that PISTE_CLIENT_SECRET_FILE names). The secret can be shown and \
                regenerated there: if it was regenerated, take the new one. If they are refused for good, contact \
                PISTE's support.",
        },
        fr: Text {
            meaning: "L'identifiant client ou le secret est erroné. PISTE donne la même réponse dans les deux cas, et \
                pour ceux de l'autre environnement.",
            remedy: "Copiez de nouveau les deux depuis « Applications » > APP_DIHAL_… > « Identifiants Oauth » dans \
                PISTE_CLIENT_ID et PISTE_CLIENT_SECRET (ou dans le fichier que désigne PISTE_CLIENT_SECRET_FILE). Le \
                secret peut y être affiché et régénéré : s'il a été régénéré, prenez le nouveau. Si le refus persiste, \
                contactez le support de PISTE.",
        },
    }
    ApiKeys {
        name: "api_keys",
        step: Some(7),
        screen: Some(r#""Applications" > "Identifiants Oauth""#),
        contact: None,
        en: Text {
            meaning: "The client id and the secret were taken from \"API Keys\". The token endpoint wants the \
                \"Identifiants Oauth\".",
            remedy: "Open \"Applications\" > APP_DIHAL_… and copy both from \"Identifiants Oauth\" instead. Put them \
                into PISTE_CLIENT_ID and PISTE_CLIENT_SECRET (or the file that PISTE_CLIENT_SECRET_FILE names).",
        },
        fr: Text {
            meaning: "L'identifiant client et le secret proviennent de la rubrique « API Keys ». Le serveur de jetons \
                attend les « Identifiants Oauth ».",
            remedy: "Ouvrez « Applications » > APP_DIHAL_… et copiez plutôt les deux depuis « Identifiants Oauth ». \
                Placez-les dans PISTE_CLIENT_ID et PISTE_CLIENT_SECRET (ou dans le fichier que désigne \
                PISTE_CLIENT_SECRET_FILE).",
        },
    }
    OtherEnvironment {
        name: "other_environment",
        step: Some(7),
        screen: Some(r#""Applications" > "Identifiants Oauth""#),
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The credentials, an address or the application belong to the other environment. Sandbox and \
                production have separate applications, secrets, subscriptions and consents.",
            remedy: "Set PISTE_ENVIRONMENT to the environment of the application whose \"Identifiants Oauth\" you use \
                (under \"Applications\", APP_DIHAL_SBX_… is the sandbox's), and MENAGE_B2B_BASE_URL to an address of \
                the same one. Unset PISTE_TOKEN_URL, so that the token endpoint follows. Only the sandbox's labels are \
                known: for production, contact the SI SIAO team.",
        },
        fr: Text {
            meaning: "Les identifiants, une adresse ou l'application relèvent de l'autre environnement. Le bac à sable \
                et la production ont chacun leurs applications, secrets, souscriptions et consentements.",
            remedy: "Donnez à PISTE_ENVIRONMENT l'environnement de l'application dont vous utilisez les \
                « Identifiants Oauth » (sous « Applications », APP_DIHAL_SBX_… est celle du bac à sable), et à \
                MENAGE_B2B_BASE_URL une adresse du même environnement. Supprimez PISTE_TOKEN_URL, pour que le serveur \
                de jetons suive. Seuls les libellés du bac à sable sont connus : pour la production, contactez \
                l'équipe du SI SIAO.",
        },
    }
    FalseRefusal {
        name: "false_refusal",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "PISTE refused good credentials for a moment. At times this happens to about one try in ten.",
            remedy: "Try again some seconds later without changing anything; `retry_refused_credentials` has the \
                client do so by itself. If only some tries are refused and it does not end, contact PISTE's support.",
        },
        fr: Text {
            meaning: "PISTE a refusé un instant de bons identifiants. À certaines périodes, cela touche environ un \
                essai sur dix.",
            remedy: "Réessayez quelques secondes plus tard sans rien changer ; avec `retry_refused_credentials`, le \
                client le fait de lui-même. Si seuls certains essais sont refusés et que cela ne cesse pas, contactez \
                le support de PISTE.",
        },
    }
    ClientNotAllowed {
        name: "client_not_allowed",
        step: Some(7),
        screen: Some(r#""Applications" > "Identifiants Oauth""#),
        contact: Some(PISTE),
        en: Text {
            meaning: "PISTE knows the application, but does not let it get tokens in this way (client credentials).",
            remedy: "Check under \"Applications\" > APP_DIHAL_… > \"Identifiants Oauth\" that the client id in \
                PISTE_CLIENT_ID is this application's, and of the type \"Confidentiel\". If it is, contact PISTE's \
                support.",
        },
        fr: Text {
            meaning: "PISTE connaît l'application, mais ne lui permet pas d'obtenir un jeton de cette façon (client \
                credentials).",
            remedy: "Vérifiez sous « Applications » > APP_DIHAL_… > « Identifiants Oauth » que l'identifiant client de \
                PISTE_CLIENT_ID est celui de cette application, et qu'il est de type « Confidentiel ». Si c'est le \
                cas, contactez le support de PISTE.",
        },
    }
    ScopeUnknown {
        name: "scope_unknown",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "The token endpoint does not accept one of the scopes that were asked for.",
            remedy: "Set PISTE_SCOPE (or `scopes`) to `openid dihal.sisiaoapimenage`, and correct or remove any other \
                scope. If these two are refused as well, contact PISTE's support.",
        },
        fr: Text {
            meaning: "Le serveur de jetons n'accepte pas l'un des scopes demandés.",
            remedy: "Donnez à PISTE_SCOPE (ou à `scopes`) la valeur `openid dihal.sisiaoapimenage`, et corrigez ou \
                retirez tout autre scope. Si ces deux-là sont refusés aussi, contactez le support de PISTE.",
        },
    }
    TokenRequestRefused {
        name: "token_request_refused",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "The token endpoint refuses the request as such, whoever makes it.",
            remedy: "Unset PISTE_TOKEN_URL (or leave out `token_url`), so that the request goes to the token endpoint \
                of PISTE_ENVIRONMENT. If it went there, contact PISTE's support with the code and the time of the \
                refusal.",
        },
        fr: Text {
            meaning: "Le serveur de jetons refuse la requête elle-même, quel qu'en soit l'auteur.",
            remedy: "Supprimez PISTE_TOKEN_URL (ou l'appel à `token_url`), pour que la requête aille au serveur de \
                jetons de PISTE_ENVIRONMENT. Si elle y allait déjà, contactez le support de PISTE en indiquant le code \
                et l'heure du refus.",
        },
    }
    TokenRequestsThrottled {
        name: "token_requests_throttled",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "There were too many token requests in a short time. An answer 400 that gives no reason is taken \
                for this, too.",
            remedy: "Wait, then try again. Make one client and clone it, since clones share one token. If a single \
                client is throttled, contact PISTE's support.",
        },
        fr: Text {
            meaning: "Il y a eu trop de demandes de jeton en peu de temps. Une réponse 400 sans motif est interprétée \
                ainsi, elle aussi.",
            remedy: "Attendez, puis réessayez. Créez un seul client et clonez-le, car les clones partagent un même \
                jeton. Si un client unique subit encore cette limite, contactez le support de PISTE.",
        },
    }
    TokenEndpointUnavailable {
        name: "token_endpoint_unavailable",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "The token endpoint does not work at the moment. For the sandbox, no availability is promised.",
            remedy: "Try again later. If it lasts, contact PISTE's support.",
        },
        fr: Text {
            meaning: "Le serveur de jetons ne fonctionne pas pour le moment. Pour le bac à sable, aucune disponibilité \
                n'est garantie.",
            remedy: "Réessayez plus tard. Si cela dure, contactez le support de PISTE.",
        },
    }
    TokenUrl {
        name: "token_url",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "There is no token endpoint at the address that the client uses.",
            remedy: "Unset PISTE_TOKEN_URL (or leave out `token_url`), so that the client uses the token endpoint of \
                PISTE_ENVIRONMENT. If you need another one, correct its address.",
        },
        fr: Text {
            meaning: "Il n'y a pas de serveur de jetons à l'adresse que le client utilise.",
            remedy: "Supprimez PISTE_TOKEN_URL (ou l'appel à `token_url`), pour que le client utilise le serveur de \
                jetons de PISTE_ENVIRONMENT. S'il vous en faut un autre, corrigez son adresse.",
        },
    }
    TokenAnswer {
        name: "token_answer",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "The token endpoint answered with success, but without a token that can be used. Perhaps somebody \
                else answered in its place.",
            remedy: "Check PISTE_TOKEN_URL, which is best not set, and the proxy (HTTPS_PROXY, NO_PROXY). If they are \
                right, contact PISTE's support.",
        },
        fr: Text {
            meaning: "Le serveur de jetons a répondu avec succès, mais sans jeton utilisable. Un autre serveur a \
                peut-être répondu à sa place.",
            remedy: "Vérifiez PISTE_TOKEN_URL, qu'il vaut mieux ne pas définir, et le proxy (HTTPS_PROXY, NO_PROXY). \
                S'ils sont corrects, contactez le support de PISTE.",
        },
    }
    TokenRejected {
        name: "token_rejected",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "The gateway does not accept a token that the token endpoint issued. It happens for a moment \
                right after the issue, and now and then before the token's end.",
            remedy: "Try again some seconds later. If it lasts, check that PISTE_TOKEN_URL and MENAGE_B2B_BASE_URL \
                belong to the environment in PISTE_ENVIRONMENT. If they do, contact PISTE's support.",
        },
        fr: Text {
            meaning: "La passerelle n'accepte pas un jeton émis par le serveur de jetons. Cela arrive un instant juste \
                après l'émission, et parfois avant la fin de validité du jeton.",
            remedy: "Réessayez quelques secondes plus tard. Si cela dure, vérifiez que PISTE_TOKEN_URL et \
                MENAGE_B2B_BASE_URL relèvent de l'environnement indiqué par PISTE_ENVIRONMENT. Si c'est le cas, \
                contactez le support de PISTE.",
        },
    }
    ApplicationDisabled {
        name: "application_disabled",
        step: Some(4),
        screen: Some(r#""Applications""#),
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The gateway does not know the application any more, or it is disabled.",
            remedy: "Look whether APP_DIHAL_…, of the organisation SERVICE-DIHAL, is still under \"Applications\". If \
                it is not, or if it is and stays refused, contact the SI SIAO team by e-mail, with the address of your \
                PISTE account, your name, organisation and phone number, and ask for the enrolment.",
        },
        fr: Text {
            meaning: "La passerelle ne connaît plus l'application, ou celle-ci est désactivée.",
            remedy: "Vérifiez que l'application APP_DIHAL_…, de l'organisation SERVICE-DIHAL, figure toujours sous \
                « Applications ». Si elle n'y est pas, ou si elle y est et reste refusée, contactez l'équipe du SI \
                SIAO par courriel, en donnant l'adresse de votre compte PISTE, votre nom, votre organisation et votre \
                numéro de téléphone, et demandez l'enrôlement.",
        },
    }
    OtherApplication {
        name: "other_application",
        step: Some(7),
        screen: Some(r#""Applications" > "Identifiants Oauth""#),
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The credentials are those of an application that was not enrolled: most often of APP_SANDBOX, \
                which every account has by default.",
            remedy: "Copy client id and secret from \"Applications\" > APP_DIHAL_… > \"Identifiants Oauth\" \
                (APP_DIHAL_SBX_… for the sandbox) into PISTE_CLIENT_ID and PISTE_CLIENT_SECRET. If no application of \
                the organisation SERVICE-DIHAL is listed, your account is not enrolled yet (step 4): contact the SI \
                SIAO team by e-mail.",
        },
        fr: Text {
            meaning: "Les identifiants sont ceux d'une application qui n'a pas été enrôlée : le plus souvent \
                APP_SANDBOX, que tout compte possède par défaut.",
            remedy: "Copiez l'identifiant client et le secret depuis « Applications » > APP_DIHAL_… > \
                « Identifiants Oauth » (APP_DIHAL_SBX_… pour le bac à sable) dans PISTE_CLIENT_ID et \
                PISTE_CLIENT_SECRET. Si aucune application de l'organisation SERVICE-DIHAL n'est listée, votre compte \
                n'est pas encore enrôlé (étape 4) : contactez l'équipe du SI SIAO par courriel.",
        },
    }
    TermsNotAccepted {
        name: "terms_not_accepted",
        step: Some(5),
        screen: Some(r#""API" > "Consentement CGU API""#),
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The conditions of use (CGU) of the API are not accepted.",
            remedy: "Open \"API\" > \"Consentement CGU API\", filter by \"SISIAO\", tick \
                \"SISIAO - API MENAGE SANDBOX\" and confirm with \"Valider mes choix CGU\". If the API is not in the \
                list, contact the SI SIAO team. Only the sandbox's labels are known.",
        },
        fr: Text {
            meaning: "Les conditions générales d'utilisation (CGU) de l'API ne sont pas acceptées.",
            remedy: "Ouvrez « API » > « Consentement CGU API », filtrez sur « SISIAO », cochez \
                « SISIAO - API MENAGE SANDBOX » et confirmez avec « Valider mes choix CGU ». Si l'API n'est pas dans \
                la liste, contactez l'équipe du SI SIAO. Seuls les libellés du bac à sable sont connus.",
        },
    }
    NotSubscribed {
        name: "not_subscribed",
        step: Some(6),
        screen: Some(r#""API" > "Mes API""#),
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The application has no access to the API: none was asked for, or the request is not accepted \
                yet, or it was rejected.",
            remedy: "Open \"API\" > \"Mes API\", search for \"SISIAO - API MENAGE\", press \"Demander l'accès\", \
                choose APP_DIHAL_… as the target application, tick `dihal.sisiaoapimenage` and press \"Soumettre\". If \
                this was done, do not repeat it: a request cancels and replaces the application's earlier accesses to \
                the API. Wait for the e-mail with the outcome, and look under \"Applications\" > APP_DIHAL_… > \
                \"API Souscrites\"; if the request is rejected or stays open, contact the SI SIAO team.",
        },
        fr: Text {
            meaning: "L'application n'a pas accès à l'API : aucun accès n'a été demandé, ou la demande n'est pas \
                encore acceptée, ou elle a été rejetée.",
            remedy: "Ouvrez « API » > « Mes API », recherchez « SISIAO - API MENAGE », cliquez sur \
                « Demander l'accès », choisissez APP_DIHAL_… comme application cible, cochez `dihal.sisiaoapimenage` \
                et cliquez sur « Soumettre ». Si c'est déjà fait, ne recommencez pas : une demande annule et remplace \
                les accès antérieurs de l'application à l'API. Attendez le courriel qui indique la suite donnée, et \
                regardez sous « Applications » > APP_DIHAL_… > « API Souscrites » ; si la demande est rejetée ou reste \
                ouverte, contactez l'équipe du SI SIAO.",
        },
    }
    ScopeNotGranted {
        name: "scope_not_granted",
        step: Some(6),
        screen: Some(r#""API" > "Mes API""#),
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The token lacks a scope: most often `dihal.sisiaoapimenage`, which was not ticked when access \
                was asked for. PISTE leaves it out in silence, so that the token endpoint's 200 does not prove that it \
                was granted.",
            remedy: "Check that PISTE_SCOPE, if it is set, names the scope. Then open \"API\" > \"Mes API\", search \
                for \"SISIAO - API MENAGE\", press \"Demander l'accès\", choose APP_DIHAL_…, tick every scope that you \
                need (the request cancels and replaces the application's earlier accesses to the API) and press \
                \"Soumettre\". If the scope cannot be ticked or the request is rejected, contact the SI SIAO team.",
        },
        fr: Text {
            meaning: "Il manque un scope au jeton : le plus souvent `dihal.sisiaoapimenage`, qui n'a pas été coché \
                lors de la demande d'accès. PISTE l'omet sans le dire : la réponse 200 du serveur de jetons ne prouve \
                donc pas qu'il a été accordé.",
            remedy: "Vérifiez que PISTE_SCOPE, si la variable est définie, contient ce scope. Ouvrez ensuite « API » > \
                « Mes API », recherchez « SISIAO - API MENAGE », cliquez sur « Demander l'accès », choisissez \
                APP_DIHAL_…, cochez tous les scopes nécessaires (la demande annule et remplace les accès antérieurs de \
                l'application à l'API) et cliquez sur « Soumettre ». Si le scope ne peut pas être coché ou si la \
                demande est rejetée, contactez l'équipe du SI SIAO.",
        },
    }
    BasePath {
        name: "base_path",
        step: Some(7),
        screen: Some(r#""SISIAO - API MENAGE" > "Documentation API""#),
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The gateway knows no API at this address: the path of the base URL is not the API's.",
            remedy: "Open \"SISIAO - API MENAGE\" in the portal and copy the server's address, with its whole path, \
                from the list under \"Documentation API\" into MENAGE_B2B_BASE_URL (or give it to `base_url`). Only \
                the sandbox's labels are known: for production, contact the SI SIAO team.",
        },
        fr: Text {
            meaning: "La passerelle ne connaît aucune API à cette adresse : le chemin de l'URL de base n'est pas celui \
                de l'API.",
            remedy: "Ouvrez « SISIAO - API MENAGE » sur le portail et copiez l'adresse du serveur, chemin complet \
                compris, dans la liste sous « Documentation API », dans MENAGE_B2B_BASE_URL (ou donnez-la à \
                `base_url`). Seuls les libellés du bac à sable sont connus : pour la production, contactez l'équipe du \
                SI SIAO.",
        },
    }
    Quota {
        name: "quota",
        step: None,
        screen: Some(r#""Applications" > "Actions" > "Consulter les quotas""#),
        contact: Some(PISTE),
        en: Text {
            meaning: "There were too many requests in a short time, or a quota is spent. Quotas are counted per \
                application and method, by second, minute and day.",
            remedy: "Wait for as long as the answer asks (`retry_after`): hours, perhaps, when a day's quota is spent. \
                Look the quotas up in \"Applications\" > \"Actions\" > \"Consulter les quotas\", and spread the calls. \
                If the quotas that are shown are not spent, contact PISTE's support.",
        },
        fr: Text {
            meaning: "Il y a eu trop de requêtes en peu de temps, ou un quota est épuisé. Les quotas se comptent par \
                application et par méthode, à la seconde, à la minute et à la journée.",
            remedy: "Attendez aussi longtemps que la réponse le demande (`retry_after`) : des heures, peut-être, si le \
                quota du jour est épuisé. Consultez les quotas dans « Applications » > « Actions » > \
                « Consulter les quotas » et répartissez les appels. Si les quotas affichés ne sont pas épuisés, \
                contactez le support de PISTE.",
        },
    }
    ApiUnavailable {
        name: "api_unavailable",
        step: Some(7),
        screen: None,
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The API does not work at the moment, or the gateway cannot reach it. On GET /healthcheck, a 500 \
                or a 404 says so.",
            remedy: "Try again later. If it lasts, contact the SI SIAO team.",
        },
        fr: Text {
            meaning: "L'API ne fonctionne pas pour le moment, ou la passerelle ne peut pas la joindre. Sur GET \
                /healthcheck, c'est ce que disent une réponse 500 et une réponse 404.",
            remedy: "Réessayez plus tard. Si cela dure, contactez l'équipe du SI SIAO.",
        },
    }
    ResourceNotFound {
        name: "resource_not_found",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The API does not know what was asked for.",
            remedy: "Check the identifiers among the arguments of the call. If nothing is ever found, check the path \
                in MENAGE_B2B_BASE_URL.",
        },
        fr: Text {
            meaning: "L'API ne connaît pas ce qui a été demandé.",
            remedy: "Vérifiez les identifiants parmi les arguments de l'appel. Si rien n'est jamais trouvé, vérifiez \
                le chemin dans MENAGE_B2B_BASE_URL.",
        },
    }
    RefusedByApi {
        name: "refused_by_api",
        step: None,
        screen: None,
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The API, or the gateway before it, refuses the request as it is. A new token does not help.",
            remedy: "Read the answer (`body`), mindful that it may hold personal data, and correct the request. If the \
                answer does not explain itself, contact the SI SIAO team.",
        },
        fr: Text {
            meaning: "L'API, ou la passerelle qui la précède, refuse la requête telle qu'elle est. Un nouveau jeton n'y \
                change rien.",
            remedy: "Lisez la réponse (`body`), en gardant à l'esprit qu'elle peut contenir des données personnelles, \
                et corrigez la requête. Si la réponse n'explique rien, contactez l'équipe du SI SIAO.",
        },
    }
    EmptyBadRequest {
        name: "empty_bad_request",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "PISTE answered 400 and said nothing. Most often this passes by itself.",
            remedy: "Try again some seconds later. If it lasts, contact PISTE's support.",
        },
        fr: Text {
            meaning: "PISTE a répondu 400 sans rien dire. Le plus souvent, le problème disparaît de lui-même.",
            remedy: "Réessayez quelques secondes plus tard. Si cela dure, contactez le support de PISTE.",
        },
    }
    Document {
        name: "document",
        step: None,
        screen: None,
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The API answers otherwise than the OpenAPI document says of which the client was generated.",
            remedy: "Get the current document from the page of \"SISIAO - API MENAGE\" in the portal, and build again \
                with MENAGE_B2B_OPENAPI. If the API departs from that one too, contact the SI SIAO team.",
        },
        fr: Text {
            meaning: "L'API ne répond pas comme le dit le document OpenAPI à partir duquel le client a été généré.",
            remedy: "Récupérez le document à jour sur la page « SISIAO - API MENAGE » du portail, et recompilez avec \
                MENAGE_B2B_OPENAPI. Si l'API s'écarte aussi de celui-là, contactez l'équipe du SI SIAO.",
        },
    }
    AnswerTooLarge {
        name: "answer_too_large",
        step: None,
        screen: None,
        contact: Some(SI_SIAO),
        en: Text {
            meaning: "The answer is larger than the client was told to expect. It was not read to its end.",
            remedy: "Ask for less at once, if the operation lets you. If so much is right, raise the limit with \
                `answer_limit`. If an answer should not be so large, contact the SI SIAO team.",
        },
        fr: Text {
            meaning: "La réponse dépasse la taille que le client accepte. Elle n'a pas été lue jusqu'au bout.",
            remedy: "Demandez moins à la fois, si l'opération le permet. Si une telle taille est normale, relevez la \
                limite avec `answer_limit`. Si une réponse ne devrait pas être aussi grande, contactez l'équipe du SI \
                SIAO.",
        },
    }
    NotTheApi {
        name: "not_the_api",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "Somebody else answered in the place of the API or of the token endpoint: a proxy, the log-in \
                page of a network or a portal, another server.",
            remedy: "Check what is on the way: HTTPS_PROXY, NO_PROXY, the network itself. Check that \
                MENAGE_B2B_BASE_URL is the API's server address, and not that of a page of the portal, and that \
                PISTE_TOKEN_URL, if it is set, is right.",
        },
        fr: Text {
            meaning: "Un autre serveur a répondu à la place de l'API ou du serveur de jetons : un proxy, la page de connexion \
                d'un réseau ou d'un portail, un autre serveur.",
            remedy: "Vérifiez ce qui se trouve sur le chemin : HTTPS_PROXY, NO_PROXY, le réseau lui-même. Vérifiez que \
                MENAGE_B2B_BASE_URL est l'adresse du serveur de l'API, et non celle d'une page du portail, et que \
                PISTE_TOKEN_URL, si elle est définie, est correcte.",
        },
    }
    NameResolution {
        name: "name_resolution",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The server's name does not resolve to an address.",
            remedy: "Check the host's name in MENAGE_B2B_BASE_URL and PISTE_TOKEN_URL, and the machine's DNS. Where \
                only a proxy reaches the internet, set HTTPS_PROXY.",
        },
        fr: Text {
            meaning: "Le nom du serveur ne correspond à aucune adresse (résolution DNS).",
            remedy: "Vérifiez le nom d'hôte dans MENAGE_B2B_BASE_URL et PISTE_TOKEN_URL, ainsi que le DNS de la \
                machine. Si seul un proxy accède à internet, renseignez HTTPS_PROXY.",
        },
    }
    Unreachable {
        name: "unreachable",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "No connection to the server can be made: it refuses, or something on the way does not let \
                through.",
            remedy: "Check host and port in MENAGE_B2B_BASE_URL and PISTE_TOKEN_URL, and that the firewall lets them \
                through. Where only a proxy reaches the internet, set HTTPS_PROXY. If other networks do not get there \
                either, contact PISTE's support.",
        },
        fr: Text {
            meaning: "Aucune connexion au serveur n'est possible : il la refuse, ou elle est bloquée en chemin.",
            remedy: "Vérifiez l'hôte et le port dans MENAGE_B2B_BASE_URL et PISTE_TOKEN_URL, et que le pare-feu les \
                laisse passer. Si seul un proxy accède à internet, renseignez HTTPS_PROXY. Si d'autres réseaux n'y \
                parviennent pas non plus, contactez le support de PISTE.",
        },
    }
    Certificate {
        name: "certificate",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The server's certificate is not accepted: its authority is not trusted here, it is for another \
                name, or it is out of date. A proxy that opens TLS shows one of its own.",
            remedy: "If your organisation has an authority of its own, add it: `.http(|http| \
                http.add_root_certificate(…))`, or SSL_CERT_FILE or SSL_CERT_DIR on Linux. Otherwise check the \
                machine's clock, and the host's name in MENAGE_B2B_BASE_URL and PISTE_TOKEN_URL.",
        },
        fr: Text {
            meaning: "Le certificat du serveur n'est pas accepté : son autorité n'est pas reconnue ici, il porte un \
                autre nom, ou il n'est pas valide à cette date. Un proxy qui déchiffre TLS présente le sien.",
            remedy: "Si votre organisation a sa propre autorité, ajoutez-la : `.http(|http| \
                http.add_root_certificate(…))`, ou SSL_CERT_FILE ou SSL_CERT_DIR sous Linux. Sinon, vérifiez l'horloge \
                de la machine, et le nom d'hôte dans MENAGE_B2B_BASE_URL et PISTE_TOKEN_URL.",
        },
    }
    TlsHandshake {
        name: "tls_handshake",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "A connection was made, but the negotiation of TLS failed.",
            remedy: "Check that what MENAGE_B2B_BASE_URL and PISTE_TOKEN_URL name speaks https at that port, and that \
                no proxy or firewall cuts TLS off. If other networks fail in the same way, contact PISTE's support.",
        },
        fr: Text {
            meaning: "La connexion a été établie, mais la négociation TLS a échoué.",
            remedy: "Vérifiez que les serveurs de MENAGE_B2B_BASE_URL et PISTE_TOKEN_URL parlent https sur ce port, et \
                qu'aucun proxy ou pare-feu ne coupe TLS. Si d'autres réseaux échouent de la même façon, contactez le \
                support de PISTE.",
        },
    }
    ClientCertificate {
        name: "client_certificate",
        step: None,
        screen: None,
        contact: Some(PISTE),
        en: Text {
            meaning: "The server wants a certificate of the client, and got none or not one that it accepts. PISTE is \
                not known to ask for one: a gateway of your own network may.",
            remedy: "Give the client its certificate and key: `.http(|http| http.identity(…))`. If it is PISTE that \
                asks for one, contact PISTE's support.",
        },
        fr: Text {
            meaning: "Le serveur demande un certificat au client, et n'en a pas reçu ou n'accepte pas celui qu'il a \
                reçu. À notre connaissance, PISTE n'en demande pas : une passerelle de votre réseau peut le faire.",
            remedy: "Donnez au client son certificat et sa clé : `.http(|http| http.identity(…))`. Si c'est PISTE qui \
                en demande un, contactez le support de PISTE.",
        },
    }
    Proxy {
        name: "proxy",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The proxy cannot be reached, or it does not let the connection through.",
            remedy: "Correct HTTPS_PROXY, or name the server's host in NO_PROXY if it is reached without a proxy. If \
                both are right, ask whoever runs the proxy to let the hosts of the token endpoint and of the API \
                through.",
        },
        fr: Text {
            meaning: "Le proxy est injoignable, ou il ne laisse pas passer la connexion.",
            remedy: "Corrigez HTTPS_PROXY, ou inscrivez l'hôte du serveur dans NO_PROXY s'il est joignable sans proxy. \
                Si les deux sont corrects, demandez à l'exploitant du proxy de laisser passer les hôtes du serveur de \
                jetons et de l'API.",
        },
    }
    ProxyAuthentication {
        name: "proxy_authentication",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The proxy wants a name and a password.",
            remedy: "Put them into the address of the proxy: HTTPS_PROXY=http://name:password@host:port, with special \
                characters percent-encoded. If they are there already, ask whoever runs the proxy for the right ones.",
        },
        fr: Text {
            meaning: "Le proxy demande un nom et un mot de passe.",
            remedy: "Placez-les dans l'adresse du proxy : HTTPS_PROXY=http://nom:motdepasse@hôte:port, avec les \
                caractères spéciaux encodés en pourcentage (%). S'ils y sont déjà, demandez les bons à l'exploitant du \
                proxy.",
        },
    }
    Slow {
        name: "slow",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The server did not answer within the time allowed. It may have carried out the request all the \
                same.",
            remedy: "Try again later, if the request may be carried out twice. Where answers take long as a rule, \
                allow more time with `timeout`.",
        },
        fr: Text {
            meaning: "Le serveur n'a pas répondu dans le délai accordé. Il a pu exécuter la requête malgré tout.",
            remedy: "Réessayez plus tard, si la requête peut être exécutée deux fois. Si les réponses sont \
                habituellement longues, accordez plus de temps avec `timeout`.",
        },
    }
    ConnectionLost {
        name: "connection_lost",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The connection broke before the answer was complete. The server may have carried out the request \
                all the same.",
            remedy: "Try again, if the request may be carried out twice. If it happens again and again, check the \
                network and the proxy (HTTPS_PROXY, NO_PROXY).",
        },
        fr: Text {
            meaning: "La connexion a été interrompue avant la fin de la réponse. Le serveur a pu exécuter la requête \
                malgré tout.",
            remedy: "Réessayez, si la requête peut être exécutée deux fois. Si cela se reproduit souvent, vérifiez le \
                réseau et le proxy (HTTPS_PROXY, NO_PROXY).",
        },
    }
    ClockSkew {
        name: "clock_skew",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The machine's clock is wrong. Certificates are judged by it.",
            remedy: "Set the clock, and have it kept right by a time service (NTP).",
        },
        fr: Text {
            meaning: "L'horloge de la machine est fausse. C'est par elle que la validité des certificats est jugée.",
            remedy: "Mettez l'horloge à l'heure, et faites-la synchroniser par un service de temps (NTP).",
        },
    }
    Runtime {
        name: "runtime",
        step: None,
        screen: None,
        contact: None,
        en: Text {
            meaning: "The call was made outside of a tokio runtime, or the runtime that fetched the token ended or \
                panicked.",
            remedy: "Make the call within a tokio runtime that goes on until the answer is there.",
        },
        fr: Text {
            meaning: "L'appel a été fait hors d'un runtime tokio, ou le runtime qui demandait le jeton s'est arrêté ou \
                a paniqué.",
            remedy: "Faites l'appel dans un runtime tokio qui vit jusqu'à la réponse.",
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every label of the portal that advice may name, and the steps of the partner guide where it is seen.
    const LABELS: [(&str, &[u8]); 17] = [
        ("Applications", &[4, 5, 7]),
        ("API", &[5, 6]),
        ("Consentement CGU API", &[5]),
        ("SISIAO", &[5]),
        ("SISIAO - API MENAGE SANDBOX", &[5]),
        ("Valider mes choix CGU", &[5]),
        ("Mes API", &[6]),
        ("SISIAO - API MENAGE", &[6, 7]),
        ("Demander l'accès", &[6]),
        ("Soumettre", &[6]),
        ("API Souscrites", &[7]),
        ("API Keys", &[7]),
        ("Identifiants Oauth", &[7]),
        ("Confidentiel", &[7]),
        ("Documentation API", &[7]),
        // PISTE's own, of no step.
        ("Actions", &[]),
        ("Consulter les quotas", &[]),
    ];

    /// Every name with an underscore that advice may hold: settings, functions, and the names that applications begin with.
    const NAMES: [&str; 21] = [
        "APP_DIHAL_",
        "APP_DIHAL_SBX_",
        "APP_SANDBOX",
        "HTTPS_PROXY",
        "MENAGE_B2B_BASE_URL",
        "MENAGE_B2B_OPENAPI",
        "NO_PROXY",
        "PISTE_CLIENT_ID",
        "PISTE_CLIENT_SECRET",
        "PISTE_CLIENT_SECRET_FILE",
        "PISTE_ENVIRONMENT",
        "PISTE_SCOPE",
        "PISTE_TOKEN_URL",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "add_root_certificate",
        "answer_limit",
        "base_url",
        "retry_after",
        "retry_refused_credentials",
        "token_url",
    ];

    fn texts(cause: Cause, language: Language) -> [&'static str; 2] {
        [cause.meaning(language), cause.remedy(language)]
    }

    fn quoted<'a>(text: &'a str, [open, close]: [&str; 2]) -> Vec<&'a str> {
        let mut rest = text;
        let mut found = Vec::new();
        while let Some((_, after)) = rest.split_once(open) {
            let (label, after) = after.split_once(close).unwrap_or_else(|| panic!("a quotation does not end: {text}"));
            found.push(label);
            rest = after;
        }
        found
    }

    fn labels(cause: Cause, language: Language) -> BTreeSet<&'static str> {
        let quotes = match language {
            Language::English => ["\"", "\""],
            Language::French => ["«\u{a0}", "\u{a0}»"],
        };
        texts(cause, language).iter().flat_map(|text| quoted(text, quotes)).collect()
    }

    fn names(cause: Cause, language: Language) -> BTreeSet<&'static str> {
        let words = texts(cause, language).into_iter();
        let words = words.flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric() && letter != '_'));
        words.filter(|word| word.contains('_')).collect()
    }

    fn steps(label: &str) -> &'static [u8] {
        let known = LABELS.iter().find(|(known, _)| *known == label);
        known.unwrap_or_else(|| panic!("{label:?} is not on the portal")).1
    }

    #[test]
    fn the_rows_are_in_the_order_of_the_causes() {
        for (number, cause) in Cause::all().enumerate() {
            assert_eq!(cause as usize, number, "{cause:?}");
        }
        assert_eq!(Cause::all().last(), Some(Cause::Runtime));
    }

    #[test]
    fn each_name_is_its_variant_in_snake_case() {
        for cause in Cause::all() {
            let mut snake = String::new();
            for letter in format!("{cause:?}").chars() {
                if letter.is_uppercase() && !snake.is_empty() {
                    snake.push('_');
                }
                snake.push(letter.to_ascii_lowercase());
            }
            assert_eq!(cause.name(), snake);
        }
        let distinct: BTreeSet<_> = Cause::all().map(Cause::name).collect();
        assert_eq!(distinct.len(), Cause::all().count());
    }

    #[test]
    fn texts_are_whole_sentences_with_single_blanks() {
        let mut seen = BTreeSet::new();
        for cause in Cause::all() {
            for text in [Language::English, Language::French].into_iter().flat_map(|language| texts(cause, language)) {
                assert!(text.ends_with('.') && text.len() > 20, "{cause:?}: {text}");
                assert!(text.starts_with(char::is_uppercase), "{cause:?}: {text}");
                let is_blank = |letter: char| letter.is_whitespace();
                let letters: Vec<_> = text.chars().collect();
                assert!(!letters.windows(2).any(|pair| pair.iter().copied().all(is_blank)), "{cause:?}: {text}");
                assert!(!text.contains(char::is_control), "{cause:?}: {text}");
                assert!(seen.insert((text, cause.name())), "{cause:?}: {text}");
            }
        }
    }

    #[test]
    fn each_language_has_its_own_quotation_marks_and_spaces() {
        for cause in Cause::all() {
            for text in texts(cause, Language::English) {
                assert!(!text.contains(['«', '»', '\u{a0}', '“', '”', '’']), "{cause:?}: {text}");
            }
            for text in texts(cause, Language::French) {
                assert!(!text.contains(['"', '“', '”', '’']), "{cause:?}: {text}");
                for wrong in ["« ", " »", " :", " ;", " ?", " !"] {
                    assert!(!text.contains(wrong), "{cause:?}: {wrong:?} in {text}");
                }
                for (at, mark) in text.match_indices([':', ';', '»']) {
                    let is_in_a_url = mark == ":" && !text[at..].starts_with(": ");
                    assert!(is_in_a_url || text[..at].ends_with('\u{a0}'), "{cause:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn both_languages_name_the_same_labels_settings_and_functions() {
        for cause in Cause::all() {
            assert_eq!(labels(cause, Language::English), labels(cause, Language::French), "{cause:?}");
            assert_eq!(names(cause, Language::English), names(cause, Language::French), "{cause:?}");
        }
    }

    #[test]
    fn every_label_and_every_name_is_known_and_used() {
        let used = |of: fn(Cause, Language) -> BTreeSet<&'static str>| -> BTreeSet<_> {
            Cause::all().flat_map(|cause| of(cause, Language::English)).collect()
        };
        assert_eq!(used(labels), LABELS.iter().map(|(label, _)| *label).collect());
        assert_eq!(used(names), NAMES.into_iter().collect());
    }

    #[test]
    fn every_screen_is_a_path_of_known_labels_that_the_remedy_names_too() {
        for (cause, screen) in Cause::all().filter_map(|cause| Some((cause, cause.screen()?))) {
            let path = quoted(screen, ["\"", "\""]);
            assert_eq!(screen, format!("\"{}\"", path.join("\" > \"")), "{cause:?}");
            for label in path {
                steps(label);
                assert!(labels(cause, Language::English).contains(label), "{cause:?}: {label}");
            }
        }
    }

    #[test]
    fn a_row_with_a_step_shows_that_step_of_the_guide() {
        for (cause, step) in Cause::all().filter_map(|cause| Some((cause, cause.step()?))) {
            // The guide's word on an API that does not work names no screen.
            let screen = cause.screen().unwrap_or_else(|| {
                assert_eq!(cause, Cause::ApiUnavailable);
                ""
            });
            for label in quoted(screen, ["\"", "\""]) {
                assert!(steps(label).contains(&step), "{cause:?}: {label} is not of step {step}");
            }
            // What step 7 shows tells whether the steps before it are done.
            for label in labels(cause, Language::English) {
                assert!(steps(label).iter().any(|of| [step, 7].contains(of)), "{cause:?}: {label}");
            }
        }
    }

    #[test]
    fn the_steps_that_a_client_can_see_missing_are_the_last_four() {
        let mended_by = |step| Cause::all().filter(|cause| cause.step() == Some(step)).collect::<Vec<_>>();
        assert_eq!([1, 2, 3].map(mended_by), [const { Vec::new() }; 3]);
        assert_eq!(mended_by(4), [Cause::ApplicationDisabled]);
        assert_eq!(mended_by(5), [Cause::TermsNotAccepted]);
        assert_eq!(mended_by(6), [Cause::NotSubscribed, Cause::ScopeNotGranted]);
        let credentials = [
            Cause::Credentials,
            Cause::WrongCredentials,
            Cause::ApiKeys,
            Cause::OtherEnvironment,
            Cause::ClientNotAllowed,
            Cause::OtherApplication,
        ];
        let address = [Cause::BaseUrlMissing, Cause::BasePath];
        let on = |label| {
            let is_there = |cause: &Cause| cause.screen().is_some_and(|screen| screen.ends_with(label));
            mended_by(7).into_iter().filter(is_there).collect::<Vec<_>>()
        };
        assert_eq!(on("\"Identifiants Oauth\""), credentials);
        assert_eq!(on("\"Documentation API\""), address);
        assert_eq!(mended_by(7).len(), credentials.len() + address.len() + [Cause::ApiUnavailable].len());
    }

    #[test]
    fn whoever_the_remedy_names_is_the_contact() {
        for cause in Cause::all() {
            let expected = |language, platform: &str, team: &str| {
                let remedy = cause.remedy(language);
                match (remedy.contains(platform), remedy.contains(team)) {
                    (false, false) => None,
                    (true, false) => Some("piste.gouv.fr/support"),
                    (false, true) => Some("api.externe.sisiao@dihal.gouv.fr"),
                    (true, true) => panic!("{cause:?} names both"),
                }
            };
            assert_eq!(
                cause.contact(),
                expected(Language::English, "contact PISTE's support", "contact the SI SIAO team")
            );
            let french = expected(Language::French, "contactez le support de PISTE", "contactez l'équipe du SI SIAO");
            assert_eq!(cause.contact(), french, "{cause:?}");
        }
    }
}
