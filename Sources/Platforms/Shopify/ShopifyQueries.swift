/// What is asked of Shopify, and what it is expected to cost.
///
/// Query texts are constants: whatever varies is a variable, so that Shopify (and the sandbox) compiles each once.
///
/// **Cost**: an object is one point, a scalar none, a plain list counts as one of its objects, and a connection is
/// two points plus `floor(2 ln first)` times its node. The last is nowhere documented; it is what recorded answers
/// show (see NOTES.md). Because it grows with the logarithm of the page, large pages are by far the cheapest way to
/// read: what is embedded in a record is kept small so that a page may hold many records. The estimate is replaced
/// by what the platform answers; a query dearer than ``costMax`` is refused.
struct ShopifyQuery: Sendable {
    /// The resource or the kind of follow-up it is for.
    let name: String
    let text: String
    /// Points for everything outside the connection that is paged.
    let fixedCost: Double
    /// Points for one node of that connection.
    let nodeCost: Double

    /// The most one query may cost, on every plan.
    static let costMax = 1000.0

    func estimatedCost(first: Int, nodeCost learned: Double? = nil) -> Double {
        fixedCost + Self.weight(of: first) * (learned ?? nodeCost)
    }

    /// How many times its node a connection of this length counts.
    static func weight(of first: Int) -> Double {
        // The largest lengths for each weight, so that no floating point rounding decides.
        let steps: [(upTo: Int, weight: Double)] = [
            (2, 1), (4, 2), (7, 3), (12, 4), (20, 5), (33, 6), (54, 7), (90, 8), (148, 9), (244, 10),
        ]
        return steps.first { first <= $0.upTo }?.weight ?? 11
    }
}

extension ShopifyQuery {
    private static let page = "pageInfo{hasNextPage endCursor}"
    private static let both = "{shopMoney{amount currencyCode}presentmentMoney{amount currencyCode}}"
    private static let shop = "{shopMoney{amount currencyCode}}"
    private static let address = """
        {firstName lastName name company address1 address2 city province provinceCode zip country countryCodeV2 phone}
        """
    private static let taxLines = "taxLines{title rate priceSet\(shop)}"

    private static let line = """
        id title variantTitle sku vendor quantity currentQuantity unfulfilledQuantity refundableQuantity \
        nonFulfillableQuantity requiresShipping taxable isGiftCard product{id}variant{id}\
        originalUnitPriceSet\(shop)discountedTotalSet(withCodeDiscounts:true)\(shop)\(taxLines)\
        discountAllocations{allocatedAmountSet\(shop)discountApplication{__typename \
        ... on DiscountCodeApplication{code}... on AutomaticDiscountApplication{title}\
        ... on ManualDiscountApplication{title}... on ScriptDiscountApplication{title}}}
        """
    private static let refundLine = """
        id quantity restockType restocked lineItem{id sku}location{id}subtotalSet\(shop)totalTaxSet\(shop)
        """
    private static let variant = """
        id legacyResourceId title sku barcode price compareAtPrice position taxable availableForSale inventoryQuantity \
        inventoryPolicy createdAt updatedAt selectedOptions{name value}inventoryItem{id tracked requiresShipping \
        unitCost{amount currencyCode}measurement{weight{unit value}}}
        """

    static let orders = ShopifyQuery(
        name: "orders",
        text: """
            query Orders($first:Int!,$after:String,$query:String){orders(first:$first,after:$after,query:$query,\
            sortKey:UPDATED_AT){\(page)nodes{id legacyResourceId name createdAt updatedAt processedAt cancelledAt \
            cancelReason closedAt test poNumber currencyCode presentmentCurrencyCode taxesIncluded \
            displayFinancialStatus displayFulfillmentStatus returnStatus email phone note tags discountCodes \
            paymentGatewayNames sourceName sourceIdentifier customer{id}purchasingEntity{__typename}\
            retailLocation{id}billingAddress\(address)shippingAddress\(address)totalPriceSet\(both)\
            currentTotalPriceSet\(shop)subtotalPriceSet\(shop)totalTaxSet\(shop)totalDiscountsSet\(shop)\
            totalShippingPriceSet\(shop)totalRefundedSet\(shop)totalReceivedSet\(shop)totalOutstandingSet\(shop)\
            totalTipReceivedSet\(shop)originalTotalDutiesSet\(shop)\
            shippingLines(first:2){\(page)nodes{id title code source originalPriceSet\(shop)discountedPriceSet\(shop)\
            \(taxLines)}}lineItems(first:7){\(page)nodes{\(line)}}\
            refunds{id legacyResourceId createdAt updatedAt note totalRefundedSet\(both)\
            refundLineItems(first:4){\(page)nodes{\(refundLine)}}\
            refundShippingLines(first:2){nodes{id subtotalAmountSet\(shop)taxAmountSet\(shop)}}\
            transactions(first:2){nodes{id status}}}\
            transactions{id kind status test gateway formattedGateway createdAt processedAt errorCode \
            settlementCurrency settlementCurrencyRate amountSet\(both)parentTransaction{id}\
            paymentDetails{__typename ... on CardPaymentDetails{company number wallet paymentMethodName}\
            ... on LocalPaymentMethodsPaymentDetails{paymentMethodName}}fees{type amount{amount currencyCode}}}}}}
            """,
        fixedCost: 2, nodeCost: 121)

    static let products = ShopifyQuery(
        name: "products",
        text: """
            query Products($first:Int!,$after:String,$query:String){products(first:$first,after:$after,query:$query,\
            sortKey:UPDATED_AT){\(page)nodes{id legacyResourceId title handle descriptionHtml productType vendor \
            status isGiftCard onlineStoreUrl publishedAt createdAt updatedAt tags totalInventory \
            hasOnlyDefaultVariant category{fullName}variantsCount{count}\
            priceRangeV2{minVariantPrice{amount currencyCode}}media(first:7){nodes{preview{image{url}}}}\
            variants(first:50){\(page)nodes{\(variant)}}}}}
            """,
        fixedCost: 2, nodeCost: 60)

    static let customers = ShopifyQuery(
        name: "customers",
        text: """
            query Customers($first:Int!,$after:String,$query:String){customers(first:$first,after:$after,query:$query,\
            sortKey:UPDATED_AT){\(page)nodes{id legacyResourceId firstName lastName displayName createdAt updatedAt \
            note tags state taxExempt locale numberOfOrders verifiedEmail \
            defaultEmailAddress{emailAddress marketingState}defaultPhoneNumber{phoneNumber}\
            amountSpent{amount currencyCode}defaultAddress\(address)addressesV2(first:20){nodes\(address)}}}}
            """,
        fixedCost: 2, nodeCost: 12)

    static let moreLineItems = ShopifyQuery(
        name: "order_line_items",
        text: """
            query OrderLineItems($id:ID!,$first:Int!,$after:String){order(id:$id){id updatedAt \
            lineItems(first:$first,after:$after){\(page)nodes{\(line)}}}}
            """,
        fixedCost: 3, nodeCost: 14)

    static let moreRefundLineItems = ShopifyQuery(
        name: "refund_line_items",
        text: """
            query RefundLineItems($id:ID!,$first:Int!,$after:String){refund(id:$id){id updatedAt order{id updatedAt}\
            refundLineItems(first:$first,after:$after){\(page)nodes{\(refundLine)}}}}
            """,
        fixedCost: 4, nodeCost: 7)

    static let moreVariants = ShopifyQuery(
        name: "product_variants",
        text: """
            query ProductVariants($id:ID!,$first:Int!,$after:String){product(id:$id){id updatedAt \
            variants(first:$first,after:$after){\(page)nodes{\(variant)}}}}
            """,
        fixedCost: 3, nodeCost: 6)
}

/// A nested connection that may be longer than the page embedded in its parent.
enum ShopifyOverflow: String, Codable, Sendable, CaseIterable {
    case lineItems = "l"
    case refundLineItems = "r"
    case variants = "v"

    var query: ShopifyQuery {
        switch self {
        case .lineItems: .moreLineItems
        case .refundLineItems: .moreRefundLineItems
        case .variants: .moreVariants
        }
    }

    /// The raw resource its pages are stored under.
    var resource: String { query.name }

    /// The field of the answer's `data` that holds the parent.
    var root: String {
        switch self {
        case .lineItems: "order"
        case .refundLineItems: "refund"
        case .variants: "product"
        }
    }

    /// The connection's name within the parent.
    var connection: String {
        switch self {
        case .lineItems: "lineItems"
        case .refundLineItems: "refundLineItems"
        case .variants: "variants"
        }
    }

    /// Type name in the parent's global id.
    var parentType: String {
        switch self {
        case .lineItems: "Order"
        case .refundLineItems: "Refund"
        case .variants: "Product"
        }
    }

    /// Nodes asked for at once: the largest length of a weight that lets several go in one step.
    var first: Int { self == .variants ? 244 : 90 }
}
