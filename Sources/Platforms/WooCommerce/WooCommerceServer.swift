import FoundationEssentials

/// What was found out about a shop's server: kept with the connection's settings, so that one stream finds it for all.
struct WooCommerceServer: Codable, Equatable, Sendable {
    /// Path of WordPress's interface below the connection's address: `/wp-json`, `/shop/wp-json`.
    var root: String
    /// The newest of WooCommerce's namespaces that is there: `wc/v3`.
    var namespace: String
    /// The credentials go into the query.
    var usesQuery = false
    /// Addresses are parameters, `/index.php?rest_route=`: the shop has no readable addresses.
    var isPlain = false

    static let rootName = "api_root"
    static let namespaceName = "api_namespace"
    static let authName = "auth"
    static let plainRoot = "/index.php"
    static let usualRoot = "/wp-json"
    /// Newest first. Version 1 has no times in UTC.
    static let namespaces = ["wc/v3", "wc/v2"]

    init(root: String, namespace: String) {
        self.root = root
        self.namespace = namespace
        isPlain = root == Self.plainRoot
    }

    /// As an earlier read found it; nil where none has.
    init?(settings: [String: String]) {
        guard let root = settings[Self.rootName], Self.isPath(root), let namespace = settings[Self.namespaceName],
            Self.namespaces.contains(namespace)
        else { return nil }
        self.init(root: root, namespace: namespace)
        usesQuery = settings[Self.authName] == "query"
    }

    var settings: [String: String] {
        [Self.rootName: root, Self.namespaceName: namespace, Self.authName: usesQuery ? "query" : "header"]
    }

    /// A request for something of WooCommerce's.
    ///
    /// - Parameters:
    ///   - path: below the namespace, with its identifiers.
    ///   - route: the same with their names.
    func request(
        _ path: String, route: String? = nil, query: [(name: String, value: String)], purpose: String
    ) -> PlatformRequest {
        var request = PlatformRequest(
            .get, path: isPlain ? root : "\(root)/\(namespace)\(path)",
            query: isPlain ? [("rest_route", "/\(namespace)\(path)")] + query : query,
            headers: Self.headers, route: "/\(namespace)\(route ?? path)", purpose: purpose, demands: Self.demands)
        request.placement = usesQuery ? WooCommerceAuthentication.queryPlacement : nil
        return request
    }

    static let headers = [(name: "Accept", value: "application/json")]
    static let demands = [
        BucketDemand(WooCommercePlatform.rateBucket), BucketDemand(WooCommercePlatform.workersBucket),
    ]

    /// Whether a text can be a path of ours: what another server wrote goes into requests.
    static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && !text.hasPrefix("//") && text.utf8.count <= 200 && !text.contains("..")
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || "-_./~".utf8.contains(byte)
            }
    }
}
