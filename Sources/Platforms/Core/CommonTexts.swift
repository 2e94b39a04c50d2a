/// Words by which messages are understood where nothing else tells: last resort, and so in every language platforms
/// answer in. A star stands for anything; case, spaces, accents written as entities and quotation marks do not matter.
enum CommonTexts {
    static let maintenance: KeyValuePairs<String, [String]> = [
        "en": [
            "scheduled maintenance", "maintenance mode", "down for maintenance", "under maintenance",
            "maintenance downtime", "undergoing maintenance", "organisation offline", "organization offline",
        ],
        "fr": ["pour cause de maintenance", "en maintenance", "mode maintenance", "en cours de maintenance"],
        "es": ["mantenimiento programado", "en mantenimiento", "modo mantenimiento", "modo de mantenimiento"],
        "pt": ["em manutenção", "manutenção programada", "modo de manutenção"],
        "de": ["wartungsarbeiten", "wartungsmodus", "im wartungs", "geplante wartung"],
        "it": ["in manutenzione", "manutenzione programmata", "modalità manutenzione"],
        "nl": ["onderhoudsmodus", "gepland onderhoud", "in onderhoud"],
        "pl": ["przerwa techniczna", "prace konserwacyjne"],
    ]

    static let crash: KeyValuePairs<String, [String]> = [
        "en": [
            "there has been a critical error", "error establishing a database connection", "fatal error</b>:",
            "php fatal error", "fatal error: uncaught", "fatal error: allowed memory size", "allowed memory size of",
            "maximum execution time of", "there has been an error processing your request", "error log record number",
            "server internal error. see details in report api",
        ],
        "fr": ["il y a eu une erreur critique", "erreur lors de la connexion à la base de données"],
        "es": ["error estableciendo una conexión con la base de datos", "ha habido un error crítico"],
        "pt": [
            "erro ao estabelecer uma conexão com o banco de dados", "houve um erro crítico", "erro crítico neste site",
        ],
        "de": ["es gab einen kritischen fehler", "fehler beim aufbau einer datenbankverbindung"],
        "it": ["si è verificato un errore critico", "errore nello stabilire una connessione al database"],
        "nl": ["er is een kritieke fout"],
    ]

    static let rate: KeyValuePairs<String, [String]> = [
        "en": [
            "too many requests", "rate limit", "request limit", "throttl", "quota exceeded", "slow down",
            "limit * exceeded * try again", "too many concurrent",
        ],
        "fr": [
            "trop de requêtes", "limite de requêtes", "limite d'appels", "trop d'appels", "quota dépassé",
            "limite de débit",
        ],
        "es": [
            "demasiadas solicitudes", "demasiadas peticiones", "límite de solicitudes", "límite de peticiones",
            "cuota excedida",
        ],
        "pt": [
            "muitas requisições", "muitas solicitações", "limite de requisições", "limite de solicitações",
            "cota excedida",
        ],
        "de": ["zu viele anfragen", "anfragelimit", "kontingent überschritten", "zugriffe überschritten"],
        "it": ["troppe richieste", "limite di richieste", "quota superata"],
        "nl": ["te veel verzoeken", "te veel aanvragen"],
        "pl": ["zbyt wiele żądań", "zbyt wiele zapytań"],
    ]

    static let tokenExpired: KeyValuePairs<String, [String]> = [
        "en": ["token has expired", "token is expired", "token expired", "expired token", "expired access token"],
        "fr": ["jeton expiré", "jeton a expiré", "jeton d'accès expiré", "jeton d'accès a expiré", "jeton est expiré"],
        "es": [
            "token ha caducado", "token caducado", "token expirado", "token ha expirado", "token de acceso ha caducado",
        ],
        "pt": ["token expirado", "token expirou", "token de acesso expirou", "token de acesso expirado"],
        "de": ["token abgelaufen", "token ist abgelaufen", "abgelaufenes token"],
        "it": ["token scaduto", "token è scaduto"],
        "nl": ["token is verlopen", "token verlopen"],
    ]

    static let secondFactor: KeyValuePairs<String, [String]> = [
        "en": ["two-factor auth", "2fa", "second factor", "multi-factor auth", "one-time password"],
        "fr": ["deux facteurs", "double authentification"],
        "es": ["dos factores", "doble factor"],
        "pt": ["dois fatores", "duas etapas"],
        "de": ["zwei-faktor"],
        "it": ["due fattori"],
        "nl": ["tweestaps", "twee-factor"],
    ]

    static let credentials: KeyValuePairs<String, [String]> = [
        "en": [
            "invalid api key", "invalid access token", "invalid credentials", "consumer key is invalid",
            "consumer secret is invalid", "api key is invalid", "access token is invalid", "invalid token",
            "malformed access_token", "invalid username or password", "authentication failed", "token has been revoked",
            "account sign-in was incorrect",
        ],
        "fr": [
            "clé d'api * invalide", "clé api * invalide", "clé d'api invalide", "clé utilisateur est non valide",
            "clé secrète utilisateur est non valide", "identifiants invalides", "identifiants incorrects",
            "jeton invalide", "jeton d'accès invalide", "connexion au compte est incorrecte",
        ],
        "es": [
            "clave de api no válida", "clave de la api no es válida", "credenciales no válidas",
            "credenciales inválidas",
            "clave de cliente no es válida", "clave secreta de cliente no es válida", "token no válido",
            "token inválido",
        ],
        "pt": [
            "chave de api inválida", "chave da api inválida", "credenciais inválidas", "token inválido",
            "token de acesso inválido", "usuário ou senha inválid",
        ],
        "de": [
            "ungültiger api-schlüssel", "api-schlüssel ist ungültig", "ungültige zugangsdaten", "ungültiges token",
            "anmeldung fehlgeschlagen",
        ],
        "it": ["chiave api non valida", "credenziali non valide", "token non valido"],
        "nl": ["ongeldige api-sleutel", "ongeldige inloggegevens", "ongeldig token"],
    ]

    static let permission: KeyValuePairs<String, [String]> = [
        "en": [
            "not authorized to", "not authorised to", "permission denied", "access denied", "access is denied",
            "insufficient permission", "insufficient scope", "not have permission", "not have read permission",
            "required permission", "you cannot list resources", "cannot view this resource", "invalid scopes",
            "not allowed to access",
        ],
        "fr": [
            "accès refusé", "pas l'autorisation", "pas autorisé", "ne pouvez pas lister", "ne pouvez pas afficher",
            "pas les droits", "ne possède pas des droits", "droits insuffisants", "permission refusée",
            "accès interdit",
        ],
        "es": [
            "acceso denegado", "no tienes permiso", "no tiene permiso", "no puedes listar",
            "no puedes ver este recurso",
            "permisos insuficientes", "no está autorizado", "no autorizado",
        ],
        "pt": [
            "acesso negado", "não tem permissão", "sem permissão", "permissão negada", "permissões insuficientes",
            "não autorizado", "não está autorizado",
        ],
        "de": [
            "zugriff verweigert", "keine berechtigung", "fehlende berechtigung", "nicht berechtigt",
            "nicht autorisiert",
        ],
        "it": ["accesso negato", "permessi insufficienti", "non hai i permessi", "non autorizzato"],
        "nl": ["toegang geweigerd", "geen toestemming", "geen toegang"],
        "fa": ["نمی توانید منابع را لیست کنید"],
    ]

    static let plan: KeyValuePairs<String, [String]> = [
        "en": [
            "upgrade your plan", "not available on your plan", "not available in your plan", "requires a higher plan",
            "plan does not include", "feature is not enabled",
        ],
        "fr": ["votre forfait", "mettre à niveau votre", "votre abonnement ne"],
        "es": ["actualiza tu plan", "actualice su plan", "su plan no incluye"],
        "pt": ["atualize seu plano", "seu plano não inclui", "faça upgrade"],
        "de": ["in ihrem tarif nicht", "tarif nicht enthalten"],
        "it": ["aggiorna il tuo piano", "il tuo piano non"],
    ]

    static let suspended: KeyValuePairs<String, [String]> = [
        "en": [
            "account * suspended", "account suspended", "shop is inactive", "store is inactive", "account is inactive",
            "account has been disabled", "account is disabled", "subscription has expired", "store is closed",
        ],
        "fr": [
            "compte suspendu", "compte est suspendu", "compte désactivé", "compte a été désactivé",
            "boutique est inactive", "abonnement a expiré",
        ],
        "es": [
            "cuenta suspendida", "cuenta está suspendida", "cuenta desactivada", "cuenta inactiva",
            "suscripción ha caducado",
        ],
        "pt": ["conta suspensa", "conta está suspensa", "conta desativada", "conta inativa", "assinatura expirou"],
        "de": ["konto gesperrt", "konto ist gesperrt", "konto wurde gesperrt", "konto deaktiviert"],
        "it": ["account sospeso", "account è sospeso", "account disattivato"],
        "nl": ["account is geblokkeerd", "account opgeschort"],
    ]

    static let cursor: KeyValuePairs<String, [String]> = [
        "en": [
            "invalid cursor", "cursor is invalid", "cursor is not valid", "cursor has expired", "cursor expired",
            "expired cursor", "page token * invalid", "invalid page token", "page token has expired",
            "invalid nexttoken", "scroll_id * expired",
        ],
        "fr": ["curseur invalide", "curseur expiré", "curseur non valide"],
        "es": ["cursor no válido", "cursor inválido", "cursor caducado", "cursor ha caducado"],
        "pt": ["cursor inválido", "cursor expirado", "cursor expirou"],
        "de": ["ungültiger cursor", "cursor abgelaufen", "cursor ist abgelaufen"],
    ]

    static let window: KeyValuePairs<String, [String]> = [
        "en": [
            "date range * too large", "date range * exceeds", "range is greater than the maximum",
            "range cannot exceed", "result set * too large", "too many results", "page size * exceeds",
            "limit * must be less than or equal to",
        ],
        "fr": ["période * trop longue", "plage de dates * trop"],
        "es": ["rango de fechas * demasiado", "rango de fechas * excede"],
        "pt": ["intervalo de datas * muito", "intervalo de datas * excede"],
        "de": ["zeitraum * zu groß", "zeitraum ist zu groß"],
    ]

    static let timeout: KeyValuePairs<String, [String]> = [
        "en": ["timed out", "gateway timeout", "request timeout", "upstream connect error"],
        "fr": ["délai d'attente dépassé", "délai dépassé"],
        "es": ["tiempo de espera agotado", "tiempo de espera excedido"],
        "pt": ["tempo limite excedido", "tempo de espera esgotado", "tempo esgotado"],
        "de": ["zeitüberschreitung"],
        "it": ["tempo scaduto", "timeout della richiesta"],
    ]

    static let clock: KeyValuePairs<String, [String]> = [
        "en": ["invalid timestamp", "timestamp * expired", "oauth_timestamp", "clock skew", "request has expired"],
        "fr": ["horodatage invalide", "horodatage non valide"],
        "es": ["fecha y hora no válida", "marca de tiempo no válida"],
        "pt": ["data e hora inválida", "carimbo de data inválido"],
        "de": ["ungültiger zeitstempel"],
    ]
}

extension CommonRules {
    /// Statuses that leave open what is meant: servers use them for anything.
    private static let open: [ErrorRule.StatusRange] = [
        .range(200...299), 400, .range(403...407), .range(409...422), 424, .range(426...428), .range(431...499),
    ]

    static let textRules: [ErrorRule] = [
        .init(
            "words.maintenance", statuses: open, texts: CommonTexts.maintenance, .platformMaintenance,
            "the message speaks of maintenance", fixedWait: .seconds(600)),
        .init(
            "words.rate", statuses: open, texts: CommonTexts.rate, .rateLimited,
            "the message speaks of too many requests"),
        .init(
            "words.token_expired", statuses: open, texts: CommonTexts.tokenExpired, .authTokenExpired,
            "the message speaks of an expired token", remedy: .refreshToken),
        .init(
            "words.second_factor", statuses: open, texts: CommonTexts.secondFactor, .authMFARequired,
            "the message speaks of a second factor"),
        .init(
            "words.credentials", statuses: open, texts: CommonTexts.credentials, .authCredentialsInvalid,
            "the message speaks of wrong credentials"),
        .init(
            "words.clock", statuses: open, texts: CommonTexts.clock, .authClockSkew,
            "the message speaks of a wrong time"),
        .init(
            "words.plan", statuses: open, texts: CommonTexts.plan, .permissionPlanRequired,
            "the message speaks of a higher plan"),
        .init(
            "words.suspended", statuses: open, texts: CommonTexts.suspended, .accountSuspended,
            "the message speaks of a suspended account"),
        .init(
            "words.cursor", statuses: open, texts: CommonTexts.cursor, .requestCursorExpired,
            "the message speaks of a cursor that is not valid", remedy: .restartWindow),
        .init(
            "words.window", statuses: open, texts: CommonTexts.window, .requestWindowTooLarge,
            "the message speaks of too large a range", remedy: .smallerPage),
        .init(
            "words.permission", statuses: open, texts: CommonTexts.permission, .authScopeMissing,
            "the message speaks of a missing permission"),
        .init(
            "words.timeout", statuses: open, texts: CommonTexts.timeout, .platformTimeout,
            "the message speaks of a timeout"),
    ]
}
