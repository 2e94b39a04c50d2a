/// What is particular to one resource: where it is listed, which events tell of it, and which list inside its
/// objects may be cut short.
struct StripeStream: Sendable {
    /// A list inside an object that holds at most ten rows; the rest has an endpoint of its own.
    struct Nested: Sendable {
        /// The member of the object that holds the list. Example: `lines`.
        let member: String
        /// The raw resource its pages are stored under. Example: `invoice_lines`.
        let resource: String
        /// The endpoint: with `{id}` for the object's id in the path, or without, and then ``parameter`` carries it.
        let route: String
        let parameter: String?
    }

    let resource: Resource
    /// The list's path. Example: `/v1/customers`.
    let path: String
    /// The `object` member of its objects. Example: `customer`. Also the member by which other objects refer to it.
    let object: String
    /// Parameters of every list request.
    let query: [(name: String, value: String)]
    /// Event types that tell of a change, at most ``eventTypesMax``. Empty where there is no event at all.
    let eventTypes: [String]
    /// The event type after which an object is gone for good, because its id is never given out again.
    let deletionType: String?
    let nested: Nested?

    static let accountBucket = "account"
    /// As many as `types[]` may name in one request.
    static let eventTypesMax = 20

    init(
        _ resource: String, freshnessTarget: Duration = .seconds(300), path: String, object: String,
        query: [(name: String, value: String)] = [], eventTypes: [String], deletionType: String? = nil,
        nested: Nested? = nil
    ) {
        self.resource = Resource(
            resource, freshnessTarget: freshnessTarget, children: nested.map { [$0.resource] } ?? [],
            history: History(by: .created))
        self.path = path
        self.object = object
        self.query = query
        self.eventTypes = eventTypes
        self.deletionType = deletionType
        self.nested = nested
        precondition(eventTypes.count <= Self.eventTypesMax, "types[] names at most 20 event types")
    }

    static func named(_ name: String) -> StripeStream? { all.first { $0.resource.name == name } }

    static let all: [StripeStream] = [
        StripeStream(
            "customers", path: "/v1/customers", object: "customer",
            eventTypes: [
                "customer.created", "customer.updated", "customer.deleted",
                "customer.discount.created", "customer.discount.updated", "customer.discount.deleted",
            ],
            deletionType: "customer.deleted"),
        // Ids of products and plans may be chosen by the merchant and so come back: a deletion is looked up.
        StripeStream(
            "products", path: "/v1/products", object: "product",
            eventTypes: ["product.created", "product.updated", "product.deleted"]),
        StripeStream(
            "prices", path: "/v1/prices", object: "price",
            eventTypes: ["price.created", "price.updated", "price.deleted"], deletionType: "price.deleted"),
        StripeStream(
            "plans", path: "/v1/plans", object: "plan",
            eventTypes: ["plan.created", "plan.updated", "plan.deleted"]),
        // `customer.subscription.deleted` says that it was canceled: the object stays and is fetched.
        StripeStream(
            "subscriptions", path: "/v1/subscriptions", object: "subscription", query: [("status", "all")],
            eventTypes: [
                "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
                "customer.subscription.paused", "customer.subscription.resumed",
                "customer.subscription.pending_update_applied", "customer.subscription.pending_update_expired",
                "customer.subscription.trial_will_end",
                "customer.discount.created", "customer.discount.updated", "customer.discount.deleted",
            ],
            nested: Nested(
                member: "items", resource: "subscription_items", route: "/v1/subscription_items",
                parameter: "subscription")),
        // Without `invoice.upcoming`: its invoice does not exist yet and has no id.
        StripeStream(
            "invoices", path: "/v1/invoices", object: "invoice",
            eventTypes: [
                "invoice.created", "invoice.updated", "invoice.deleted", "invoice.finalized",
                "invoice.finalization_failed", "invoice.sent", "invoice.paid", "invoice.payment_succeeded",
                "invoice.payment_failed", "invoice.payment_action_required", "invoice.payment_attempt_required",
                "invoice.overdue", "invoice.overpaid", "invoice.marked_uncollectible", "invoice.voided",
                "invoice.will_be_due", "invoice_payment.paid",
            ],
            deletionType: "invoice.deleted",
            nested: Nested(
                member: "lines", resource: "invoice_lines", route: "/v1/invoices/{id}/lines", parameter: nil)),
        StripeStream(
            "charges", path: "/v1/charges", object: "charge",
            eventTypes: [
                "charge.succeeded", "charge.pending", "charge.failed", "charge.captured", "charge.expired",
                "charge.updated", "charge.refunded", "charge.refund.updated",
                "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
                "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
                "refund.created", "refund.updated", "refund.failed",
            ]),
        StripeStream(
            "payment_intents", path: "/v1/payment_intents", object: "payment_intent",
            eventTypes: [
                "payment_intent.created", "payment_intent.amount_capturable_updated", "payment_intent.canceled",
                "payment_intent.partially_funded", "payment_intent.payment_failed", "payment_intent.processing",
                "payment_intent.requires_action", "payment_intent.succeeded",
            ]),
        StripeStream(
            "refunds", path: "/v1/refunds", object: "refund",
            eventTypes: [
                "refund.created", "refund.updated", "refund.failed", "charge.refund.updated", "charge.refunded",
            ]),
        StripeStream(
            "balance_transactions", freshnessTarget: .seconds(900), path: "/v1/balance_transactions",
            object: "balance_transaction", eventTypes: []),
    ]
}
