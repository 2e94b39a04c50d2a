import FoundationEssentials
import Platforms
import Sandbox
import Testing

@Suite("plans")
struct PlanTests {
    private func specs(_ json: String) throws -> [SandboxStoreSpec] {
        try SandboxPlan(json: Array(json.utf8)).specs(
            for: [ToyPlatform(), ToyPlatform(key: "other")], startsAt: Date(timeIntervalSince1970: 9))
    }

    @Test("a full plan is read")
    func full() throws {
        let specs = try specs(
            """
            {"seed": 18446744073709551615, "starts_at": "2026-01-01T00:00:00Z", "stores": [
              {"platform": "toy", "name": "big", "sizes": {"orders": 20000, "lines": 5}, "limit_factor": 2,
               "spoilt_share": 0.25, "record_bytes": 2048, "changes_per_second": 0.5,
               "credentials": {"api_token": "t"}, "faults": [{"fault": "latency", "ms": 20, "jitter_ms": 5}]},
              {"platform": "other", "name": "small", "count": 3}]}
            """)
        #expect(specs.map(\.mountPath) == ["/toy/big", "/other/small-1", "/other/small-2", "/other/small-3"])
        #expect(specs[0].options.sizes == ["orders": 20_000, "lines": 5])
        #expect(specs[0].options.limitFactor == 2)
        #expect(specs[0].options.spoiltShare == 0.25)
        #expect(specs[0].options.recordBytes == 2048)
        #expect(specs[0].options.credentials == ["api_token": "t"])
        #expect(specs[0].options.startsAt == Date(timeIntervalSince1970: 1_767_225_600))
        #expect(specs[0].changesPerSecond == 0.5)
        #expect(specs[0].faults == [Fault(.latency(milliseconds: 20, jitterMilliseconds: 5))])
        #expect(specs[3].options.limitFactor == 1)
        #expect(Set(specs.map(\.options.seed)).count == 4)
    }

    @Test("seeds and credentials follow from the plan's seed and the store's address alone")
    func stable() throws {
        let one = try specs(#"{"seed":7,"stores":[{"platform":"toy","name":"a"}]}"#)[0]
        let moved = try specs(#"{"seed":7,"stores":[{"platform":"toy","name":"b"},{"platform":"toy","name":"a"}]}"#)
        #expect(one.options.seed == moved[1].options.seed)
        #expect(one.options.credentials == moved[1].options.credentials)
        #expect(one.options.seed != moved[0].options.seed)
        let otherSeed = try specs(#"{"seed":8,"stores":[{"platform":"toy","name":"a"}]}"#)[0]
        #expect(one.options.seed != otherSeed.options.seed)
        #expect(one.options.credentials != otherSeed.options.credentials)
        #expect(one.options.startsAt == Date(timeIntervalSince1970: 9))
    }

    @Test("a plan that is written is read as it was")
    func roundTrip() throws {
        let plan = SandboxPlan(
            seed: .max, startsAt: Date(timeIntervalSince1970: 1_767_225_600),
            stores: [
                .init(
                    platform: "toy", name: "a", count: 2, sizes: ["orders": 1], limitFactor: 0.5, spoiltShare: 1,
                    recordBytes: 100, changesPerSecond: 3, credentials: ["api_token": "t"],
                    faults: Fault.Kind.all.map { Fault($0, .next(2)) } + Fault.Kind.all.map { Fault($0, .share(0.5)) })
            ])
        #expect(try SandboxPlan(json: Array(JSONEncoder().encode(plan))) == plan)
    }

    @Test("the standard plan has a store on each platform")
    func standard() throws {
        let platforms = [ToyPlatform(), ToyPlatform(key: "other")]
        let specs = try SandboxPlan.standard(for: platforms).specs(for: platforms, startsAt: .now)
        #expect(specs.map(\.mountPath) == ["/toy/demo", "/other/demo"])
    }

    @Test("a mistake is told with its field, the kind of what stands there and the fix, and never the value")
    func mistakes() throws {
        let cases: [(String, SandboxError.Code, String, String)] = [
            ("{", .notJSON, "", "not JSON"),
            ("[]", .badField, "", "found a list"),
            ("{}", .badField, "stores", "missing"),
            (#"{"stores":{}}"#, .badField, "stores", "found an object"),
            (#"{"stores":["hunter2"]}"#, .badField, "stores[0]", "found a string"),
            (#"{"stores":[],"sead":1}"#, .badField, "sead", "no such field"),
            (#"{"stores":[],"seed":-1}"#, .badField, "seed", "out of bounds"),
            (#"{"stores":[],"seed":"hunter2"}"#, .badField, "seed", "found a string"),
            (#"{"stores":[],"starts_at":"hunter2"}"#, .badField, "starts_at", "not a time"),
            (#"{"stores":[{"name":"a"}]}"#, .badField, "stores[0].platform", "missing"),
            (#"{"stores":[{"platform":"toy"}]}"#, .badField, "stores[0].name", "missing"),
            (#"{"stores":[{"platform":"hunter2","name":"a"}]}"#, .unknownPlatform, "stores[0].platform", "other, toy"),
            (#"{"stores":[{"platform":"toy","name":"A b"}]}"#, .badField, "stores[0].name", "lower-case"),
            (#"{"stores":[{"platform":"toy","name":".."}]}"#, .badField, "stores[0].name", "lower-case"),
            (
                #"{"stores":[{"platform":"toy","name":"a-1"},{"platform":"toy","name":"a","count":2}]}"#,
                .duplicateStore, "stores[1].name", "count"
            ),
            (#"{"stores":[{"platform":"toy","name":"a","count":0}]}"#, .badField, "stores[0].count", "from 1 to"),
            (#"{"stores":[{"platform":"toy","name":"a","count":1.5}]}"#, .badField, "stores[0].count", "whole"),
            (
                #"{"stores":[{"platform":"toy","name":"a","spoilt_share":5}]}"#, .badField, "stores[0].spoilt_share",
                "from 0.0 to 1.0"
            ),
            (
                #"{"stores":[{"platform":"toy","name":"a","sizes":{"orders":"hunter2"}}]}"#, .badField,
                "stores[0].sizes.orders", "found a string"
            ),
            (
                #"{"stores":[{"platform":"toy","name":"a","sizes":{"ordres":1}}]}"#, .badField,
                "stores[0].sizes.ordres", "orders, lines"
            ),
            (
                #"{"stores":[{"platform":"toy","name":"a","credentials":{"key":"hunter2"}}]}"#, .badField,
                "stores[0].credentials.key", "api_token"
            ),
            (
                #"{"stores":[{"platform":"toy","name":"a","credentials":{"api_token":5}}]}"#, .badField,
                "stores[0].credentials.api_token", "found a number"
            ),
            (
                #"{"stores":[{"platform":"toy","name":"a","faults":[{"fault":"drop","share":true}]}]}"#, .badField,
                "stores[0].faults[0].share", "found true or false"
            ),
        ]
        for (json, code, field, words) in cases {
            let error = #expect(throws: SandboxError.self, "\(json)") { try specs(json) }
            #expect(error?.code == code, "\(json)")
            #expect(error?.field == field, "\(json)")
            #expect(error?.description.contains(words) == true, "\(json): \(error?.description ?? "")")
            #expect(error?.description.contains("hunter2") == false)
        }
    }
}
