import FoundationEssentials
import RawJSON

/// What the operations of a simulated seller answer.
extension AmazonSandboxStore {
    private var now: Int { seconds }

    func marketplaces(_ operation: AmazonOperation) -> SandboxResponse {
        var entries = world.marketplaces.map { id in
            #"{"marketplace":{"id":"\#(id)","countryCode":"US","name":"Amazon","defaultCurrencyCode":"USD","#
                + #""defaultLanguageCode":"en_US","domainName":"www.amazon.com"},"participation":"#
                + #"{"isParticipating":true,"hasSuspendedListings":false}}"#
        }
        // Accounts list more than Amazon's shops.
        entries.append(
            #"{"marketplace":{"id":"A1MQXOICRS2Z7M","countryCode":"CA","name":"SI CA Prod Marketplace"},"participation":{"isParticipating":true}}"#
        )
        return json(200, #"{"payload":[\#(entries.joined(separator: ","))]}"#, operation)
    }

    // MARK: - Orders

    func orders(_ query: AmazonSandboxQuery, _ operation: AmazonOperation, _ showsBuyer: Bool) -> SandboxResponse {
        let isUpdated = query["LastUpdatedAfter"] != nil
        let isCreated = query["CreatedAfter"] != nil
        guard isUpdated != isCreated, query["MarketplaceIds"] != nil else {
            return refuse(
                400, "InvalidInput", "Exactly one of CreatedAfter and LastUpdatedAfter is required", operation)
        }
        let after = query.time(isUpdated ? "LastUpdatedAfter" : "CreatedAfter")
        let beforeName = isUpdated ? "LastUpdatedBefore" : "CreatedBefore"
        let before = query.time(beforeName) ?? now - 120
        guard let after, before <= now - 120 else {
            return refuse(400, "InvalidInput", "\(beforeName) must be two minutes in the past", operation)
        }
        let size = min(100, max(1, query["MaxResultsPerPage"].flatMap { Int($0) } ?? 100))
        var place = (time: after, number: -1)
        if let token = query["NextToken"] {
            guard let found = Self.place(token) else { return refuse(400, "InvalidInput", nil, operation) }
            place = found
        }
        func time(_ number: Int) -> Int { isUpdated ? world.orders[number].updated : world.orders[number].created }
        let all = isUpdated ? ordersByChange : Array(world.orders.indices)
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if (time(all[middle]), all[middle]) <= (place.time, place.number) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        let listed = Set((query["MarketplaceIds"] ?? "").split(separator: ",").map(String.init))
        var found: [Int] = []
        var next: Int?
        for number in all[low...] where listed.contains(world.marketplace(number)) {
            guard time(number) <= before else { break }
            if found.count == size {
                next = found.last
                break
            }
            found.append(number)
        }
        let bodies = found.map {
            String(decoding: world.order($0, showsBuyer: showsBuyer, bytes: recordBytes), as: UTF8.self)
        }
        var text = #"{"payload":{"Orders":[\#(bodies.joined(separator: ","))]"#
        if let next { text += #","NextToken":"\#(Self.token(time(next), next))""# }
        text += #","\#(beforeName)":"\#(AmazonSandboxWorld.time(before))"}}"#
        return json(200, text, operation)
    }

    func items(_ id: String, _ query: AmazonSandboxQuery, _ operation: AmazonOperation) -> SandboxResponse {
        guard let number = id.split(separator: "-").last.flatMap({ Int($0) }), world.orders.indices.contains(number),
            world.id(number) == id
        else { return refuse(404, "NotFound", "The order could not be found", operation) }
        let all = world.items(number)
        var start = 0
        if let token = query["NextToken"] {
            guard let place = Self.place(token), all.indices.contains(place.number) else {
                return refuse(
                    400, "InvalidInput",
                    "We could not decode your NextToken. Possible reasons include: a transmission error, improper quoting or a truncation problem.",
                    operation)
            }
            start = place.number
        }
        let end = min(all.count, start + 10)
        let bodies = (start..<end).map { String(decoding: world.item(number, all[$0], $0), as: UTF8.self) }
        var text = #"{"payload":{"AmazonOrderId":"\#(id)","OrderItems":[\#(bodies.joined(separator: ","))]"#
        if end < all.count { text += #","NextToken":"\#(Self.token(0, end))""# }
        return json(200, text + "}}", operation)
    }

    /// A token holds what has to be escaped in a query.
    static func token(_ time: Int, _ number: Int) -> String { "A+/\(time).\(number)==" }

    static func place(_ token: String) -> (time: Int, number: Int)? {
        guard token.hasPrefix("A+/"), token.hasSuffix("==") else { return nil }
        let parts = token.dropFirst(3).dropLast(2).split(separator: ".").map { Int($0) }
        guard parts.count == 2, let time = parts[0], let number = parts[1] else { return nil }
        return (time, number)
    }

    func metrics(_ query: AmazonSandboxQuery, _ operation: AmazonOperation) -> SandboxResponse {
        let ends = (query["interval"] ?? "").replacing("--", with: " ").split(separator: " ").map(String.init)
        guard ends.count == 2, let from = AmazonTime.parse(ends[0]), let to = AmazonTime.parse(ends[1]), from < to,
            let granularity = query["granularity"], granularity == "Total" || query["granularityTimeZone"] != nil
        else { return refuse(400, "InvalidInput", "Invalid interval", operation) }
        let step = granularity == "Total" ? Int.max / 4 : 30 * AmazonSandboxWorld.day
        let end = Int(to.timeIntervalSince1970)
        var start = Int(from.timeIntervalSince1970)
        var entries: [String] = []
        while start < end {
            let next = min(end, start + min(step, end - start))
            let count = world.orders.count { (start..<next).contains($0.created) }
            entries.append(
                #"{"interval":"\#(AmazonSandboxWorld.time(start))--\#(AmazonSandboxWorld.time(next))","#
                    + #""unitCount":\#(count),"orderItemCount":\#(count),"orderCount":\#(count)}"#
            )
            start = next
        }
        return json(200, #"{"payload":[\#(entries.joined(separator: ","))]}"#, operation)
    }

    // MARK: - Finances

    func events(_ query: AmazonSandboxQuery, _ operation: AmazonOperation) -> SandboxResponse {
        guard let after = query.time("PostedAfter") else {
            return refuse(400, "InvalidInput", "PostedAfter is required", operation)
        }
        let before = query.time("PostedBefore") ?? now - 120
        guard before <= now - 120 else { return refuse(400, "InvalidInput", "Input not valid.", operation) }
        let empty = #"{"payload":{"FinancialEvents":{}}}"#
        // A window that is too long is no error.
        guard before - after <= 180 * AmazonSandboxWorld.day else { return json(200, empty, operation) }
        let size = min(100, max(1, query["MaxResultsPerPage"].flatMap { Int($0) } ?? 100))
        let found = world.events.filter { (after..<before).contains($0.posted) && $0.visible <= now }
        var start = 0
        if let token = query["NextToken"] {
            guard let place = Self.place(token) else {
                return refuse(400, "InvalidInput", "Input not valid.", operation)
            }
            start = place.number
        } else if found.count > 50 {
            return json(
                200, #"{"payload":{"NextToken":"\#(Self.token(1, 0))","FinancialEvents":{}}}"#, operation)
        }
        let end = min(found.count, start + size)
        var lists: [String: [String]] = [:]
        for event in found[min(start, end)..<end] {
            lists[event.list, default: []].append(String(decoding: world.event(event), as: UTF8.self))
        }
        let bodies = lists.sorted { $0.key < $1.key }.map { #""\#($0.key)":[\#($0.value.joined(separator: ","))]"# }
        var text = #"{"payload":{"FinancialEvents":{\#(bodies.joined(separator: ","))}"#
        if end < found.count { text += #","NextToken":"\#(Self.token(1, end))""# }
        return json(200, text + "}}", operation)
    }

    func groups(_ query: AmazonSandboxQuery, _ operation: AmazonOperation) -> SandboxResponse {
        let before = query.time("FinancialEventGroupStartedBefore") ?? now - 120
        let after = query.time("FinancialEventGroupStartedAfter") ?? 0
        guard before <= now - 120, before - after <= 180 * AmazonSandboxWorld.day else {
            return json(200, #"{"payload":{"FinancialEventGroupList":[]}}"#, operation)
        }
        let size = min(100, max(1, query["MaxResultsPerPage"].flatMap { Int($0) } ?? 10))
        let found = world.groups(now: now).filter {
            (after..<before).contains(world.groupEnd($0) - 14 * AmazonSandboxWorld.day)
        }
        let start = query["NextToken"].flatMap { Self.place($0)?.number } ?? 0
        let end = min(found.count, start + size)
        let bodies = found[min(start, end)..<end].map { String(decoding: world.group($0, now: now), as: UTF8.self) }
        var text = #"{"payload":{"FinancialEventGroupList":[\#(bodies.joined(separator: ","))]"#
        if end < found.count { text += #","NextToken":"\#(Self.token(2, end))""# }
        return json(200, text + "}}", operation)
    }

    // MARK: - Reports

    func create(_ request: SandboxRequest, _ operation: AmazonOperation) -> SandboxResponse {
        guard let root = (try? JSONDocument(PaddedBytes(request.body)))?.root,
            let type = root["reportType"]?.string,
            let ids = (try? root["marketplaceIds"]?.elements())?.compactMap(\.string), !ids.isEmpty,
            ids.allSatisfy(world.marketplaces.contains)
        else { return refuse(400, "InvalidInput", "Invalid input", operation) }
        func time(_ name: String) -> Int? {
            AmazonTime.parse(root[name]?.string).map { Int($0.timeIntervalSince1970) }
        }
        guard
            let report = reports.create(
                type, ids, from: time("dataStartTime"), to: time("dataEndTime"), now: now, world)
        else {
            return refuse(
                400, "InvalidInput", "Request for report type 1118 is not allowed at this time", operation)
        }
        return json(202, #"{"reportId":"\#(report.id)"}"#, operation)
    }

    func list(_ query: AmazonSandboxQuery, _ operation: AmazonOperation) -> SandboxResponse {
        var start = 0
        var types = query["reportTypes"] ?? ""
        if let token = query["nextToken"] {
            let parts = token.split(separator: "|").map(String.init)
            guard query.count == 1, parts.count == 2, let place = Self.place(parts[0]) else {
                return refuse(400, "InvalidInput", "Invalid request parameters", operation)
            }
            (start, types) = (place.number, parts[1])
        }
        let since = max(query.time("createdSince") ?? 0, now - 90 * AmazonSandboxWorld.day)
        let wanted = Set((query["processingStatuses"] ?? "DONE").split(separator: ",").map(String.init))
        let names = Set(types.split(separator: ",").map(String.init))
        let found = reports.all(now: now, world).filter {
            names.contains($0.type) && $0.created >= since && wanted.contains($0.status(now))
        }.sorted { ($0.created, $0.id) > ($1.created, $1.id) }
        let size = min(100, max(1, query["pageSize"].flatMap { Int($0) } ?? 10))
        let end = min(found.count, start + size)
        let bodies = found[min(start, end)..<end].map(described)
        var text = #"{"reports":[\#(bodies.joined(separator: ","))]"#
        if end < found.count { text += #","nextToken":"\#(Self.token(3, end))|\#(types)""# }
        return json(200, text + "}", operation)
    }

    func described(_ report: AmazonSandboxReports.Report) -> String {
        let status = report.status(now)
        let ids = report.marketplaces.map { "\"\($0)\"" }.joined(separator: ",")
        var text = #"{"reportId":"\#(report.id)","reportType":"\#(report.type)","processingStatus":"\#(status)","#
        text += #""createdTime":"\#(AmazonSandboxWorld.time(report.created))","marketplaceIds":[\#(ids)]"#
        if let from = report.from { text += #","dataStartTime":"\#(AmazonSandboxWorld.time(from))""# }
        if let to = report.to { text += #","dataEndTime":"\#(AmazonSandboxWorld.time(to))""# }
        if status == "DONE" || status == "FATAL" { text += #","reportDocumentId":"\#(report.documentID)""# }
        return text + "}"
    }
}

/// A query as a simulated seller's operations look at it.
struct AmazonSandboxQuery {
    private let values: [String: String]
    let count: Int

    init(_ request: SandboxRequest) {
        values = Dictionary(request.query.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        count = request.query.count
    }

    subscript(_ name: String) -> String? { values[name] }

    func time(_ name: String) -> Int? { AmazonTime.parse(values[name]).map { Int($0.timeIntervalSince1970) } }

    static func form(_ body: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in String(decoding: body, as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = PercentEncoding.decodeForm(parts[0]) else { continue }
            fields[name] = PercentEncoding.decodeForm(parts[1])
        }
        return fields
    }
}
