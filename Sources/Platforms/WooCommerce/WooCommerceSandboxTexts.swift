/// What a shop says, in its language. The codes beside it are the same everywhere.
struct WooCommerceSandboxTexts {
    enum Key: String {
        case cannotList, keyInvalid, secretInvalid, noReadRight, signature, timestamp, nonce, invalidID, invalidOrder
        case parameters, noRoute, maintenance, critical, database
    }

    let language: String

    /// Where a translation lacks a message, English.
    subscript(key: Key) -> String { Self.all[language]?[key] ?? Self.all["en"]?[key] ?? key.rawValue }

    private static let all: [String: [Key: String]] = [
        "en": [
            .cannotList: "Sorry, you cannot list resources.", .keyInvalid: "Consumer key is invalid.",
            .secretInvalid: "Consumer secret is invalid.",
            .noReadRight: "The API key provided does not have read permissions.",
            .signature: "Invalid signature - provided signature does not match.", .timestamp: "Invalid timestamp.",
            .nonce: "Invalid nonce - nonce has already been used.", .invalidID: "Invalid ID.",
            .invalidOrder: "Invalid order ID.", .parameters: "Invalid parameter(s): ",
            .noRoute: "No route was found matching the URL and request method.",
            .maintenance: "Briefly unavailable for scheduled maintenance. Check back in a minute.",
            .critical: "There has been a critical error on this website.",
            .database: "Error establishing a database connection",
        ],
        "fr": [
            .cannotList: "Désolé, vous ne pouvez pas lister les ressources.",
            .keyInvalid: "La clé utilisateur est non valide.",
            .secretInvalid: "La clé secrète utilisateur est non valide.",
            .noReadRight: "La clé d&rsquo;API fournie ne possède pas des droits de lecture.",
            .signature: "Signature non valide - La signature fournie ne correspond pas.",
            .timestamp: "Horodatage invalide.", .nonce: "Nonce invalide - Le nonce a déjà été utilisé.",
            .invalidID: "ID non valide.", .invalidOrder: "ID commande non valide.",
            .parameters: "Paramètre(s) non valide(s)\u{00A0}: ",
            .noRoute: "Aucune route correspondante à l’URL et à la méthode de requête n’a été trouvée.",
            .maintenance:
                "Indisponibilité temporaire pour cause de maintenance. Veuillez revenir dans un instant.",
            .critical: "Il y a eu une erreur critique sur ce site.",
            .database: "Erreur lors de la connexion à la base de données",
        ],
        "es": [
            .cannotList: "Lo siento, no puedes listar recursos.", .keyInvalid: "La clave de cliente no es válida.",
            .secretInvalid: "La clave secreta de cliente no es válida",
            .noReadRight: "La clave de la API proporcionada no tiene permisos de lectura.",
            .signature: "Firma no válida - la firma proporcionada no coincide.",
            .timestamp: "Fecha y hora no válida.", .nonce: "Nonce no válido - este nonce ya se ha utilizado.",
            .invalidID: "ID no válido.", .invalidOrder: "ID del pedido no válida.",
            .parameters: "Parámetro(s) no válido(s): ",
            .maintenance:
                "No disponible por mantenimiento programado.  Vuelve a comprobar el sitio en unos minutos.",
            .database: "Error estableciendo una conexión con la base de datos",
        ],
        "fa": [.cannotList: "متاسفانه نمی توانید منابع را لیست کنید."],
    ]
}
