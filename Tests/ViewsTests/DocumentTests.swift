import Foundation
import Platforms
import Schema
import TestKit
import Testing

/// The generated documents are those that the sources make.
@Suite("Documents") struct DocumentTests {
    private static let folder = URL(filePath: Places.package).appending(path: "docs")

    @Test("docs/unified and docs/platforms are made from the sources; PORTOLAN_WRITE_DOCS=1 writes them anew")
    func documents() throws {
        let all = try DocumentWriter().all
        let isWriting = ProcessInfo.processInfo.environment["PORTOLAN_WRITE_DOCS"] == "1"
        for (path, text) in all {
            let url = Self.folder.appending(path: path)
            if isWriting {
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try text.write(to: url, atomically: true, encoding: .utf8)
            } else {
                let there = try? String(contentsOf: url, encoding: .utf8)
                #expect(
                    there == text, "docs/\(path) is not what the sources make: PORTOLAN_WRITE_DOCS=1 writes it anew")
            }
        }
        for folder in ["unified", "platforms"] {
            let there = try FileManager.default.contentsOfDirectory(atPath: Self.folder.appending(path: folder).path)
            for name in there {
                #expect(all["\(folder)/\(name)"] != nil, "docs/\(folder)/\(name) is made by nothing any more")
            }
        }
    }

    @Test("fields are read from the ways in which views take them")
    func reading() {
        let list = DocumentSelectList(
            view: """
                -- Orders, it says.
                -- feeds: unified.toy_orders
                create or replace view toy.orders as
                select r.connection_id, 'toy'::text as platform, r.external_id as platform_id,
                  unified.id(r.connection_id, 'x', r.external_id) as id,
                  -- A comment, with 'a quote.
                  case when p->>'paid' = 'true' then 'as paid, from' else p #>> '{state,word}' end as status,
                  coalesce(unified.ts(p->'at'->'time'), r.platform_created_at) as at,
                  toy.urls(jsonb_path_query_array(p, '$.media[*].url', '{}')) as urls
                from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
                where r.platform = 'toy'
                union all
                select r.connection_id, 'toy', l->>'id', null, l->>'state', null, null
                from portolan.raw_records r,
                lateral jsonb_array_elements(unified.arr(r.payload #> '{lines,nodes}')) with ordinality a(l, n);
                """)
        #expect(
            list.columns.map { "\($0.name): \($0.sources.joined(separator: ", "))" } == [
                "connection_id: the record's connection_id", "platform: always toy",
                "platform_id: the record's external_id, lines.nodes[].id", "id: the record's external_id",
                "status: paid, state.word, lines.nodes[].state", "at: at.time", "urls: media[].url",
            ])
    }

    @Test("names that a view gives to what it works with are traced to their fields; constants of branches stay")
    func derived() {
        let list = DocumentSelectList(
            view: """
                create or replace view toy.lines as
                select r.connection_id, type, unified.num(l, 'total') as total, toy.word(name) as title, q->'customer' as customer,
                  paid - back as open_amount, d.currency
                from portolan.raw_records r
                cross join lateral (
                  select a.*, q, currency, (select sum(unified.num(e, 'amount')) from jsonb_array_elements(q->'payments') e) as paid,
                    unified.num(p, 'back') as back
                  from (
                    select p, (select m.payload #> '{}' from portolan.raw_records m where m.resource = 'others') as q,
                      toy.word(p->'money'->'currency') as currency
                    from (select r.payload #> '{}' as p offset 0) x offset 0) y
                  cross join lateral (
                    select 'product'::text as type, l, n, l->'name' as name from jsonb_array_elements(p->'lines') with ordinality a(l, n)
                    union all
                    select 'fee', l, n, l->'fee_name' from jsonb_array_elements(p->'fees') with ordinality a(l, n)) a
                  offset 0) d
                where r.platform = 'toy';
                """)
        #expect(
            list.columns.map { "\($0.name): \($0.sources.joined(separator: ", "))" } == [
                "connection_id: the record's connection_id", "type: always product, always fee",
                "total: lines[].total, fees[].total", "title: lines[].name, fees[].fee_name",
                "customer: others: customer", "open_amount: others: payments[].amount, back",
                "currency: money.currency",
            ])
    }

    @Test(
        "of every view that feeds an entity, more than half of the columns have a field",
        arguments: platformViewFiles.map(\.path))
    func coverage(path: String) throws {
        let file = try #require(platformViewFiles.first { $0.path == path })
        let view = PlatformView(file)
        guard view.isView, !view.feeds.isEmpty else { return }
        let columns = DocumentSelectList(view: view.text).columns
        #expect(columns.count > 15, "\(path): \(columns.map(\.name))")
        let bare = columns.filter(\.sources.isEmpty).map(\.name)
        #expect(bare.count * 2 < columns.count, "\(path): \(bare)")
    }
}
