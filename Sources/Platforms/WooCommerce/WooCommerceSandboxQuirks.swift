/// What is peculiar to one simulated shop, as words of ``SandboxOptions/quirks``.
struct WooCommerceSandboxQuirks {
    /// `version`: 9.9.5 unless said otherwise.
    let version: (major: Int, minor: Int)
    let versionText: String
    /// `language`: `en`, `fr`, `es`, `fa`.
    let language: String
    /// `permalinks`: `plain` has no readable addresses; `plain_keys` takes keys all the same.
    let permalinks: String?
    /// `http_only`: without TLS, so that only signed requests are known.
    let isHTTPOnly: Bool
    /// `strips_authorization`: a server in front drops the header.
    let stripsAuthorization: Bool
    /// `bom`, `php_warnings`, `wrapped`.
    let hasMark: Bool
    let printsWarnings: Bool
    let wraps: Bool
    /// `maintenance`, `database_down`: `yes`, or for so many requests.
    let maintenance: Int
    let databaseDown: Int
    /// `security_plugin`: `closed` (the index is for those who sign in), `blocked`, `cloudflare`, `challenge`,
    /// `captcha`, `modsecurity`, `password`.
    let security: String?
    /// `redirect`: `https`, `www`, `elsewhere`, `loop`.
    let redirect: String?
    /// `subfolder`: `/shop`.
    let subfolder: String
    /// `ties`: so many records share each second of change.
    let ties: Int
    /// `time_zone`: `UTC`, `Europe/Paris`, `America/New_York`, `Asia/Kolkata`.
    let zone: WooCommerceSandboxZone
    /// `poison_id`: which of the orders, from 0, kills every answer with it in; `poison_thin`: its identifier, too.
    let poison: Set<Int>
    let isPoisonThin: Bool
    /// `memory`: more full rows than this kill the answer.
    let memory: Int
    /// `crash`: `json`, `html`, `empty`, `cut`.
    let crash: String
    /// `refunds`, `variations`: `absent` or `present`, whatever the version.
    var hasRefunds: Bool
    var hasVariations: Bool
    /// `plugin`: `off`.
    var isOff: Bool
    /// `totals`: `none`.
    let hasTotals: Bool
    /// `hidden_rows`: every so-manyth row is not shown.
    let hiddenEvery: Int
    /// `rate`: requests in a minute before 429; `retry_after`: what it says then.
    let rate: Int
    let retryAfter: String?
    /// `clock_ahead`: seconds.
    let clockAhead: Int
    /// `dates`: `zoned` ignores `dates_are_gmt`.
    let ignoresGMT: Bool
    /// `currency`.
    let currency: String
    /// `right`: `write` for a key without the right to read, `role` for a user without it.
    let right: String?

    init(_ words: [String: String]) {
        func isOn(_ name: String) -> Bool { ["yes", "true", "on", "1"].contains(words[name] ?? "") }
        func number(_ name: String) -> Int { words[name].flatMap { Int($0) } ?? (isOn(name) ? .max : 0) }
        versionText = words["version"] ?? "9.9.5"
        let parts = versionText.split(separator: ".").map { Int($0) ?? 0 }
        version = (parts.first ?? 0, parts.count > 1 ? parts[1] : 0)
        language = words["language"] ?? "en"
        permalinks = words["permalinks"]
        isHTTPOnly = isOn("http_only")
        stripsAuthorization = isOn("strips_authorization")
        hasMark = isOn("bom")
        printsWarnings = isOn("php_warnings")
        wraps = isOn("wrapped")
        maintenance = words["maintenance"] == "1" ? 1 : number("maintenance")
        databaseDown = words["database_down"] == "1" ? 1 : number("database_down")
        security = words["security_plugin"]
        redirect = words["redirect"]
        subfolder = words["subfolder"] ?? ""
        ties = words["ties"] == "yes" ? 60 : number("ties")
        zone = WooCommerceSandboxZone(words["time_zone"] ?? "UTC")
        poison = Set((words["poison_id"] ?? "").split(separator: ",").compactMap { Int($0) })
        isPoisonThin = isOn("poison_thin")
        memory = words["memory"].flatMap { Int($0) } ?? .max
        crash = words["crash"] ?? "json"
        hasRefunds = words["refunds"].map { $0 == "present" } ?? (version >= (9, 0))
        hasVariations = words["variations"].map { $0 == "present" } ?? (version >= (10, 3))
        isOff = words["plugin"] == "off"
        hasTotals = words["totals"] != "none"
        hiddenEvery = number("hidden_rows")
        rate = number("rate")
        retryAfter = words["retry_after"]
        clockAhead = words["clock_ahead"].flatMap { Int($0) } ?? 0
        ignoresGMT = words["dates"] == "zoned"
        currency = words["currency"] ?? "EUR"
        right = words["right"]
    }

    /// Whether `modified_after` is known; what is not known is ignored.
    var hasModifiedFilter: Bool { version >= (5, 8) }
    /// Orders have tables of their own: their list forgets its length behind its end.
    var hasOrderTables: Bool { version >= (8, 2) }
}

/// The clocks of a time zone, as far as shops here need them.
struct WooCommerceSandboxZone {
    enum Rule { case fixed, european, american }

    let name: String
    let standard: Int
    let rule: Rule

    init(_ name: String) {
        self.name = name
        switch name {
        case "Europe/Paris", "Europe/Madrid", "Europe/Berlin": (standard, rule) = (3600, .european)
        case "America/New_York": (standard, rule) = (-18_000, .american)
        case "Asia/Kolkata": (standard, rule) = (19_800, .fixed)
        default: (standard, rule) = (0, .fixed)
        }
    }

    /// Seconds ahead of UTC at an instant.
    func offset(at seconds: Int) -> Int {
        let year = Int(WooCommerceTime.format(seconds: seconds).prefix(4)) ?? 1970
        switch rule {
        case .fixed: return standard
        case .european:
            let begin = Self.sunday(year, 3, from: 25) + 3600
            let end = Self.sunday(year, 10, from: 25) + 3600
            return begin <= seconds && seconds < end ? standard + 3600 : standard
        case .american:
            let begin = Self.sunday(year, 3, from: 8) + 7200 - standard
            let end = Self.sunday(year, 11, from: 1) + 3600 - standard
            return begin <= seconds && seconds < end ? standard + 3600 : standard
        }
    }

    /// The instant that a wall clock shows; of two, the earlier.
    func instant(ofLocal local: Int) -> Int {
        let summer = local - standard - 3600
        return summer + offset(at: summer) == local ? summer : local - standard
    }

    /// The first Sunday of a month from a day on, at midnight.
    private static func sunday(_ year: Int, _ month: Int, from day: Int) -> Int {
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
        let days = (WooCommerceTime.seconds(in: "\(year)-\(two(month))-\(two(day))T00:00:00") ?? 0) / 86_400
        return (days + (3 - days % 7 + 7) % 7) * 86_400
    }
}
