import FoundationEssentials

/// An operation of the interface with the limit Amazon publishes for it: a token bucket for each application, seller
/// and operation.
///
/// **Source**: the usage plan of each operation, developer-docs.amazon.com/sp-api.
enum AmazonOperation: String, CaseIterable {
    case getMarketplaceParticipations, getOrders, getOrderItems, getOrderMetrics
    case listFinancialEvents, listFinancialEventGroups
    case createReport, getReport, getReports, getReportDocument
    /// Amazon's storage, which publishes no limit: kept at a modest pace.
    case downloadDocument

    /// Requests that come back each second, and the most that can be saved up.
    var limit: (rate: Double, burst: Double) {
        switch self {
        case .getMarketplaceParticipations: (0.016, 15)
        case .getOrders: (0.0167, 20)
        case .getOrderItems: (0.5, 30)
        case .getOrderMetrics: (0.5, 15)
        case .listFinancialEvents, .listFinancialEventGroups: (0.5, 30)
        case .createReport: (0.0167, 15)
        case .getReport: (2, 15)
        case .getReports: (0.0222, 10)
        case .getReportDocument: (0.0167, 15)
        case .downloadDocument: (2, 10)
        }
    }

    var declaration: Bucket {
        Bucket(rawValue, scope: .connection, capacity: limit.burst, refillPerSecond: limit.rate)
    }

    var route: String {
        switch self {
        case .getMarketplaceParticipations: "/sellers/v1/marketplaceParticipations"
        case .getOrders: "/orders/v0/orders"
        case .getOrderItems: "/orders/v0/orders/{id}/orderItems"
        case .getOrderMetrics: "/sales/v1/orderMetrics"
        case .listFinancialEvents: "/finances/v0/financialEvents"
        case .listFinancialEventGroups: "/finances/v0/financialEventGroups"
        case .createReport, .getReports: "/reports/2021-06-30/reports"
        case .getReport: "/reports/2021-06-30/reports/{id}"
        case .getReportDocument: "/reports/2021-06-30/documents/{id}"
        case .downloadDocument: "report document"
        }
    }

    /// - Parameter id: takes the place of `{id}` in the path.
    func request(
        id: String = "", query: [(name: String, value: String)] = [], body: [UInt8]? = nil, purpose: String
    ) -> PlatformRequest {
        let path = route.replacing("{id}", with: PercentEncoding.encode(id))
        var headers: [(name: String, value: String)] = [
            ("Accept", "application/json"), ("User-Agent", "Portolan/1.0 (Language=Swift/6; Platform=Linux)"),
        ]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        return PlatformRequest(
            body == nil ? .get : .post, path: path, query: query, headers: headers, body: body, route: route,
            purpose: purpose, demands: [BucketDemand(rawValue)])
    }

    /// The document at a signed address, which wants no credentials and refuses some.
    static func download(_ url: String, purpose: String, bytesMax: Int) -> PlatformRequest {
        var request = PlatformRequest(
            .get, path: "/", route: Self.downloadDocument.route, purpose: purpose,
            demands: [BucketDemand(Self.downloadDocument.rawValue)], responseBytesMax: bytesMax)
        request.url = url
        return request
    }
}
