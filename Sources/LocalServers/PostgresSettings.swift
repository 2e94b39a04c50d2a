/// The text of a `postgresql.conf`.
struct PostgresSettings {
    private var values: [String: String] = [
        "log_line_prefix": "%m [%p] ",
        "lc_messages": "C",
        "log_timezone": "UTC",
        "timezone": "UTC",
        "datestyle": "ISO, YMD",
        "default_text_search_config": "pg_catalog.simple",
        "max_connections": "200",
        // Just-in-time compilation costs the short queries of a queue tens of milliseconds each.
        "jit": "off",
    ]

    init(durability: LocalPostgres.Durability) {
        guard durability == .fast else { return }
        // Only what a crash of the machine needs: a commit still survives the death of the server.
        values["fsync"] = "off"
        values["full_page_writes"] = "off"
    }

    mutating func set(_ settings: [String: String]) {
        values.merge(settings) { $1 }
    }

    /// One setting a line, sorted.
    ///
    /// **Errors**: `invalidSetting` for a name that is not a setting's name, or a value with a zero byte.
    func text() throws(LocalServerError) -> String {
        var lines: [String] = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard name.utf8.allSatisfy(Self.isAllowedInName), name.first?.isLetter == true else {
                throw LocalServerError(.invalidSetting, "\"\(name)\" is not the name of a PostgreSQL setting.")
            }
            guard !value.utf8.contains(0) else {
                throw LocalServerError(.invalidSetting, "The value of the setting \(name) contains a zero byte.")
            }
            lines.append("\(name) = '\(Self.escaped(value))'\n")
        }
        return lines.joined()
    }

    private static func isAllowedInName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Quotes are doubled; backslash starts an escape, and a line break can only be written as one.
    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "'": text += "''"
            case "\\": text += #"\\"#
            case "\n": text += #"\n"#
            case "\r": text += #"\r"#
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
