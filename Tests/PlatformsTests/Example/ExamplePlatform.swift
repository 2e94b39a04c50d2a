@testable package import Platforms

/// Example: say here in one sentence what it is, and through which interface it is read.
///
/// What is peculiar about it is written down in `NOTES.md`.
package struct ExamplePlatform: ListPlatform {
    package init() {}

    package var key: String { "example" }
    package var name: String { "Example" }
    package var apiVersion: String { "v1" }

    package var hosting: Hosting { .shared(baseURL: "https://api.example.com") }

    package var authentication: Authentication {
        Authentication(
            fields: [
                .init(name: "api_key", help: "Say where the merchant finds it, and what it must be allowed to read.")
            ],
            placement: .bearer(field: "api_key"))
    }

    /// How much the platform allows, and how much of it is used.
    package var buckets: [Bucket] {
        [Bucket("requests", scope: .connection, capacity: 20, refillPerSecond: 2, share: 0.8)]
    }

    package var lists: [RecordList] {
        [
            RecordList(
                Resource("customers", freshnessTarget: .seconds(900)), path: "/v1/customers",
                query: [("limit", "100")], records: "data",
                shape: .init(id: "id", updatedAt: "updated_at", createdAt: "created_at"),
                paging: .link(member: "next", count: "count"),
                since: .init("updated_since", bound: .request(less: .seconds(60)), overlap: .seconds(300)),
                sweepEvery: .seconds(86_400),
                history: .init(History(by: .created), from: "created_from", to: "created_to"),
                demands: [BucketDemand("requests")])
        ]
    }

    package var errorShape: ErrorShape {
        ErrorShape(codes: ["error.code"], messages: ["error.message"], requestIDHeaders: ["x-request-id"])
    }

    /// What only this platform means by an answer; all else is known already: `portolan errors explain` shows it.
    package var errorRules: [ErrorRule] {
        [
            ErrorRule(
                "example.key_unknown", statuses: [401], codes: ["unknown_key"], .authCredentialsInvalid,
                "The API key is wrong or was deleted.")
        ]
    }

    package func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
        ListSandboxStore(ExampleSandbox.plan(lists), options)
    }
}
