import FoundationEssentials
import RawJSON

/// The marketplaces a seller sells in: without them hardly anything can be asked.
///
/// They are found out and kept in the connection's settings, and looked up again once a week. Where a person has set
/// `marketplaces`, that holds and nothing is looked up.
struct AmazonMarketplaces {
    static let setting = "marketplaces"
    static let checkedSetting = "marketplaces_checked"
    static let purpose = "marketplaces"
    private static let checkSeconds = 7.0 * 86_400

    /// Identifier and currency of every marketplace known. What an account lists besides is not Amazon's own.
    ///
    /// **Source**: developer-docs.amazon.com/sp-api, "Marketplace IDs".
    static let currencies: [String: String] = [
        "ATVPDKIKX0DER": "USD", "A2EUQ1WTGCTBG2": "CAD", "A1AM78C64UM0Y8": "MXN", "A2Q3Y263D00KWC": "BRL",
        "A1F83G8C2ARO7P": "GBP", "A1PA6795UKMFR9": "EUR", "A13V1IB3VIYZZH": "EUR", "APJ6JRA9NG5V4": "EUR",
        "A1RKKUPIHCS9HS": "EUR", "A1805IZSGTT6HS": "EUR", "A2NODRKZP88ZB9": "SEK", "A1C3SOZRARQ6R3": "PLN",
        "AMEN7PMS3EDWL": "EUR", "A28R8C7NBKEWEA": "EUR", "A33AVAJ2PDY3EV": "TRY", "A2VIGQ35RCS4UG": "AED",
        "A17E79C6D8DWNP": "SAR", "ARBP9OOSHTCHU": "EGP", "AE08WJ6YKNBMC": "ZAR", "A21TJRUUN4KGV": "INR",
        "A1VC38T7YXB528": "JPY", "A39IBJ37TRP1C6": "AUD", "A19VAU5U5O7RUS": "SGD",
    ]

    /// In order, without repetition.
    let ids: [String]
    var list: String { ids.joined(separator: ",") }

    /// Nil where they have to be asked for first.
    init?(_ read: StreamRead) {
        let words = (read.settings[Self.setting] ?? "").split { $0 == "," || $0 == " " }.map(String.init)
        let ids = Set(words.filter { $0.utf8.count < 40 && $0.utf8.allSatisfy { (48...90).contains($0) } }).sorted()
        guard !ids.isEmpty else { return nil }
        self.ids = ids
    }

    /// Whether it is time to look again.
    static func isStale(_ read: StreamRead) -> Bool {
        guard let checked = AmazonTime.parse(read.settings[checkedSetting]) else { return false }
        return read.now.timeIntervalSince(checked) > checkSeconds
    }

    static var request: PlatformRequest {
        AmazonOperation.getMarketplaceParticipations.request(purpose: purpose)
    }

    /// What an answer found, as a page that changes nothing else.
    static func page(from exchange: Exchange, _ rules: RuleBook, in read: StreamRead) throws(ReadFailure) -> Page {
        let answer = try AmazonAnswer(exchange, rules, resource: read.resource)
        guard let entries = try? answer.root["payload"]?.elements() else {
            throw answer.malformed("payload", exchange)
        }
        let found = entries.filter { $0.at("participation", "isParticipating")?.bool != false }
            .compactMap { $0.at("marketplace", "id")?.string }.filter { currencies[$0] != nil }
        guard !found.isEmpty else {
            throw ReadFailure(
                UnifiedError(
                    .authScopeMissing, "the account sells in no marketplace that is known",
                    httpStatus: exchange.response.status, route: exchange.request.route), lessons: answer.lessons)
        }
        return Page(
            cursor: read.cursor ?? Cursor(json: "{}"), isCaughtUp: false, lessons: answer.lessons,
            discoveries: [
                setting: Set(found).sorted().joined(separator: ","),
                checkedSetting: AmazonTime.format(answer.askedAt),
            ])
    }
}
