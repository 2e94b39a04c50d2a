import Platforms
import Schema

/// The documents of the unified entities and of the platforms, made from contracts, views and declarations.
struct DocumentWriter {
    let contracts: [Contract]
    let views: [PlatformView]
    private let lists: [String: DocumentSelectList]

    init() throws {
        contracts = try Contract.all()
        views = platformViewFiles.map(PlatformView.init).filter(\.isView)
        lists = Dictionary(uniqueKeysWithValues: views.map { ($0.qualifiedName, DocumentSelectList(view: $0.text)) })
    }

    /// By path below docs.
    var all: [String: String] {
        var all = ["unified/README.md": index]
        for contract in contracts { all["unified/\(contract.entity).md"] = page(of: contract) }
        for platform in allPlatforms { all["platforms/\(platform.key).md"] = page(of: platform) }
        return all
    }

    /// Columns that mean the same everywhere; data.md tells them.
    private static let common: Set<String> = [
        "connection_id", "platform", "id", "first_seen_at", "changed_at", "fetched_at", "is_deleted", "deleted_at",
        "deletion_source", "raw_resource", "mapping_version", "issues",
    ]

    static let mark = """
        <!-- Made from contracts, views and declarations: PORTOLAN_WRITE_DOCS=1 swift test --filter Documents -->

        """

    private func feeding(_ contract: Contract) -> [PlatformView] { views.filter { $0.feeds.contains(contract.entity) } }

    private func cell(_ sources: [String]) -> String {
        sources.map { $0.hasPrefix("the record's ") || $0.hasPrefix("always ") ? $0 : "`\($0)`" }
            .joined(separator: ", ").replacing("|", with: "\\|")
    }

    // MARK: - Entities

    private var index: String {
        var text =
            Self.mark + """
                # The unified entities

                One page each: columns, their meaning, and which field of which platform they come from. What all entities
                have in common is in [data.md](../data.md).

                | entity | fed by |
                | --- | --- |

                """
        for contract in contracts {
            let names = Set(feeding(contract).map(\.platform)).sorted()
                .map { "[\($0)](../platforms/\($0).md)" }.joined(separator: ", ")
            text += "| [\(contract.entity)](\(contract.entity).md) | \(names.isEmpty ? "nobody yet" : names) |\n"
        }
        return text
    }

    private func page(of contract: Contract) -> String {
        let feeding = feeding(contract)
        var text =
            Self.mark + """
                # unified.\(contract.entity)

                \(contract.story)

                Fields are those of the raw record's `payload`; `[]` is each element of a list, `events: currency` a field
                of another record that belongs to it. A column that a platform does not offer is NULL there.

                | column | type | meaning |\(feeding.map { " \($0.qualifiedName) |" }.joined())
                | --- | --- | --- |\(feeding.map { _ in " --- |" }.joined())

                """
        for column in contract.columns where !Self.common.contains(column.name) {
            let cells = feeding.map { " \(cell(lists[$0.qualifiedName]?.sources(of: column.name) ?? [])) |" }
            let meaning = column.meaning.replacing("|", with: "\\|")
            text += "| `\(column.name)` | \(column.type) | \(meaning) |\(cells.joined())\n"
        }
        return text
    }

    // MARK: - Platforms

    private func page(of platform: any Platform) -> String {
        var text =
            Self.mark + """
                # \(platform.name)

                Key `\(platform.key)`, interface version \(platform.apiVersion). \(Self.address(platform.hosting))

                ## Resources

                | resource | read | every | lane | brings also | its past |
                | --- | --- | --- | --- | --- | --- |

                """
        for resource in platform.resources {
            let children = resource.children.map { "`\($0)`" }.joined(separator: ", ")
            text += "| `\(resource.name)` | \(resource.kind == .sync ? "page by page" : "as a report") | "
            text += "\(Self.words(resource.freshnessTarget)) | \(resource.lane) | \(children) | "
            text += "\(Self.words(resource.history)) |\n"
        }
        text += "\n## Signing in\n\n"
        for method in platform.authentication.methods {
            text += "**\(method.name)**: \(method.summary)\n\n| credential | what it is |\n| --- | --- |\n"
            for field in method.fields {
                let help = field.help.replacing("|", with: "\\|")
                text += "| `\(field.name)`\(field.isOptional ? ", may be left out" : "") | \(help) |\n"
            }
            text += "\n"
        }
        if !platform.settings.isEmpty {
            text += "## Settings\n\n| setting | what it is | example | else |\n| --- | --- | --- | --- |\n"
            for setting in platform.settings {
                let help = setting.help.replacing("|", with: "\\|")
                text +=
                    "| `\(setting.name)` | \(help) | \(setting.example) | \(setting.standard ?? "has to be said") |\n"
            }
            text += "\n"
        }
        text += "## Limits\n\n| bucket | of | counts | our share |\n| --- | --- | --- | --- |\n"
        for bucket in platform.buckets {
            text += "| `\(bucket.name)` | \(bucket.scope == .app ? "the app" : "each connection") | "
            text += "\(Self.words(bucket.kind)) | \(Self.number(bucket.share * 100)) % |\n"
        }
        text +=
            "\n## Where columns come from\n\nFields of the raw record's `payload`; `[]` is each element of a list, "
            + "`events: currency` a field of another record that belongs to it.\n"
        for view in views where view.platform == platform.key && !view.feeds.isEmpty { text += section(view) }
        return text
    }

    private func section(_ view: PlatformView) -> String {
        let entities = view.feeds.map { "[\($0)](../unified/\($0).md)" }.joined(separator: ", ")
        var text = "\n### \(view.qualifiedName)\n\nFeeds \(entities).\n\n| column | field |\n| --- | --- |\n"
        for column in lists[view.qualifiedName]?.columns ?? []
        where !Self.common.contains(column.name) && !column.sources.isEmpty {
            text += "| `\(column.name)` | \(cell(column.sources)) |\n"
        }
        return text
    }

    private static func address(_ hosting: Hosting) -> String {
        switch hosting {
        case .shared(let url): "One address for all merchants: `\(url)`."
        case .perMerchant(let pattern): "A host for each merchant: `\(pattern)`."
        case .selfHosted: "The merchant's own server."
        case .regional(let regions):
            "An address for each region: " + regions.map { "\($0.name) `\($0.baseURL)`" }.joined(separator: ", ") + "."
        }
    }

    static func words(_ duration: Duration) -> String {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        for (unit, length) in [("d", 86_400.0), ("h", 3600), ("min", 60)] where seconds >= length {
            return "\(number(seconds / length)) \(unit)"
        }
        return "\(number(seconds)) s"
    }

    /// How the past of a resource is read.
    private static func words(_ history: History?) -> String {
        guard let history else { return "as a whole" }
        let clock = history.clock == .created ? "windows by creation" : "windows by change"
        let most = history.windowMax.map { " of at most \(words($0))" } ?? ""
        return clock + most + (history.reach.map { ", \(words($0)) back" } ?? "")
    }

    private static func words(_ kind: Bucket.Kind) -> String {
        switch kind {
        case .tokens(let capacity, let refill): "up to \(number(capacity)) tokens, \(number(refill)) regained a second"
        case .quota(let limit, .daily(let hour, let minute, let zone)):
            "\(number(limit)) a day, anew at \(hour):\(minute < 10 ? "0" : "")\(minute) \(zone)"
        case .quota(let limit, .every(let length)): "\(number(limit)) every \(words(length))"
        case .window(let limit, let length): "\(number(limit)) in any \(words(length))"
        case .slots(let limit, let hold): "\(number(limit)) at once, each for \(words(hold)) at most"
        case .adaptive(let start, let min, let max, _):
            "found out: from \(number(start)) a second, between \(number(min)) and \(number(max))"
        }
    }

    /// Without a fraction where there is none, else with at most four digits of it.
    private static func number(_ value: Double) -> String {
        let rounded = (value * 10_000).rounded() / 10_000
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int64(rounded))" : "\(rounded)"
    }
}
