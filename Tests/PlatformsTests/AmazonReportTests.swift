import Documents
import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

@Suite("Amazon: reports") struct AmazonReportTests {
    private static let resources = AmazonReport.all.map(\.resource)

    @Test("every kind is read, and again after changes", arguments: resources)
    func allKinds(resource: String) throws {
        let seller = AmazonSeller(orders: 300, sizes: ["listings": 60], quirks: ["marketplaces": "several"])
        try seller.run(resource)
        #expect(seller.isTrue(resource))
        #expect(seller.count(resource) > 0)
        seller.now += 3600
        seller.store.change(count: 150, now: seller.now)
        seller.now += 600
        try seller.run(resource)
        #expect(seller.isTrue(resource))
        #expect(seller.store.counters.refused == 0 && seller.store.counters.throttled == 0)
    }

    @Test(
        "encodings and packings, told by the bytes and the charset alone",
        arguments: [["region": "fe"], ["charset": "utf-8"], ["compression": "none"], ["region": "eu"]])
    func encodings(quirks: [String: String]) throws {
        let seller = AmazonSeller(orders: 50, sizes: ["listings": 40], quirks: quirks)
        try seller.run("listings")
        #expect(seller.isTrue("listings"))
        let titles = seller.held.values.map(\.payload.text)
        #expect(titles.contains { $0.contains("\\\"") })
        #expect(!titles.contains { $0.contains("\u{FFFD}") })
        // What Amazon has damaged stays damaged.
        if quirks["region"] == nil, quirks["charset"] == nil { #expect(titles.contains { $0.contains("? symbol") }) }
        if quirks["region"] == "fe" { #expect(titles.contains { $0.contains("ソファ") }) }
    }

    @Test("windows are at most thirty days, and begin where anything was sold")
    func windows() throws {
        let seller = AmazonSeller(orders: 100)
        try seller.run("all_orders_report")
        let created = seller.requests.filter { $0.purpose == "request" }
        #expect((13...15).contains(created.count))
        for request in created {
            let root = try JSONDocument(PaddedBytes(request.body ?? [])).root
            let from = try #require(AmazonTime.parse(root["dataStartTime"]?.string))
            let to = try #require(AmazonTime.parse(root["dataEndTime"]?.string))
            #expect(to > from && to.timeIntervalSince(from) <= 30 * 86_400)
        }
        let covered = seller.pages.flatMap(\.coverage)
        for (first, second) in zip(covered, covered.dropFirst()) { #expect(first.to == second.from) }
    }

    @Test("a report that exists is taken: a crash after the request asks for nothing twice")
    func crash() throws {
        let seller = AmazonSeller(orders: 30, sizes: ["listings": 30])
        while seller.asked(.createReport) == 0 {
            let before = seller.cursors["listings"]
            try seller.step("listings")
            // The page of the request was lost.
            if seller.asked(.createReport) == 1 { seller.cursors["listings"] = before }
        }
        // It goes on from where the list was asked for.
        seller.cursors["listings"] = nil
        try seller.run("listings")
        #expect(seller.asked(.createReport) == 1)
        #expect(seller.isTrue("listings"))
    }

    @Test("a report that takes long is waited for without a slot, more and more rarely")
    func late() throws {
        let seller = AmazonSeller(orders: 30, sizes: ["listings": 30], quirks: ["reports": "late"])
        try seller.run("listings")
        #expect(seller.isTrue("listings"))
        let waits = seller.pages.filter { $0.resumeAt != nil }
        #expect((5...12).contains(waits.count))
    }

    @Test("a cancelled report of orders is asked for once more when there were orders")
    func cancelled() throws {
        let seller = AmazonSeller(orders: 40, quirks: ["reports": "cancelled"])
        try seller.run("all_orders_report")
        #expect(seller.isTrue("all_orders_report"))
        #expect(seller.asked(.getOrderMetrics) >= 2)
    }

    @Test("a cancelled snapshot of what had rows deletes nothing")
    func cancelledSnapshot() throws {
        let seller = AmazonSeller(orders: 40, sizes: ["listings": 30])
        try seller.run("listings")
        let before = seller.count("listings")
        seller.now += 86_400
        seller.spoil = { request, response in
            guard request.purpose == "poll" else { return response }
            return answer(200, #"{"reportId":"1","processingStatus":"CANCELLED"}"#, at: response.requestedAt)
        }
        try seller.run("listings")
        #expect(before == 30 && seller.count("listings") == before)
        #expect(seller.flags.contains { $0.code == .reportEmpty })
    }

    @Test("a report that fails says why, and its window is halved until it can be made")
    func fatal() throws {
        let seller = AmazonSeller(orders: 100, quirks: ["reports": "fatal"])
        try seller.run("all_orders_report")
        #expect(seller.isTrue("all_orders_report"))
        let flag = try #require(seller.flags.first { $0.code == .reportFailed })
        #expect(flag.platformMessage?.contains("too far in the past") == true)
        let spans = try seller.requests.filter { $0.purpose == "request" }.prefix(2).map { request in
            let root = try JSONDocument(PaddedBytes(request.body ?? [])).root
            let from = try #require(AmazonTime.parse(root["dataStartTime"]?.string))
            return try #require(AmazonTime.parse(root["dataEndTime"]?.string)).timeIntervalSince(from)
        }
        #expect(spans[1] == (spans[0] / 2).rounded(.down))
    }

    @Test("one that fails for ever is left out, and the stream says so and goes on")
    func fatalForEver() throws {
        let seller = AmazonSeller(orders: 100)
        var first: String?
        seller.spoil = { request, response in
            guard request.purpose == "poll" else { return response }
            let root = try? JSONDocument(response.body).root
            let from = root?["dataStartTime"]?.string
            if first == nil { first = from }
            guard first == from else { return response }
            return answer(200, #"{"reportId":"1","processingStatus":"FATAL"}"#, at: response.requestedAt)
        }
        try seller.run("all_orders_report")
        #expect(seller.pages.contains { $0.degradation?.code == .reportFailed })
        #expect(seller.flags.count { $0.code == .reportFailed } == 4)
        let covered = seller.pages.flatMap(\.coverage)
        #expect(!covered.isEmpty && !covered.contains { $0.from == AmazonTime.parse(first) })
    }

    @Test("an address that has expired is asked for again; no credential is sent to the storage")
    func expired() throws {
        let seller = AmazonSeller(orders: 30, sizes: ["listings": 30], quirks: ["link_seconds": "0"])
        var refused = 0
        seller.spoil = { request, response in
            if request.url != nil, response.status == 403 { refused += 1 }
            return response
        }
        // The address lives no second, so the download comes too late until time stands still.
        for _ in 0..<8 where refused < 2 {
            try seller.step("listings")
            seller.now += 1
        }
        #expect(refused == 2)
        #expect(seller.failures.allSatisfy { $0.code == .reportDocumentExpired })
        #expect(seller.requests.filter { $0.url != nil }.allSatisfy { $0.headers.isEmpty })
    }

    @Test("an address is not used in its last minute")
    func oldLink() throws {
        let seller = AmazonSeller(orders: 30, sizes: ["listings": 30])
        while seller.asked(.getReportDocument) == 0 { try seller.step("listings") }
        seller.now += 250
        try seller.run("listings")
        #expect(seller.asked(.getReportDocument) == 2 && seller.failures.isEmpty)
        #expect(seller.isTrue("listings"))
    }

    @Test("a download that breaks off goes on behind what is stored, with the same keys")
    func cut() throws {
        let seller = AmazonSeller(orders: 1500)
        while seller.asked(.downloadDocument) == 0 || seller.count("all_orders_report") == 0 {
            seller.cutAfter = 30_000
            try seller.step("all_orders_report")
            if seller.asked(.downloadDocument) > 3 { break }
        }
        seller.cutAfter = nil
        try seller.run("all_orders_report")
        #expect(seller.isTrue("all_orders_report"))
    }

    @Test("settlements are found and never asked for; what is older than ninety days is said to be gone")
    func settlements() throws {
        let seller = AmazonSeller(orders: 30)
        try seller.run("settlement_reports")
        #expect(seller.isTrue("settlement_reports"))
        #expect(seller.asked(.createReport) == 0)
        #expect(seller.flags.map(\.code) == [.requestHistoryLimit])
        let downloads = seller.asked(.downloadDocument)
        try seller.run("settlement_reports")
        #expect(seller.asked(.downloadDocument) == downloads)
        seller.now += 14 * 86_400
        try seller.run("settlement_reports")
        #expect(seller.asked(.downloadDocument) == downloads + 1)
    }

    @Test("a list of reports that goes on is asked for by its token alone")
    func longList() throws {
        let seller = AmazonSeller(orders: 30)
        var isFirst = true
        seller.spoil = { request, response in
            guard request.purpose == "find", isFirst else { return response }
            isFirst = false
            return answer(200, #"{"nextToken":"A+/3.0==|X","reports":[]}"#, at: response.requestedAt)
        }
        try seller.step("settlement_reports")
        let read = StreamRead(
            resource: "settlement_reports", cursor: seller.cursors["settlement_reports"], now: seller.now)
        let next = try seller.platform.nextStep(in: read)
        #expect(next.requests.map { $0.query.map(\.name) } == [["nextToken"]])
    }

    @Test("a recorded report: rows, a header that nobody knows, bytes that mean nothing")
    func reader() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Platforms/Amazon/Fixtures")
        let recorded = [UInt8](try Data(contentsOf: folder.appending(path: "listings.tsv")))
        let records = try read(recorded, "text/plain; charset=Cp1252").flatMap(\.records)
        #expect(records.count == 10 && records[0].id == "ATVPDKIKX0DER:SKU-001-TEST")
        let root = try JSONDocument(PaddedBytes(records[0].payload.array)).root
        #expect(root["item-name"]?.string == "Sample Listing Title One" && root["price"]?.string == "25.99")

        let foreign = Array("Händler-SKU\tArtikelbezeichnung\nA/1:2\tDing\n".utf8)
        let translated = try read(foreign, "text/plain; charset=UTF-8").flatMap(\.records)
        #expect(translated.map(\.id) == ["ATVPDKIKX0DER:A%2F1%3A2"])

        let odd: [UInt8] = Array("x\ty\n1\t".utf8) + [0x81] + Array("\n1\t2\n1\t2\n".utf8)
        let pages = try read(odd, "text/plain; charset=Cp1252")
        #expect(Set(pages.flatMap(\.records).map(\.id)).count == 3)
        #expect(pages.flatMap(\.flags).map(\.code) == [.dataSanitised])

        let broken = Array(GzipWriter.pack(recorded).dropLast(20))
        let left = try read(broken, "text/plain; charset=Cp1252")
        #expect(left.last?.flags.first?.code == .dataMalformed && left.last?.isCaughtUp == false)
        #expect(left.last?.resumeAt != nil)
    }

    private func read(_ bytes: [UInt8], _ contentType: String) throws -> [Page] {
        var cursor = AmazonReportCursor()
        (cursor.phase, cursor.documentID, cursor.url) = (.download, "d", "https://example.com/d")
        (cursor.urlAt, cursor.startedAt) = (MerchantWalk.start, MerchantWalk.start)
        let step = try AmazonPlatform().nextStep(
            in: StreamRead(
                resource: "listings", cursor: try Cursor(encoding: cursor), settings: ["marketplaces": "ATVPDKIKX0DER"],
                now: MerchantWalk.start))
        var reader = try #require(step.reader)
        try reader.begin(answer(200, "", [("Content-Type", contentType)]))
        var pages: [Page] = []
        try reader.take(bytes)
        while let page = reader.nextPage() { pages.append(page) }
        try reader.finish()
        while let page = reader.nextPage() { pages.append(page) }
        return pages
    }
}
