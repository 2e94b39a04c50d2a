internal import FoundationEssentials
internal import Platforms
internal import Postgres

extension SweepPart {
    /// As `portolan.note_sweep` takes it; what was seen goes beside it.
    var row: PostgresJSON {
        PostgresJSON(
            encoding: Row(
                startedAt: startedAt.timeIntervalSince1970, resources: resources, isComplete: isComplete))
    }

    private struct Row: Encodable {
        let startedAt: Double
        let resources: [String]
        let isComplete: Bool

        enum CodingKeys: String, CodingKey {
            case startedAt = "started_at"
            case resources
            case isComplete = "complete"
        }
    }
}

extension Coverage {
    /// As `portolan.note_coverage` takes it.
    var row: PostgresJSON {
        PostgresJSON(
            encoding: Row(
                resource: resource, from: from?.timeIntervalSince1970, to: to?.timeIntervalSince1970,
                platformCount: platformCount, distinctCount: distinctCount))
    }

    private struct Row: Encodable {
        let resource: String
        let from: Double?
        let to: Double?
        let platformCount: Int?
        let distinctCount: Int

        enum CodingKeys: String, CodingKey {
            case resource, from, to
            case platformCount = "platform_count"
            case distinctCount = "distinct_count"
        }
    }
}

extension PostgresJSON {
    init(encoding value: some Encodable) {
        guard let data = try? JSONEncoder().encode(value) else {
            preconditionFailure("numbers and strings can be encoded")
        }
        self.init(String(decoding: data, as: UTF8.self))
    }
}
