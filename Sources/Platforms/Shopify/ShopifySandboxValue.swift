/// A value of the simulated shop, before anybody has said which part of it is asked for.
enum ShopifySandboxValue {
    case null
    case bool(Bool)
    case int(Int)
    /// Text that may need escaping.
    case text(String)
    /// Text that never does.
    case word(String)
    /// Seconds since 1970.
    case time(Int)
    case gid(String, Int)
    /// A number as JSON text of a string, like most of Shopify's large integers.
    case digits(Int)
    /// An amount in minor units: as many decimals as it needs and at least one, as MoneyV2 writes it.
    case decimal(Int, decimals: Int)
    /// An amount in minor units with all its decimals, as the scalar Money writes it.
    case fixed(Int, decimals: Int)
    case amount(Int, ShopifySandboxCurrency)
    case bag(shop: Int, ShopifySandboxCurrency, presentment: Int, ShopifySandboxCurrency)
    /// JSON of whatever kind, whatever was asked for: how spoilt fields are made.
    case json([UInt8])
    case object(ShopifySandboxObject)
    case list([ShopifySandboxValue])
    case connection([ShopifySandboxObject])

    static func words(_ words: [String]) -> ShopifySandboxValue { .list(words.map(ShopifySandboxValue.text)) }
}

/// A currency and the number of its decimals.
struct ShopifySandboxCurrency: Equatable {
    let code: String
    let decimals: Int

    static let known = [
        ShopifySandboxCurrency(code: "USD", decimals: 2), ShopifySandboxCurrency(code: "EUR", decimals: 2),
        ShopifySandboxCurrency(code: "GBP", decimals: 2), ShopifySandboxCurrency(code: "JPY", decimals: 0),
        ShopifySandboxCurrency(code: "KWD", decimals: 3), ShopifySandboxCurrency(code: "CAD", decimals: 2),
    ]
}

/// A record or a part of one: its type and a value for each of the type's fields, in their order.
final class ShopifySandboxObject {
    let type: ShopifySandboxType
    /// Number in the object's global id; what page cursors point at.
    let number: Int
    var values: [ShopifySandboxValue]

    init(_ typeName: String, _ number: Int = 0, _ values: [ShopifySandboxValue]) {
        type = ShopifySandboxType.named(typeName)
        precondition(values.count == type.fields.count, "\(typeName) has a value for each of its fields")
        self.number = number
        self.values = values
    }

    func set(_ field: String, _ value: ShopifySandboxValue) {
        guard let field = type.fields[field] else { preconditionFailure("\(type.name) has no field \(field)") }
        values[field.index] = value
    }
}

/// Writes what a query selects, and counts what it costs.
struct ShopifySandboxRenderer {
    var out: [UInt8] = []
    let variables: [String: ShopifySandboxArgument]
    /// Where the text of the first order's `note` ends: what a record is padded at.
    private(set) var noteEnd: Int?

    init(variables: [String: ShopifySandboxArgument], capacity: Int = 4096) {
        self.variables = variables
        out.reserveCapacity(capacity)
    }

    mutating func clearNote() { noteEnd = nil }

    /// Writes an object. Returns the points it cost.
    @discardableResult
    mutating func object(_ object: ShopifySandboxObject, _ selection: ShopifySandboxSelection) -> Double {
        var cost = 1.0
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        for item in selection.items {
            if let condition = item.condition, condition != object.type.name { continue }
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            out += item.key
            if item.kind == .typeName {
                string(object.type.name)
                continue
            }
            // An interface was compiled, and one of its types is here: its fields stand elsewhere.
            let isAsCompiled = item.condition != nil || object.type === selection.type
            guard let index = isAsCompiled ? item.index : object.type.fields[item.name]?.index else {
                out += Self.nullText
                continue
            }
            cost += value(object.values[index], item)
            if item.name == "note", noteEnd == nil, out.last == UInt8(ascii: "\"") { noteEnd = out.count - 1 }
        }
        out.append(UInt8(ascii: "}"))
        return cost
    }

    private mutating func value(_ value: ShopifySandboxValue, _ item: ShopifySandboxSelection.Item) -> Double {
        switch value {
        case .null: out += Self.nullText
        case .bool(let value): out += value ? Self.trueText : Self.falseText
        case .int(let value): integer(value)
        case .text(let text): string(text)
        case .word(let text):
            out.append(UInt8(ascii: "\""))
            out += text.utf8
            out.append(UInt8(ascii: "\""))
        case .time(let epoch):
            out.append(UInt8(ascii: "\""))
            PlatformTime.append(epoch, to: &out)
            out.append(UInt8(ascii: "\""))
        case .gid(let type, let number):
            out += Self.gidText
            out += type.utf8
            out.append(UInt8(ascii: "/"))
            integer(number)
            out.append(UInt8(ascii: "\""))
        case .digits(let number):
            out.append(UInt8(ascii: "\""))
            integer(number)
            out.append(UInt8(ascii: "\""))
        case .decimal(let minor, let decimals): decimal(minor, decimals, isFixed: false)
        case .fixed(let minor, let decimals): decimal(minor, decimals, isFixed: true)
        case .json(let bytes): out += bytes
        case .amount(let minor, let currency):
            guard let selection = item.selection else { break }
            amount(minor, currency, selection)
            return 1
        case .bag(let shop, let shopCurrency, let presentment, let presentmentCurrency):
            guard let selection = item.selection else { break }
            return bag(shop, shopCurrency, presentment, presentmentCurrency, selection)
        case .object(let object):
            if let selection = item.selection { return self.object(object, selection) }
            out += Self.nullText
        case .list(let values): return list(values, item)
        case .connection(let objects):
            guard let selection = item.selection else { break }
            let first = number(item.arguments["first"]) ?? 50
            let start = Self.position(after: text(item.arguments["after"]), in: objects)
            let end = min(objects.count, start + first)
            return connection(
                objects[start..<end], hasNextPage: end < objects.count, selection, cursor: Self.cursor)
        }
        return 0
    }

    private mutating func list(_ values: [ShopifySandboxValue], _ item: ShopifySandboxSelection.Item) -> Double {
        var cost = 0.0
        out.append(UInt8(ascii: "["))
        for (index, element) in values.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            cost = max(cost, value(element, item))
        }
        out.append(UInt8(ascii: "]"))
        return cost
    }

    private mutating func amount(_ minor: Int, _ currency: ShopifySandboxCurrency, _ selection: ShopifySandboxSelection)
    {
        out.append(UInt8(ascii: "{"))
        for (index, item) in selection.items.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += item.key
            switch item.name {
            case "amount": decimal(minor, currency.decimals, isFixed: false)
            case "currencyCode": string(currency.code)
            default: string("MoneyV2")
            }
        }
        out.append(UInt8(ascii: "}"))
    }

    private mutating func bag(
        _ shop: Int, _ shopCurrency: ShopifySandboxCurrency, _ presentment: Int,
        _ presentmentCurrency: ShopifySandboxCurrency,
        _ selection: ShopifySandboxSelection
    ) -> Double {
        var cost = 1.0
        out.append(UInt8(ascii: "{"))
        for (index, item) in selection.items.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += item.key
            guard let below = item.selection else {
                string("MoneyBag")
                continue
            }
            cost += 1
            if item.name == "shopMoney" {
                amount(shop, shopCurrency, below)
            } else {
                amount(presentment, presentmentCurrency, below)
            }
        }
        out.append(UInt8(ascii: "}"))
        return cost
    }

    /// Writes a connection. Returns the points it cost: two, and the weight of what was there times a node.
    mutating func connection(
        _ objects: ArraySlice<ShopifySandboxObject>, hasNextPage: Bool, _ selection: ShopifySandboxSelection,
        cursor: (ShopifySandboxObject) -> String
    ) -> Double {
        var nodeCost = 0.0
        out.append(UInt8(ascii: "{"))
        for (index, item) in selection.items.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += item.key
            switch item.kind {
            case .nodes, .edges:
                guard let below = item.selection else { break }
                out.append(UInt8(ascii: "["))
                for (index, object) in objects.enumerated() {
                    if index > 0 { out.append(UInt8(ascii: ",")) }
                    nodeCost +=
                        item.kind == .nodes
                        ? self.object(object, below) : edge(object, below, cursor: cursor)
                }
                out.append(UInt8(ascii: "]"))
            default: pageInfo(item, hasNextPage: hasNextPage, end: objects.last.map(cursor))
            }
        }
        out.append(UInt8(ascii: "}"))
        return 2 + (objects.isEmpty ? 0 : Self.actualWeight(objects.count) * nodeCost / Double(objects.count))
    }

    private mutating func edge(
        _ object: ShopifySandboxObject, _ selection: ShopifySandboxSelection, cursor: (ShopifySandboxObject) -> String
    ) -> Double {
        var cost = 0.0
        out.append(UInt8(ascii: "{"))
        for (index, item) in selection.items.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += item.key
            if item.kind == .cursor {
                string(cursor(object))
            } else if let below = item.selection {
                cost += self.object(object, below)
            }
        }
        out.append(UInt8(ascii: "}"))
        return cost
    }

    mutating func pageInfo(_ item: ShopifySandboxSelection.Item, hasNextPage: Bool, end: String?) {
        out.append(UInt8(ascii: "{"))
        for (index, field) in (item.selection?.items ?? []).enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += field.key
            if field.kind == .hasNextPage {
                out += hasNextPage ? Self.trueText : Self.falseText
            } else if let end {
                string(end)
            } else {
                out += Self.nullText
            }
        }
        out.append(UInt8(ascii: "}"))
    }

    func number(_ argument: ShopifySandboxArgument?) -> Int? {
        switch argument {
        case .int(let number): number
        case .variable(let name): number(variables[name])
        default: nil
        }
    }

    func text(_ argument: ShopifySandboxArgument?) -> String? {
        switch argument {
        case .text(let text), .word(let text): text
        case .variable(let name): text(variables[name])
        default: nil
        }
    }

    /// Points for a connection that held so many.
    static func actualWeight(_ count: Int) -> Double { count == 1 ? 0 : ShopifyQuery.weight(of: count) }

    // Cursors of nested connections: base64 of {"last_id":…,"last_value":"…"}.
    private static func cursor(_ object: ShopifySandboxObject) -> String {
        ShopifySandboxBase64.encode("{\"last_id\":\(object.number),\"last_value\":\"\(object.number)\"}")
    }

    private static func position(after cursor: String?, in objects: [ShopifySandboxObject]) -> Int {
        guard let cursor, let number = ShopifySandboxBase64.decode(cursor).flatMap(ShopifySandboxCursor.lastID) else {
            return 0
        }
        return objects.firstIndex { $0.number > number } ?? objects.count
    }

    // MARK: Scalars

    private static let nullText = Array("null".utf8)
    private static let trueText = Array("true".utf8)
    private static let falseText = Array("false".utf8)
    private static let gidText = Array("\"gid://shopify/".utf8)

    mutating func integer(_ value: Int) {
        if value < 0 {
            out.append(UInt8(ascii: "-"))
            return integer(-value)
        }
        var divisor = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            out.append(UInt8(48 + value / divisor % 10))
            divisor /= 10
        }
    }

    private mutating func decimal(_ minor: Int, _ decimals: Int, isFixed: Bool) {
        out.append(UInt8(ascii: "\""))
        if minor < 0 { out.append(UInt8(ascii: "-")) }
        let magnitude = abs(minor)
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        integer(magnitude / scale)
        out.append(UInt8(ascii: "."))
        var fraction = magnitude % scale
        if fraction == 0, !isFixed || decimals == 0 {
            out.append(UInt8(ascii: "0"))
        } else {
            while scale > 1, isFixed || fraction > 0 {
                scale /= 10
                out.append(UInt8(48 + fraction / scale))
                fraction %= scale
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    mutating func string(_ text: String) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(UInt8(ascii: "\\"))
                out.append(byte)
            case 10:
                out.append(UInt8(ascii: "\\"))
                out.append(UInt8(ascii: "n"))
            case 0..<32: out.append(UInt8(ascii: " "))
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
