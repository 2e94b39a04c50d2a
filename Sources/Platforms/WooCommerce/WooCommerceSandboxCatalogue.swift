/// How a simulated shop shows its products, their variations and its customers.
extension WooCommerceSandboxRecords {
    func product(_ product: Item) -> Members {
        let isVariable = !product.children.isEmpty
        let price = 199 + product.draw(1, 9000) + product.revision
        let isManaged = product.draw(2, 2) == 0
        let slug = "biere-\(product.id)"
        var members: Members = [
            ("id", "\(product.id)"), ("name", Self.quoted("Bière &amp; Brezel \(product.id)")),
            ("slug", Self.quoted(slug)), ("permalink", Self.quoted("\(home)/produit/\(slug)/")),
        ]
        members += times("date_created", product.created) + times("date_modified", product.modified)
        members += [
            ("type", isVariable ? "\"variable\"" : "\"simple\""),
            ("status", product.isTrashed ? "\"trash\"" : product.draw(3, 9) == 0 ? "\"draft\"" : "\"publish\""),
            ("featured", "false"), ("catalog_visibility", "\"visible\""),
            ("description", Self.quoted("<p>Sorte \(product.id)</p>\n")), ("short_description", "\"\""),
            ("sku", Self.quoted("SKU-\(product.id)")), ("price", Self.money(price)),
            ("regular_price", isVariable ? "\"\"" : Self.money(price)), ("sale_price", "\"\""),
        ]
        members += times("date_on_sale_from", nil) + times("date_on_sale_to", nil)
        members += [
            ("on_sale", "false"), ("purchasable", "true"), ("total_sales", "\(product.draw(4, 500))"),
            ("virtual", "false"), ("downloadable", "false"), ("downloads", "[]"), ("external_url", "\"\""),
            ("tax_status", "\"taxable\""), ("tax_class", "\"\""), ("manage_stock", "\(isManaged)"),
            ("stock_quantity", isManaged ? "\(product.draw(5, 90) - 5)" : "null"), ("backorders", "\"no\""),
            ("weight", product.draw(6, 2) == 0 ? "\"0.5\"" : "\"\""),
            ("dimensions", "{\"length\":\"\",\"width\":\"\",\"height\":\"\"}"), ("shipping_required", "true"),
            ("categories", "[{\"id\":15,\"name\":\"Boissons &amp; co\",\"slug\":\"boissons\"}]"),
            ("tags", "[{\"id\":9,\"name\":\"frais\",\"slug\":\"frais\"}]"),
            (
                "images",
                "[{\"id\":7,\"src\":\(Self.quoted("\(home)/wp-content/uploads/\(slug).jpg")),\"name\":\"\",\"alt\":\"\"}]"
            ),
            ("attributes", "[]"), ("default_attributes", "[]"),
            ("variations", "[" + product.children.map(String.init).joined(separator: ",") + "]"),
            ("menu_order", "0"), ("meta_data", "[]"), ("stock_status", "\"instock\""),
            ("has_options", "\(isVariable)"), ("parent_id", "0"),
        ]
        return spoilt(members + links("products/\(product.id)"), product)
    }

    func variation(_ variation: Item) -> Members {
        let price = 299 + variation.draw(1, 9000) + variation.revision * 10
        let sizes = ["S", "M", "L", "XL"]
        var members: Members = [("id", "\(variation.id)")]
        if quirks.version >= (8, 3) { members.append(("type", "\"variation\"")) }
        members += times("date_created", variation.created) + times("date_modified", variation.modified)
        members += [
            ("description", "\"\""), ("permalink", Self.quoted("\(home)/produit/?attribute_size=M")),
            ("sku", Self.quoted("SKU-\(variation.parent)-\(variation.id)")), ("price", Self.money(price)),
            ("regular_price", Self.money(price + 100)), ("sale_price", Self.money(price)), ("on_sale", "true"),
            ("status", "\"publish\""), ("purchasable", "true"), ("virtual", "false"),
            ("tax_status", "\"taxable\""),
            ("manage_stock", ["true", "false", "\"parent\""][variation.draw(2, 3)]),
            ("stock_quantity", ["5", "null", "2.5"][variation.draw(3, 3)]), ("stock_status", "\"instock\""),
            ("weight", "\"\""), ("dimensions", "{\"length\":\"\",\"width\":\"\",\"height\":\"\"}"),
            ("image", "null"),
            (
                "attributes",
                "[{\"id\":0,\"name\":\"Taille\",\"option\":\(Self.quoted(sizes[variation.draw(4, 4)]))}]"
            ),
            ("menu_order", "\(variation.draw(5, 5))"), ("meta_data", "[]"),
        ]
        if quirks.version >= (8, 3) { members.append(("parent_id", "\(variation.parent)")) }
        let path = "products/\(variation.parent)"
        return spoilt(members + links("\(path)/variations/\(variation.id)", up: path), variation)
    }

    func customer(_ customer: Item) -> Members {
        var members: Members = [("id", "\(customer.id)")]
        members += times("date_created", customer.created) + times("date_modified", customer.modified)
        members += [
            ("email", Self.quoted("kunde\(customer.id)@example.com")), ("first_name", "\"Zoë\""),
            ("last_name", Self.quoted("Müller \(customer.revision)")),
            ("role", customer.draw(1, 10) == 0 ? "\"subscriber\"" : "\"customer\""),
            ("username", Self.quoted("kunde\(customer.id)")), ("billing", address(customer, isBilling: true)),
            ("shipping", address(customer, isBilling: false)), ("is_paying_customer", "\(customer.draw(2, 2) == 0)"),
            ("avatar_url", "\"https:\\/\\/secure.gravatar.com\\/avatar\\/0?s=96\""), ("meta_data", "[]"),
        ]
        return spoilt(members + links("customers/\(customer.id)"), customer)
    }
}
