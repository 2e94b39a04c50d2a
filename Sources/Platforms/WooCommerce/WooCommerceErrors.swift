extension WooCommercePlatform {
    /// What WordPress's and WooCommerce's refusals mean: the first rule that fits decides.
    ///
    /// `code` is the same in every language, `message` is in the shop's: words decide only where one code stands for
    /// several things. Languages: the official translations of French and Spanish, and English, which a shop falls back
    /// to where its language file is older than the message.
    package var errorRules: [ErrorRule] { Self.rules }
    package var ownRules: RuleBook { Self.book }

    /// Re-keyed to `error` by the tunnel of WordPress.com.
    package var errorShape: ErrorShape {
        ErrorShape(
            codes: ["code", "error"], messages: ["message"], requestIDHeaders: ["cf-ray", "x-request-id"],
            headers: ["x-wp-total", "x-wp-totalpages", "link", "x-cache", "age"])
    }

    private static let book = RuleBook(of: WooCommercePlatform())

    static let rules: [ErrorRule] = signInRules + accessRules + requestRules + laterRules

    private static let authenticationError = "woocommerce_rest_authentication_error"

    /// The keys.
    private static let signInRules: [ErrorRule] = [
        .init(
            "woocommerce.anonymous", statuses: [401],
            codes: ["woocommerce_rest_cannot_view", "woocommerce_rest_cannot_read", "woocommerce_rest_cannot_create"],
            .authCredentialsInvalid,
            "the shop does not know the key, or the key does not reach it: the request was answered as anybody's"),
        .init(
            "woocommerce.no_read_right", statuses: [401], codes: [authenticationError],
            texts: [
                "en": ["does not have read permissions", "does not have write permissions"],
                "fr": ["ne possède pas des droits"], "es": ["no tiene permisos de"],
            ], .authScopeMissing, "the key was made without the right to read"),
        .init(
            "woocommerce.key_restricted", statuses: [401, 403],
            texts: ["en": ["cannot be used to access this endpoint"]], .authScopeMissing,
            "the key may not be used for this resource"),
        .init(
            "woocommerce.clock", statuses: [401], codes: [authenticationError],
            texts: [
                "en": ["invalid timestamp"], "fr": ["horodatage invalide"], "es": ["fecha y hora no válida"],
            ], .authClockSkew, "our clock and the shop's are more than a quarter of an hour apart"),
        .init(
            "woocommerce.nonce", statuses: [401], codes: [authenticationError],
            texts: [
                "en": ["invalid nonce"], "fr": ["nonce invalide"], "es": ["nonce no válido"],
            ], .requestInvalidNoReason, "the shop has seen this signature before"),
        .init(
            "woocommerce.signature", statuses: [401],
            codes: ["woocommerce_rest_authentication_missing_parameter"], .requestInvalid,
            "the shop misses a part of the signature"),
        .init(
            "woocommerce.keys", statuses: [401],
            codes: [
                authenticationError, "invalid_username", "invalid_email", "incorrect_password",
                "application_passwords_disabled",
            ], .authCredentialsInvalid, "the shop does not take this key or its secret"),
        .init(
            "woocommerce.staging", statuses: [401], headers: [.init("www-authenticate", "*")],
            bodies: [.html, .text, .empty], .blockedPasswordPage,
            "the shop's server asks for a password of its own, which takes the place of the keys"),
    ]

    /// Whether there is an interface, and whether we may use it.
    private static let accessRules: [ErrorRule] = [
        .init(
            "woocommerce.role", statuses: [403],
            codes: ["woocommerce_rest_cannot_view", "woocommerce_rest_cannot_read"], .authScopeMissing,
            "the user whose key this is may not see this"),
        .init(
            "woocommerce.closed", statuses: [401, 403],
            codes: [
                "rest_forbidden", "rest_cannot_access", "rest_login_required", "rest_not_logged_in", "rest_disabled",
                "rest_user_cannot_view", "itsec_rest_api_access_restricted", "rest_api_disabled",
            ], .blockedWAF, "an extension of the shop closes its interface", policy: .blockConnection),
        .init(
            "woocommerce.no_route", statuses: [404], codes: ["rest_no_route"], .storeAPIMissing,
            "WooCommerce is switched off in this shop, or older than the interface that is read"),
        .init(
            "woocommerce.modsecurity", statuses: [406, 501], bodies: [.html, .text], .blockedWAF,
            "the filter of the shop's server refuses us"),
    ]

    /// What was asked for.
    private static let requestRules: [ErrorRule] = [
        .init(
            "woocommerce.parameter", statuses: [400],
            codes: ["rest_invalid_param", "rest_missing_callback_param", "rest_invalid_json"], .requestInvalid,
            "the shop's version does not take a parameter"),
        .init(
            "woocommerce.gone", statuses: [400, 404, 410, 500],
            codes: [
                "woocommerce_rest_shop_order_invalid_id", "woocommerce_rest_invalid_order_id",
                "woocommerce_rest_invalid_id", "woocommerce_rest_invalid_product_id",
                "woocommerce_rest_product_invalid_id", "woocommerce_rest_product_variation_invalid_id",
                "woocommerce_rest_already_trashed", "woocommerce_rest_order_invalid_id",
            ], .dataNotFound, "it does not exist (any more)"),
        .init(
            "woocommerce.batch", statuses: [413], codes: ["woocommerce_rest_request_entity_too_large"],
            .requestInvalid, "too much at once"),
    ]

    /// Not now, or not so much at once.
    private static let laterRules: [ErrorRule] = [
        .init(
            "woocommerce.maintenance", statuses: [.range(200...299), .range(500...599)], bodies: [.html, .text],
            texts: CommonTexts.maintenance, .platformMaintenance, "the shop is being updated",
            fixedWait: .seconds(600)),
        .init(
            "woocommerce.database", statuses: [.range(200...299), .range(500...599)],
            texts: [
                "en": ["error establishing a database connection"],
                "fr": ["erreur lors de la connexion à la base de données"],
                "es": ["error estableciendo una conexión con la base de datos"],
            ], .storeCrash, "the shop's database does not answer"),
        .init(
            "woocommerce.critical", statuses: [.range(500...599)], codes: ["internal_server_error"], .storeCrash,
            "an extension of the shop fails on what was asked for", remedy: .smallerPage),
        .init(
            "woocommerce.warnings", statuses: [200], bodies: [.html, .text],
            texts: ["en": ["<b>warning</b>:", "<b>notice</b>:", "<b>deprecated</b>:", "<b>parse error</b>:"]],
            .dataMalformed, "the shop prints warnings instead of data", remedy: .smallerPage),
        .init(
            "woocommerce.fatal", statuses: [200, 500], bodies: [.html, .text],
            texts: ["en": ["fatal error", "allowed memory size of", "maximum execution time of"]], .storeCrash,
            "the shop's software gave up on what was asked for", remedy: .smallerPage),
        .init(
            "woocommerce.crash", statuses: [500], bodies: [.html, .text, .empty, .brokenJSON], .storeCrash,
            "the shop's software gave up on what was asked for", remedy: .smallerPage),
        .init(
            "woocommerce.cut", statuses: [200], bodies: [.brokenJSON, .empty], .dataMalformed,
            "the answer ends too early", remedy: .smallerPage),
        .init(
            "woocommerce.busy", statuses: [508], .rateConcurrency, "the shop's server has no worker to spare",
            fixedWait: .seconds(60)),
        .init(
            "woocommerce.slow", statuses: [408, 504, 522, 524], .platformTimeout, "the shop took too long",
            remedy: .smallerPage),
    ]
}
