import FoundationEssentials

/// How pretix's server answers and what its records look like: an organizer with a few events, one of them in yen.
///
/// Written from recorded answers; see `NOTES.md` for what is played and what is not.
struct PretixSandbox {
    private let options: SandboxOptions
    private let eventCount: Int

    private static let currencies = ["EUR", "JPY", "CHF"]

    init(_ options: SandboxOptions) {
        self.options = options
        eventCount = max(1, options.sizes["events"] ?? 3)
    }

    func plan(_ lists: [RecordList]) -> ListSandbox {
        let orders = options.sizes["orders"] ?? 240
        return ListSandbox(
            kinds: [
                ListSandbox.Kind("orders", usual: orders, isDeletable: true, id: Self.code, json: order),
                // What happens to money does not show in the order's time of change.
                ListSandbox.Kind("order_payments", usual: orders, isDated: false, id: Self.code, json: payments),
                ListSandbox.Kind("events", usual: 3, id: Self.slug, json: event),
                ListSandbox.Kind(
                    "items", usual: 24, isDeletable: true, parent: { [eventCount] in Self.slug($0 % eventCount) },
                    id: { "\($0 + 1)" }, json: item),
                ListSandbox.Kind("customers", usual: 110, id: Self.identifier, json: customer),
            ],
            lists: lists, size: ("page_size", usual: 50, most: 50),
            pages: ListSandbox.Pages(
                parameter: "page",
                isDescending: { $0.query.last { $0.name == "ordering" }?.value.hasPrefix("-") == true },
                beyond: { .json(404, Self.detail("Invalid page.", #"Ung\u00fcltige Seite."#, $0)) }),
            isPastEndInclusive: false, neverStored: PretixPlatform().neverStored, refusal: refusal, answer: Self.answer)
    }

    // MARK: - Answers

    private func refusal(_ request: SandboxRequest, _ options: SandboxOptions) -> SandboxResponse? {
        guard let said = request.header("Authorization"), said.hasPrefix("Token") else {
            let text = Self.detail("Authentication credentials were not provided.", "Anmeldedaten fehlen.", request)
            return .json(401, text, headers: [("WWW-Authenticate", "Token")])
        }
        guard said == "Token " + (options.credentials["api_token"] ?? "") else {
            return .json(401, #"{"detail":"Invalid token."}"#, headers: [("WWW-Authenticate", "Token")])
        }
        let path = request.path.split(separator: "/", omittingEmptySubsequences: false)
        guard request.path.hasPrefix("/api/v1/organizers/"), path.last == "" else {
            return SandboxResponse(
                status: 404, headers: [("Content-Type", "text/html; charset=utf-8")],
                body: Array("<!DOCTYPE html><html><head><title>Not found</title></head></html>".utf8))
        }
        let isHidden = options.quirks["permission"] == "none"
        if isHidden, path.count > 5, path[5] == "orders" {
            // An organizer's list of orders is one of those that the token may see.
            return .json(200, #"{"count":0,"next":null,"previous":null,"results":[]}"#)
        }
        if isHidden || (path.count > 7 && !isEvent(path[6])) {
            return .json(
                403,
                Self.detail(
                    "You do not have permission to perform this action.",
                    #"Sie sind nicht berechtigt, diese Aktion durchzuf\u00fchren."#, request))
        }
        for name in ["modified_since", "created_since", "created_before"] {
            guard let time = request.query.last(where: { $0.name == name })?.value,
                PlatformTime.parse(time, zoneless: 0) == nil
            else { continue }
            return .json(400, #"{"\#(name)":["Enter a valid date/time."]}"#)
        }
        return nil
    }

    private func isEvent(_ slug: Substring) -> Bool { (0..<eventCount).contains { Self.slug($0) == slug } }

    private static func detail(_ english: String, _ german: String, _ request: SandboxRequest) -> String {
        let isGerman = request.header("Accept-Language")?.hasPrefix("de") == true
        return #"{"detail":"\#(isGerman ? german : english)"}"#
    }

    private static func answer(_ found: ListSandbox.Found) -> SandboxResponse {
        let next = found.next.map { #""\#(found.baseURL)\#(found.path)?\#($0)""# } ?? "null"
        let isOrders = found.path.hasSuffix("/orders/")
        return .json(
            200,
            #"{"count":\#(found.count),"next":\#(next),"previous":null,"results":[\#(found.records.joined(separator: ","))]}"#,
            headers: isOrders ? [("X-Page-Generated", PlatformTime.format(found.now))] : [])
    }

    // MARK: - Records

    private static let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZ3789")

    private static func word(_ number: Int, length: Int) -> String {
        var rest = number
        let found = (0..<length).map { _ in
            defer { rest /= letters.count }
            return letters[rest % letters.count]
        }
        return String(found)
    }

    private static func code(_ index: Int) -> String { word(index &* 7919 + 11, length: 6) }
    private static func identifier(_ index: Int) -> String { word(index &* 104_729 + 5, length: 7) }
    private static func slug(_ index: Int) -> String { "event-\(index + 1)" }
    private static func time(_ date: Date) -> String { #""\#(PlatformTime.format(date).dropLast()).250000Z""# }
    private static func money(_ cents: Int) -> String {
        let text = "\(abs(cents) % 100)"
        return #""\#(cents < 0 ? "-" : "")\#(abs(cents) / 100).\#(text.count < 2 ? "0" + text : text)""#
    }

    /// What an order is made of, the same for both of its lists.
    private struct Facts {
        let event: Int
        var positions: [(item: Int, price: Int, isCanceled: Bool)] = []
        var fee: Int?
        let status: String
        let isTest: Bool
        let customer: Int?

        var total: Int { positions.reduce(0) { $0 + ($1.isCanceled ? 0 : $1.price) } + (fee ?? 0) }
    }

    private func order(_ index: Int) -> Facts {
        var random = SeededRandom(seed: options.seed ^ UInt64(index) &* 0x51ED)
        let event = Int.random(in: 0..<eventCount, using: &random)
        let customers = options.sizes["customers"] ?? 110
        var facts = Facts(
            event: event, status: ["n", "p", "p", "p", "e", "c"][Int.random(in: 0..<6, using: &random)],
            isTest: Int.random(in: 0..<5, using: &random) == 0,
            customer: customers > 0 && Bool.random(using: &random) ? Int.random(in: 0..<customers, using: &random) : nil
        )
        for _ in 0...Int.random(in: 0..<4, using: &random) {
            let item = event + eventCount * Int.random(in: 0..<8, using: &random)
            facts.positions.append((item, 100 * (item % 60), Int.random(in: 0..<12, using: &random) == 0))
        }
        if Int.random(in: 0..<3, using: &random) == 0 { facts.fee = 500 }
        return facts
    }

    private func order(_ facts: inout ListSandbox.Facts) -> String {
        let order = order(facts.index)
        let code = Self.code(facts.index)
        let positions = order.positions.enumerated().map { number, position in
            let hasVariation = position.item % 4 == 3
            return """
                {"id":\(facts.index * 8 + number + 1),"order":"\(code)","positionid":\(number + 1),"item":\(position.item + 1),\
                "variation":\(hasVariation ? "\((position.item + 1) * 10 + number % 2)" : "null"),"price":\(Self.money(position.price)),\
                "attendee_name":"Zo\\u00eb \(number)","attendee_email":null,"voucher":null,"tax_rate":"19.00",\
                "tax_value":\(Self.money(position.price * 19 / 119)),"secret":"open\(facts.index)sesame\(number)","addon_to":null,\
                "subevent":null,"checkins":[],"downloads":[],"answers":[],"tax_rule":1,"pseudonymization_id":"P\(facts.index)",\
                "seat":null,"canceled":\(position.isCanceled),"plugin_data":{}}
                """
        }
        let fees = order.fee.map {
            """
            {"id":\(facts.index + 1),"fee_type":"shipping","value":\(Self.money($0)),"description":"Post","internal_type":"",\
            "tax_rate":"0.00","tax_value":"0.00","tax_rule":null,"tax_code":null,"canceled":false}
            """
        }
        return """
            {"code":"\(code)","event":"\(Self.slug(order.event))","status":"\(order.status)","testmode":\(order.isTest),\
            "email":"guest\(facts.index)@example.org","phone":null,"locale":"en","datetime":\(Self.time(facts.createdAt)),\
            "expires":\(Self.time(facts.createdAt + 1_209_600)),"payment_date":null,"payment_provider":"manual",\
            "fees":[\(fees ?? "")],"total":\(Self.money(order.total)),"comment":"revision \(facts.revision) “quoted” 🦊",\
            "invoice_address":{"is_business":false,"company":"","name":"Ada","street":"Kai 7\\n2. OG","zipcode":"20457",\
            "city":"Hamburg","country":"DE","state":"","vat_id":""},"positions":[\(positions.joined(separator: ","))],\
            "downloads":[],"last_modified":\(Self.time(facts.updatedAt)),"require_approval":false,"sales_channel":"web",\
            "valid_if_pending":false,"api_meta":{},\
            "cancellation_date":\(order.status == "c" ? Self.time(facts.createdAt + 60) : "null"),"plugin_data":{}}
            """
    }

    private func payments(_ facts: inout ListSandbox.Facts) -> String {
        let order = order(facts.index)
        let isPaid = order.status == "p"
        let payment = """
            {"local_id":1,"state":"\(isPaid ? "confirmed" : "created")","amount":\(Self.money(order.total)),\
            "created":\(Self.time(facts.createdAt)),"payment_date":\(isPaid ? Self.time(facts.createdAt + 30) : "null"),\
            "provider":"banktransfer","payment_url":"https://tickets.example.org/pay/open\(facts.index)/","details":{}}
            """
        let refunds = (0..<(isPaid ? min(facts.revision + facts.index % 2, 9) : 0)).map { number in
            """
            {"local_id":\(number + 1),"state":"done","source":"admin","amount":\(Self.money(min(order.total, 100))),\
            "payment":1,"created":\(Self.time(facts.createdAt + 90)),"execution_date":\(Self.time(facts.createdAt + 95)),\
            "comment":"too loud","provider":"manual","details":{}}
            """
        }
        return """
            {"code":"\(Self.code(facts.index))","event":"\(Self.slug(order.event))","testmode":\(order.isTest),\
            "datetime":\(Self.time(facts.createdAt)),"last_modified":\(Self.time(facts.updatedAt)),"payments":[\(payment)],\
            "refunds":[\(refunds.joined(separator: ","))],\
            "customer":\(order.customer.map { #""\#(Self.identifier($0))""# } ?? "null")}
            """
    }

    private func event(_ facts: inout ListSandbox.Facts) -> String {
        let currency = Self.currencies[facts.index % Self.currencies.count]
        return """
            {"name":{"de":"Konzert \(facts.index)","en":"Concert \(facts.revision)"},"slug":"\(Self.slug(facts.index))","live":true,\
            "testmode":false,"currency":"\(currency)","date_from":\(Self.time(facts.createdAt + 7_776_000)),"is_public":true,\
            "timezone":"Europe/Berlin","plugins":[],"public_url":"https://tickets.example.org/harbour/\(Self.slug(facts.index))/"}
            """
    }

    private func item(_ facts: inout ListSandbox.Facts) -> String {
        let id = facts.index + 1
        let variations = (0..<(facts.index % 4 == 3 ? 2 : 0)).map {
            """
            {"id":\(id * 10 + $0),"value":{"en":"Size \($0)"},"active":true,"default_price":null,\
            "price":\(Self.money(100 * (facts.index % 60))),"original_price":null,"position":\($0)}
            """
        }
        return """
            {"id":\(id),"category":1,"name":{"de":"Karte \(id)","en":"Ticket \(id)"},"internal_name":null,"active":true,\
            "description":null,"default_price":\(Self.money(100 * (facts.index % 60) + facts.revision)),"tax_rate":"19.00","tax_rule":1,\
            "admission":true,"position":\(facts.index),"picture":null,"has_variations":\(!variations.isEmpty),\
            "variations":[\(variations.joined(separator: ","))],"original_price":null,"issue_giftcard":false}
            """
    }

    private func customer(_ facts: inout ListSandbox.Facts) -> String {
        """
        {"identifier":"\(Self.identifier(facts.index))","external_identifier":null,"email":"buyer\(facts.index)@example.org",\
        "phone":"+4930901820","name":"Ada \(facts.revision)","name_parts":{"_scheme":"full","full_name":"Ada \(facts.revision)"},\
        "is_active":true,"is_verified":true,"last_login":null,"date_joined":\(Self.time(facts.createdAt)),"locale":"de",\
        "last_modified":\(Self.time(facts.updatedAt)),"notes":null}
        """
    }
}
