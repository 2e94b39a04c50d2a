import Foundation
import Postgres

/// The payloads of one connection as a second JSON reader sees them: objects by resource and identifier.
struct RawPayloads {
    typealias Object = [String: Any]

    private var objects: [String: [String: Object]] = [:]

    init(_ probe: ViewProbe, platform: String, connection: Int64) async throws {
        let rows = try await probe.pool.query(
            """
            select resource, external_id, payload::text from portolan.raw_records
            where connection_id = $1 and platform = $2 and deleted_at is null
            """, [connection, platform])
        for row in rows {
            let (resource, id, text) = try row.decode(String.self, String.self, String.self)
            objects[resource, default: [:]][id] = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Object
        }
    }

    subscript(resource: String) -> [String: Object] { objects[resource] ?? [:] }

    static func value(_ object: Object, _ path: [String]) -> Any? {
        path.reduce(Optional<Any>(object)) { ($0 as? Object)?[$1] }
    }
}
