@testable import Platforms

/// How Example's server answers and what its records look like.
enum ExampleSandbox {
    static func plan(_ lists: [RecordList]) -> ListSandbox {
        ListSandbox(
            kinds: [
                ListSandbox.Kind("customers", usual: 120, isDeletable: true, id: { "c\($0 + 1)" }, json: customer)
            ],
            lists: lists, size: ("limit", usual: 20, most: 100),
            refusal: { request, options in
                if request.header("Authorization") == "Bearer " + (options.credentials["api_key"] ?? "") { return nil }
                return .json(401, #"{"error":{"code":"unknown_key","message":"No such key."}}"#)
            },
            answer: { found in
                let next = found.next.map { #""\#(found.baseURL)\#(found.path)?\#($0)""# } ?? "null"
                let records = found.records.joined(separator: ",")
                return .json(200, #"{"count":\#(found.count),"next":\#(next),"data":[\#(records)]}"#)
            },
            limit: (requests: 120, length: .seconds(60)),
            throttled: { _ in .json(429, #"{"error":{"code":"too_many","message":"Slow down."}}"#) })
    }

    private static func customer(_ facts: inout ListSandbox.Facts) -> String {
        let name = ["Ada", "Grace", "Zoë"].randomElement(using: &facts.random) ?? "Ada"
        return """
            {"id":"c\(facts.index + 1)","name":"\(name) \(facts.index)","email":"c\(facts.index)@example.com",\
            "revision":\(facts.revision),"created_at":"\(PlatformTime.format(facts.createdAt))",\
            "updated_at":"\(PlatformTime.format(facts.updatedAt))"}
            """
    }
}
