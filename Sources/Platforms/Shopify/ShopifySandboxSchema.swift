/// The part of Shopify's schema that the sandbox plays: types and their fields, written as a table.
///
/// `name` is a scalar, `name:Type` an object, `name:[Type]` a plain list, `name:Type*` a connection. The order of
/// fields is the order of the values in a ``ShopifySandboxObject``.
final class ShopifySandboxType: @unchecked Sendable {
    // @unchecked: everything is written while the table below is built, before anybody else can see it.
    enum Shape: Sendable { case scalar, object, list, connection }

    struct Field: Sendable {
        let index: Int
        let shape: Shape
        let typeName: String
    }

    let name: String
    let fields: [String: Field]

    private init(_ name: String, _ text: String) {
        self.name = name
        var fields: [String: Field] = [:]
        for (index, word) in text.split(whereSeparator: { $0 == " " || $0 == "\n" }).enumerated() {
            let parts = word.split(separator: ":")
            var type = parts.count > 1 ? String(parts[1]) : ""
            var shape = parts.count > 1 ? Shape.object : .scalar
            if type.hasPrefix("[") {
                shape = .list
                type = String(type.dropFirst().dropLast())
            } else if type.hasSuffix("*") {
                shape = .connection
                type = String(type.dropLast())
            }
            fields[String(parts[0])] = Field(index: index, shape: shape, typeName: type)
        }
        self.fields = fields
    }

    static func named(_ name: String) -> ShopifySandboxType {
        guard let type = all[name] else { preconditionFailure("the sandbox's schema lacks a type it names: \(name)") }
        return type
    }

    static let all: [String: ShopifySandboxType] = {
        let list = table.map { ShopifySandboxType($0.0, $0.1) }
        return Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0) })
    }()

    private static let table: [(String, String)] = [
        (
            "QueryRoot",
            """
            orders:Order* products:Product* customers:Customer* order:Order product:Product customer:Customer
            refund:Refund ordersCount:Count productsCount:Count customersCount:Count shop:Shop
            """
        ),
        ("Shop", "id name email myshopifyDomain currencyCode ianaTimezone"),
        ("PageInfo", ""),
        ("Count", "count precision"),
        ("MoneyV2", "amount currencyCode"),
        ("MoneyBag", "shopMoney:MoneyV2 presentmentMoney:MoneyV2"),
        (
            "MailingAddress",
            """
            firstName lastName name company address1 address2 city province provinceCode zip country countryCodeV2 phone
            """
        ),
        ("Location", "id name"),
        ("TaxLine", "title rate ratePercentage priceSet:MoneyBag"),
        ("DiscountApplication", "index"),
        ("DiscountCodeApplication", "index code"),
        ("AutomaticDiscountApplication", "index title"),
        ("ManualDiscountApplication", "index title"),
        ("ScriptDiscountApplication", "index title"),
        ("DiscountAllocation", "allocatedAmountSet:MoneyBag discountApplication:DiscountApplication"),
        ("PurchasingEntity", ""),
        ("PurchasingCompany", "company:Company"),
        ("Company", "id name"),
        (
            "Order",
            """
            id legacyResourceId name createdAt updatedAt processedAt cancelledAt cancelReason closedAt test poNumber
            currencyCode presentmentCurrencyCode taxesIncluded displayFinancialStatus displayFulfillmentStatus
            returnStatus email phone note tags discountCodes paymentGatewayNames sourceName sourceIdentifier
            customer:Customer purchasingEntity:PurchasingEntity retailLocation:Location billingAddress:MailingAddress
            shippingAddress:MailingAddress totalPriceSet:MoneyBag currentTotalPriceSet:MoneyBag
            subtotalPriceSet:MoneyBag totalTaxSet:MoneyBag totalDiscountsSet:MoneyBag totalShippingPriceSet:MoneyBag
            totalRefundedSet:MoneyBag totalReceivedSet:MoneyBag totalOutstandingSet:MoneyBag
            totalTipReceivedSet:MoneyBag originalTotalDutiesSet:MoneyBag shippingLines:ShippingLine*
            lineItems:LineItem* refunds:[Refund] transactions:[OrderTransaction]
            """
        ),
        (
            "ShippingLine",
            """
            id title code source originalPriceSet:MoneyBag discountedPriceSet:MoneyBag taxLines:[TaxLine]
            """
        ),
        (
            "LineItem",
            """
            id title variantTitle sku vendor quantity currentQuantity unfulfilledQuantity refundableQuantity
            nonFulfillableQuantity requiresShipping taxable isGiftCard product:Product variant:ProductVariant
            originalUnitPriceSet:MoneyBag discountedTotalSet:MoneyBag taxLines:[TaxLine]
            discountAllocations:[DiscountAllocation]
            """
        ),
        (
            "Refund",
            """
            id legacyResourceId createdAt updatedAt note totalRefundedSet:MoneyBag refundLineItems:RefundLineItem*
            refundShippingLines:RefundShippingLine* transactions:OrderTransaction* order:Order
            """
        ),
        (
            "RefundLineItem",
            """
            id quantity restockType restocked lineItem:LineItem location:Location subtotalSet:MoneyBag
            totalTaxSet:MoneyBag
            """
        ),
        ("RefundShippingLine", "id subtotalAmountSet:MoneyBag taxAmountSet:MoneyBag"),
        (
            "OrderTransaction",
            """
            id kind status test gateway formattedGateway createdAt processedAt errorCode settlementCurrency
            settlementCurrencyRate amountSet:MoneyBag parentTransaction:OrderTransaction paymentDetails:PaymentDetails
            fees:[TransactionFee]
            """
        ),
        ("TransactionFee", "type amount:MoneyV2"),
        ("PaymentDetails", ""),
        ("CardPaymentDetails", "company number wallet paymentMethodName"),
        ("LocalPaymentMethodsPaymentDetails", "paymentMethodName"),
        (
            "Product",
            """
            id legacyResourceId title handle descriptionHtml productType vendor status isGiftCard onlineStoreUrl
            publishedAt createdAt updatedAt tags totalInventory hasOnlyDefaultVariant category:TaxonomyCategory
            variantsCount:Count priceRangeV2:ProductPriceRangeV2 media:MediaImage* variants:ProductVariant*
            """
        ),
        ("TaxonomyCategory", "fullName"),
        ("ProductPriceRangeV2", "minVariantPrice:MoneyV2"),
        ("MediaImage", "preview:MediaPreviewImage"),
        ("MediaPreviewImage", "image:Image"),
        ("Image", "url"),
        (
            "ProductVariant",
            """
            id legacyResourceId title sku barcode price compareAtPrice position taxable availableForSale
            inventoryQuantity inventoryPolicy createdAt updatedAt selectedOptions:[SelectedOption]
            inventoryItem:InventoryItem
            """
        ),
        ("SelectedOption", "name value"),
        ("InventoryItem", "id tracked requiresShipping unitCost:MoneyV2 measurement:InventoryItemMeasurement"),
        ("InventoryItemMeasurement", "weight:Weight"),
        ("Weight", "unit value"),
        (
            "Customer",
            """
            id legacyResourceId firstName lastName displayName createdAt updatedAt note tags state taxExempt locale
            numberOfOrders verifiedEmail defaultEmailAddress:CustomerEmailAddress
            defaultPhoneNumber:CustomerPhoneNumber amountSpent:MoneyV2 defaultAddress:MailingAddress
            addressesV2:MailingAddress*
            """
        ),
        ("CustomerEmailAddress", "emailAddress marketingState"),
        ("CustomerPhoneNumber", "phoneNumber"),
    ]
}
