import Documents
import FoundationEssentials
import RawJSON

/// A simulated seller's records as Amazon writes them.
extension AmazonSandboxWorld {
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    static func time(_ seconds: Int) -> String { AmazonTime.format(Date(timeIntervalSince1970: Double(seconds))) }

    private static func money(_ minor: Int, _ currency: String) -> String {
        #"{"CurrencyCode":"\#(currency)","Amount":"\#(amount(minor, currency))"}"#
    }

    func orderTotal(_ number: Int) -> Int {
        items(number).reduce(0) { $0 + $1.price + $1.tax + $1.shipping - $1.discount }
    }

    func order(_ number: Int, showsBuyer: Bool = false, bytes: Int? = nil) -> [UInt8] {
        let order = orders[number]
        let status = status(number)
        let spoilt = spoiling(number, 50)
        let channel = hash(number, 51) % 2 == 0 ? "AFN" : "MFN"
        let placed = spoilt == 0 ? "null" : "\"\(Self.time(order.created))\""
        var text = #"{"AmazonOrderId":"\#(id(number))","PurchaseDate":\#(placed),"#
        text += #""LastUpdateDate":"\#(Self.time(order.updated))","#
        text += #""OrderStatus":\#(spoilt == 1 ? "\"Teleported\"" : "\"\(status)\"")"#
        if hash(number, 52) % 30 == 0, !hasMoney(number), spoilt == nil {
            // Nothing but what is guaranteed.
            return Array((text + #","MarketplaceId":"\#(marketplace(number))"}"#).utf8)
        }
        text += #","FulfillmentChannel":"\#(channel)","NumberOfItemsShipped":\#(status == "Shipped" ? 1 : 0)"#
        text += #","SalesChannel":"Amazon.com","MarketplaceId":"\#(marketplace(number))","OrderType":"StandardOrder""#
        if hash(number, 53) % 4 == 0 { text += #","SellerOrderId":"M-\#(number)""# }
        if hasMoney(number) || spoilt != nil {
            let currency = spoilt == 2 ? "???" : currency(number)
            let total = Self.amount(orderTotal(number), currency)
            let shown = spoilt == 3 ? "\"N/A\"" : spoilt == 4 ? "[]" : "\"\(total)\""
            text += #","OrderTotal":{"CurrencyCode":"\#(currency)","Amount":\#(shown)}"#
        }
        text += #","PaymentMethod":"Other","PaymentMethodDetails":["Standard"]"#
        text += #","IsBusinessOrder":\#(hash(number, 54) % 8 == 0),"IsPrime":\#(hash(number, 55) % 2 == 0)"#
        if isReplacement(number), number > 0 {
            text += #","IsReplacementOrder":"true","ReplacedOrderId":"\#(id(number - 1))""#
        }
        if showsBuyer {
            text += #","BuyerInfo":{"BuyerEmail":"b\#(number)@marketplace.amazon.com","BuyerName":"Buyer \#(number)"}"#
        } else if hash(number, 56) % 3 == 0 {
            text += #","BuyerInfo":{}"#
        }
        if let bytes, text.utf8.count + 30 < bytes {
            text += #","ShipServiceLevel":"\#(String(repeating: "x", count: bytes - text.utf8.count - 25))""#
        }
        return Array((text + "}").utf8)
    }

    func item(_ number: Int, _ item: Item, _ index: Int) -> [UInt8] {
        let currency = currency(number)
        let spoilt = spoiling(number * 64 + index, 57)
        var text = #"{"ASIN":"\#(asin(item.product))","OrderItemId":"\#(item.id)","SellerSKU":"\#(sku(item.product))","#
        text += #""Title":\#(Self.quoted(title(item.product))),"#
        text += #""QuantityOrdered":\#(spoilt == 0 ? "\"many\"" : String(item.quantity))"#
        text += #","QuantityShipped":\#(status(number) == "Shipped" ? item.quantity : 0)"#
        if hasMoney(number) || spoilt != nil {
            text += #","ItemPrice":"# + (spoilt == 1 ? "[7]" : Self.money(item.price, spoilt == 2 ? "1" : currency))
            text += #","ItemTax":\#(Self.money(item.tax, currency))"#
            if item.shipping > 0 { text += #","ShippingPrice":\#(Self.money(item.shipping, currency))"# }
            if item.discount > 0 {
                text += #","PromotionDiscount":\#(Self.money(item.discount, currency)),"PromotionIds":["SAVE10"]"#
            }
        }
        text += #","IsGift":"false","ConditionId":"New","TaxCollection":{"Model":"MarketplaceFacilitator"}"#
        return Array((text + "}").utf8)
    }

    // MARK: - Finances

    func event(_ event: Event) -> [UInt8] {
        let currency = currency(event.order)
        let spoilt = spoiling(event.order * 8 + event.variant, 60)
        let posted = spoilt == 0 ? "\"soon\"" : "\"\(Self.time(event.posted))\""
        func amount(_ minor: Int) -> String {
            let number = spoilt == 1 ? "\"lots\"" : Self.amount(minor, currency)
            return #"{"CurrencyCode":"\#(spoilt == 2 ? "none" : currency)","CurrencyAmount":\#(number)}"#
        }
        func charge(_ type: String, _ minor: Int) -> String {
            #"{"ChargeType":"\#(type)","ChargeAmount":\#(amount(minor))}"#
        }
        func fee(_ type: String, _ minor: Int) -> String { #"{"FeeType":"\#(type)","FeeAmount":\#(amount(minor))}"# }
        switch event.list {
        case "ServiceFeeEventList":
            return Array(
                (#"{"AmazonOrderId":"\#(id(event.order))","FeeReason":"FBA","FeeList":[\#(fee("FBAStorageFee", -350))],"#
                    + #""SellerSKU":"\#(sku(0))"}"#).utf8)
        case "AdjustmentEventList":
            return Array(
                (#"{"AdjustmentType":"REVERSAL_REIMBURSEMENT","PostedDate":\#(posted),"StoreName":"","#
                    + #""AdjustmentAmount":\#(amount(1234 + event.order))}"#).utf8)
        default: break
        }
        let sign = event.list == "ShipmentEventList" ? 1 : -1
        let suffix = sign == 1 ? "" : "Adjustment"
        let items = items(event.order).map { item in
            var text =
                #"{"SellerSKU":"\#(sku(item.product))","\#(sign == 1 ? "OrderItemId" : "OrderAdjustmentItemId")""#
            text += #":"\#(item.id)","QuantityShipped":\#(item.quantity),"ItemCharge\#(suffix)List":["#
            text += charge("Principal", sign * item.price) + "," + charge("Tax", sign * item.tax)
            if item.shipping > 0 { text += "," + charge("ShippingCharge", sign * item.shipping) }
            text += #"],"ItemFee\#(suffix)List":["# + fee("Commission", -sign * item.price * 15 / 100) + "]"
            if item.discount > 0 {
                text +=
                    #","Promotion\#(sign == 1 ? "" : "Adjustment")List":[{"PromotionType":"PromotionMetaDataDefinitionValue","#
                text += #""PromotionId":"SAVE10","PromotionAmount":\#(amount(-sign * item.discount))}]"#
            }
            return text + "}"
        }
        return Array(
            (#"{"AmazonOrderId":"\#(id(event.order))","SellerOrderId":"\#(id(event.order))","#
                + #""MarketplaceName":"Amazon.com","PostedDate":\#(posted),"#
                + #""ShipmentItem\#(suffix)List":[\#(items.joined(separator: ","))]}"#).utf8)
    }

    func group(_ group: Int, now: Int) -> [UInt8] {
        let currency = AmazonMarketplaces.currencies[marketplaces[0]] ?? "USD"
        let end = groupEnd(group)
        let isOpen = end > now
        func amount(_ minor: Int) -> String {
            #"{"CurrencyCode":"\#(currency)","CurrencyAmount":\#(Self.amount(minor, currency))}"#
        }
        var text =
            #"{"FinancialEventGroupId":"\#(groupID(group))","ProcessingStatus":"\#(isOpen ? "Open" : "Closed")","#
        text += #""OriginalTotal":\#(amount(10_000 + Int(hash(group + 5000, 41) % 900_000))),"#
        text += #""BeginningBalance":\#(amount(0)),"FinancialEventGroupStart":"\#(Self.time(end - 14 * Self.day))""#
        if !isOpen {
            text += #","FundTransferStatus":"Succeeded","FundTransferDate":"\#(Self.time(end + 2 * Self.day))","#
            text += #""TraceId":"\#(hash(group + 5000, 42) % 1_000_000)","AccountTail":"123","#
            text += #""FinancialEventGroupEnd":"\#(Self.time(end))""#
        }
        return Array((text + "}").utf8)
    }
}
