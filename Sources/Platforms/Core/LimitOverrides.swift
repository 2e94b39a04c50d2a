internal import FoundationEssentials

/// One connection's own limits, where a merchant's plan allows more or less than the platform's declaration says.
///
/// Read from JSON such as `{"requests": {"capacity": 100, "refill_per_second": 100, "share": 0.9}, "daily": {"limit":
/// 5000}}`: by bucket, the numbers that differ.
package struct LimitOverrides: Sendable {
    private let numbers: [String: [String: Double]]

    /// Changes nothing.
    package static let none = LimitOverrides(numbers: [:])

    private init(numbers: [String: [String: Double]]) { self.numbers = numbers }

    /// - Throws: an error that names the field.
    package init(json: String) throws(LimitOverrideError) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)),
            case .object(let buckets) = value
        else { throw LimitOverrideError("limits is not an object of buckets") }
        var numbers: [String: [String: Double]] = [:]
        for (bucket, value) in buckets {
            guard case .object(let fields) = value else {
                throw LimitOverrideError("limits.\(bucket) is not an object such as {\"limit\": 100}")
            }
            for (field, value) in fields {
                guard case .number(let number) = value else {
                    throw LimitOverrideError("limits.\(bucket).\(field) is not a number")
                }
                numbers[bucket, default: [:]][field] = number
            }
        }
        self.numbers = numbers
    }

    /// All that a connection has of its own, so many times as large: for a merchant whose server allows so much.
    package init(scaling buckets: [Bucket], by factor: Double) {
        var numbers: [String: [String: Double]] = [:]
        for bucket in buckets where bucket.scope == .connection {
            numbers[bucket.name] =
                switch bucket.kind {
                case .tokens(let capacity, let refill):
                    ["capacity": capacity * factor, "refill_per_second": refill * factor]
                case .quota(let limit, _): ["limit": limit * factor]
                // What may have been used before a Redis was fresh is waited for as long as a slot is held and a window is.
                case .slots(let limit, let holdMax):
                    ["limit": min(limit * factor, 1000), "hold_max_seconds": max(holdMax.seconds / factor, 1)]
                case .window(_, let length): ["length_seconds": length.seconds / factor]
                case .adaptive(let start, _, let high, let increase):
                    [
                        "start_per_second": start * factor, "max": high * factor,
                        "increase_per_second": increase * factor,
                    ]
                }
        }
        self.numbers = numbers
    }

    /// The JSON it is read from.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(numbers) else { preconditionFailure("finite numbers can be encoded") }
        return String(decoding: data, as: UTF8.self)
    }

    /// The buckets as they hold for the connection.
    ///
    /// - Throws: an error that names the field that no bucket has, or whose value cannot be.
    package func applied(to buckets: [Bucket]) throws(LimitOverrideError) -> [Bucket] {
        if numbers.isEmpty { return buckets }
        if let name = numbers.keys.sorted().first(where: { name in !buckets.contains { $0.name == name } }) {
            let known = buckets.map(\.name).joined(separator: ", ")
            throw LimitOverrideError("limits.\(name): the platform has no such bucket; it has \(known)")
        }
        var changed: [Bucket] = []
        for bucket in buckets {
            guard let fields = numbers[bucket.name] else {
                changed.append(bucket)
                continue
            }
            changed.append(try bucket.overridden(by: fields))
        }
        return changed
    }
}

extension Bucket {
    /// - Throws: an error that names the field.
    fileprivate func overridden(by fields: [String: Double]) throws(LimitOverrideError) -> Bucket {
        guard scope == .connection else {
            throw LimitOverrideError("limits.\(name): the bucket is shared by all connections; none has its own limit")
        }
        var bucket = self
        for (field, value) in fields.sorted(by: { $0.key < $1.key }) {
            if field == "share" {
                bucket.share = value
            } else if let kind = bucket.kind.setting(field, to: value) {
                bucket.kind = kind
            } else {
                let known = (["share"] + kind.fields).joined(separator: ", ")
                throw LimitOverrideError("limits.\(name).\(field): there is no such number; there are \(known)")
            }
        }
        if let problem = bucket.kindProblems.first { throw LimitOverrideError("limits.\(name): \(problem)") }
        return bucket
    }
}

extension Bucket.Kind {
    /// The names of its numbers, in JSON.
    fileprivate var fields: [String] {
        switch self {
        case .tokens: ["capacity", "refill_per_second"]
        case .quota: ["limit"]
        case .window: ["limit", "length_seconds"]
        case .slots: ["limit", "hold_max_seconds"]
        case .adaptive: ["start_per_second", "min", "max", "increase_per_second"]
        }
    }

    /// Nil when it has no number of that name.
    fileprivate func setting(_ field: String, to value: Double) -> Self? {
        switch (self, field) {
        case (.tokens(_, let refill), "capacity"): .tokens(capacity: value, refillPerSecond: refill)
        case (.tokens(let capacity, _), "refill_per_second"): .tokens(capacity: capacity, refillPerSecond: value)
        case (.quota(_, let resets), "limit"): .quota(limit: value, resets: resets)
        case (.window(_, let length), "limit"): .window(limit: value, length: length)
        case (.window(let limit, _), "length_seconds"): .window(limit: limit, length: Self.duration(value))
        case (.slots(_, let holdMax), "limit"): .slots(limit: value, holdMax: holdMax)
        case (.slots(let limit, _), "hold_max_seconds"): .slots(limit: limit, holdMax: Self.duration(value))
        case (.adaptive(_, let low, let high, let increase), "start_per_second"):
            .adaptive(startPerSecond: value, min: low, max: high, increasePerSecond: increase)
        case (.adaptive(let start, _, let high, let increase), "min"):
            .adaptive(startPerSecond: start, min: value, max: high, increasePerSecond: increase)
        case (.adaptive(let start, let low, _, let increase), "max"):
            .adaptive(startPerSecond: start, min: low, max: value, increasePerSecond: increase)
        case (.adaptive(let start, let low, let high, _), "increase_per_second"):
            .adaptive(startPerSecond: start, min: low, max: high, increasePerSecond: value)
        default: nil
        }
    }

    /// What cannot be a duration becomes none, which the checks refuse.
    private static func duration(_ seconds: Double) -> Duration {
        seconds > 0 && seconds <= 1e9 ? .seconds(seconds) : .zero
    }
}

/// What is wrong with a connection's own limits, naming the field.
package struct LimitOverrideError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// JSON of which only objects and numbers are of interest.
private enum JSONValue: Decodable {
    case object([String: JSONValue])
    case number(Double)
    case other

    init(from decoder: any Decoder) throws {
        if let object = try? decoder.singleValueContainer().decode([String: JSONValue].self) {
            self = .object(object)
        } else if let number = try? decoder.singleValueContainer().decode(Double.self), number.isFinite {
            self = .number(number)
        } else {
            self = .other
        }
    }
}
