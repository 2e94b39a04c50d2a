/// What is particular to one resource: where it is listed, and how the list can be asked for changes.
struct WooCommerceStream: Sendable {
    /// By which parameters a list is bounded in time.
    enum Filter: Sendable {
        /// `modified_after`, `modified_before`.
        case modified
        /// `after`, `before`: when it was made. For what never changes.
        case created
        /// Not at all.
        case none

        /// Both bounds are exclusive, to the second.
        var names: (after: String, before: String)? {
            switch self {
            case .modified: ("modified_after", "modified_before")
            case .created: ("after", "before")
            case .none: nil
            }
        }

        /// The member of a row that the bounds are compared with.
        var member: String { self == .created ? "date_created_gmt" : "date_modified_gmt" }
    }

    /// What has the records one by one where there is no list of them all: older versions.
    struct Parents: Sendable {
        /// The list of parents, below the namespace.
        let path: String
        let query: [(name: String, value: String)]
        /// The member that is an empty list where a parent has none; nil where every parent is asked.
        let member: String?
        /// The list of one parent's records, with `{id}` for the parent.
        let childPath: String
    }

    let resource: Resource
    /// The list, below the namespace.
    let path: String
    let query: [(name: String, value: String)]
    let filter: Filter
    /// `status=trash` lists what `any` does not.
    let hasTrash: Bool
    let parents: Parents?

    init(
        _ name: String, freshnessTarget: Duration, query: [(name: String, value: String)] = [], filter: Filter,
        hasTrash: Bool = false, parents: Parents? = nil
    ) {
        resource = Resource(
            name, freshnessTarget: freshnessTarget, history: filter == .none ? nil : History(by: .created))
        path = "/" + name
        self.query = query
        self.filter = filter
        self.hasTrash = hasTrash
        self.parents = parents
    }

    static func named(_ name: String) -> WooCommerceStream? { all.first { $0.resource.name == name } }

    static let all: [WooCommerceStream] = [
        WooCommerceStream(
            "orders", freshnessTarget: .seconds(300), query: [("status", "any")], filter: .modified, hasTrash: true),
        WooCommerceStream(
            "refunds", freshnessTarget: .seconds(300), filter: .created,
            parents: Parents(
                path: "/orders", query: [("status", "any")], member: "refunds", childPath: "/orders/{id}/refunds")),
        WooCommerceStream(
            "products", freshnessTarget: .seconds(600), query: [("status", "any")], filter: .modified, hasTrash: true),
        WooCommerceStream(
            "variations", freshnessTarget: .seconds(600), query: [("status", "any")], filter: .modified,
            parents: Parents(
                path: "/products", query: [("status", "any"), ("type", "variable")], member: nil,
                childPath: "/products/{id}/variations")),
        WooCommerceStream("customers", freshnessTarget: .seconds(3600), query: [("role", "all")], filter: .none),
    ]
}
