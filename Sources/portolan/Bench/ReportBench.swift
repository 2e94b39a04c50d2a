internal import Documents
internal import Foundation
internal import Platforms
internal import RawJSON

/// A report of any size through a connector's reader, from packed bytes to records, beside the floor: unpacking the same
/// bytes and nothing else. The report is made while it is read, so that memory shows what reading takes.
struct ReportBench {
    let megabytes: Int
    let platformKey = "amazon"
    let resource = "all_orders_report"

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private struct Totals {
        var reading = Duration.zero
        var unpacking = Duration.zero
        var plainBytes = 0
        var packedBytes = 0
        var rows = 0
        var pages = 0
    }

    func run() throws -> BenchReport {
        var reader = try documentReader()
        let floor = GunzipStream()
        var totals = Totals()
        var packer = GzipWriter(level: 1)
        let clock = ContinuousClock()
        try reader.begin(
            PlatformResponse(
                status: 200, headers: [("Content-Type", "text/plain; charset=Cp1252")], body: PaddedBytes([]),
                requestedAt: Date()))
        func drain(_ packed: [UInt8], isLast: Bool) throws {
            totals.packedBytes += packed.count
            totals.reading += try clock.measure {
                if !packed.isEmpty { try reader.take(packed) }
                if isLast { try reader.finish() }
                while let page = reader.nextPage() {
                    totals.rows += page.records.count
                    totals.pages += 1
                }
            }
            totals.unpacking += try clock.measure {
                if !packed.isEmpty { floor.feed(packed) }
                if isLast { floor.finish() }
                while let chunk = try floor.next() { totals.plainBytes += chunk.count }
            }
        }
        var generator = ReportGenerator()
        try drain(packer.write(ReportGenerator.header), isLast: false)
        var written = 0
        while written < megabytes << 20 {
            let block = generator.next()
            written += block.count
            try drain(packer.write(block), isLast: false)
        }
        try drain(packer.finish(), isLast: true)
        guard totals.rows == generator.rows else {
            throw Failure(description: "\(generator.rows) rows were written and \(totals.rows) read")
        }
        return report(totals)
    }

    private func report(_ totals: Totals) -> BenchReport {
        let megabytes = Double(totals.plainBytes) / 1_048_576
        let peak = ProcessUsage.peakResidentBytes(of: ProcessInfo.processInfo.processIdentifier)
        return BenchReport(
            bench: "report",
            conditions: [
                "plain_mb": String(Int(megabytes)), "packed_mb": String(totals.packedBytes >> 20),
                "rows": String(totals.rows), "pages": String(totals.pages), "encoding": "Cp1252",
                "cores": "\(ProcessInfo.processInfo.activeProcessorCount)", "build": Build.mode,
            ],
            figures: [
                .init("rows_per_s", Double(totals.rows) / totals.reading.seconds, "rows/s"),
                .init(
                    "mb_per_s", megabytes / totals.reading.seconds, "MB/s", floor: megabytes / totals.unpacking.seconds),
                .init("rss_mb", Double(peak) / 1_048_576, "MB", aim: "under 64"),
            ])
    }

    /// The reader a connector has for the first document of a simulated merchant.
    private func documentReader() throws -> any DocumentReader {
        guard let platform = allPlatforms.first(where: { $0.key == platformKey }) else {
            throw Failure(description: "there is no platform \(platformKey)")
        }
        let names = platform.authentication.methods[0].fields.map(\.name)
        let start = Date(timeIntervalSince1970: 1_790_000_000)
        let store = platform.makeSandboxStore(
            SandboxOptions(
                seed: 1, sizes: ["orders": 20], credentials: Dictionary(uniqueKeysWithValues: names.map { ($0, "x") }),
                startsAt: start, limitFactor: 1_000_000))
        guard case .header(let header, _) = platform.authentication.methods[0].placement else {
            throw Failure(description: "the benchmark does not sign in that way")
        }
        var now = start
        var cursor: Cursor?
        var settings: [String: String] = [:]
        for _ in 0..<100 {
            let read = StreamRead(resource: resource, cursor: cursor, settings: settings, now: now)
            let step = try platform.nextStep(in: read)
            if let reader = step.reader { return reader }
            let exchanges = step.requests.map { request in
                let token = store.tokens?.authorise(now: now).access ?? ""
                let answer = store.respond(
                    to: SandboxRequest(
                        method: request.method.rawValue, path: request.path, query: request.query,
                        headers: request.headers + [(header, token)], body: request.body ?? []), now: now)
                return Exchange(
                    request: request,
                    response: PlatformResponse(
                        status: answer.status, headers: answer.headers, body: PaddedBytes(answer.body), requestedAt: now
                    )
                )
            }
            let page = try platform.page(from: exchanges, in: read)
            cursor = page.cursor
            settings.merge(page.discoveries) { $1 }
            now = max(now + 1, page.resumeAt ?? now)
        }
        throw Failure(description: "the simulated merchant offered no document")
    }
}

/// Rows as a large seller's report of orders has them: 26 columns, about 300 bytes, every tenth with a character beyond
/// ASCII.
private struct ReportGenerator {
    private(set) var rows = 0

    static let header = Array(
        ("amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\t"
            + "sales-channel\torder-channel\turl\tship-service-level\tproduct-name\tsku\tasin\titem-status\tquantity\t"
            + "currency\titem-price\titem-tax\tshipping-price\tshipping-tax\tgift-wrap-price\tgift-wrap-tax\t"
            + "item-promotion-discount\tship-promotion-discount\tship-country\tpromotion-ids\r\n").utf8)

    /// About 64 KB.
    mutating func next() -> [UInt8] {
        var block: [UInt8] = []
        block.reserveCapacity(66_000)
        while block.count < 64_000 {
            rows += 1
            let id = String(1_000_000 + rows % 9_000_000)
            block += Array("902-\(id)-\(String(1_000_000 + rows / 3 % 9_000_000))\t\t".utf8)
            block += Array(
                "2026-01-15T10:00:00+00:00\t2026-01-17T08:30:12+00:00\tShipped\tAmazon\tAmazon.de\t\t\t".utf8)
            block += Array("Expedited\tCast iron pan with a lid and a handle, 28 cm, for gas and induction ".utf8)
            if rows % 10 == 0 { block += [0x47, 0x72, 0xF6, 0xDF, 0x65, 0x20] }
            block += Array(
                "\tSKU-\(id)-BLK\tB0\(id)\tShipped\t1\tEUR\t\(rows % 500).99\t\(rows % 90).05\t4.99\t0.80".utf8)
            block += Array("\t\t\t\t\tDE\tCore Free Shipping 2026\r\n".utf8)
        }
        return block
    }
}
