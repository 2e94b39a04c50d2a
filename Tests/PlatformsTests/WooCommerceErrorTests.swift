import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// What shops refuse, in every language the same code.
@Suite("WooCommerce: errors") struct WooCommerceErrorTests {
    static let languages = ["en", "fr", "es", "fa"]

    /// What a read of the orders fails with.
    private func code(_ quirks: [String: String], resource: String = "orders") throws -> String? {
        let shop = try WooCommerceShop(quirks)
        return Result { try shop.walk.run(resource) }.code
    }

    private func meaning(_ answer: PlatformResponse) -> UnifiedError {
        let request = WooCommerceServer(root: "/wp-json", namespace: "wc/v3").request(
            "/orders", query: [], purpose: "full")
        return WooCommerceRefusal(
            Exchange(request: request, response: answer), rules: WooCommercePlatform().ownRules, resource: "orders"
        ).error
    }

    private func meaning(
        _ status: Int, _ body: String, headers: [(name: String, value: String)] = [("Content-Type", "application/json")]
    ) -> UnifiedError {
        meaning(
            PlatformResponse(
                status: status, headers: headers, body: PaddedBytes(body), requestedAt: MerchantWalk.start))
    }

    @Test(
        "a key without the right, a user without it, the plugin switched off: the same code in every language",
        arguments: languages)
    func everyLanguage(language: String) throws {
        #expect(try code(["language": language, "right": "write"]) == "auth.scope_missing")
        #expect(try code(["language": language, "right": "role"]) == "auth.scope_missing")
        #expect(try code(["language": language, "plugin": "off"]) == "store.api_missing")
        #expect(try code(["language": language, "maintenance": "yes"]) == "platform.maintenance")
        #expect(try code(["language": language, "database_down": "yes"]) == "store.crash")
        #expect(try code(["language": language, "permalinks": "plain"]) == "store.api_missing")
    }

    @Test(
        "what stands in front of the shop",
        arguments: [
            ("blocked", "blocked.waf"), ("cloudflare", "blocked.waf"), ("challenge", "blocked.waf"),
            ("captcha", "blocked.waf"), ("modsecurity", "blocked.waf"), ("password", "blocked.password_page"),
        ])
    func firewalls(word: String, expected: String) throws {
        #expect(try code(["security_plugin": word]) == expected)
    }

    @Test("plain permalinks are said to be what has to be changed")
    func plainPermalinks() throws {
        let shop = try WooCommerceShop(["permalinks": "plain"])
        do {
            try shop.walk.run("orders")
            Issue.record("it was read")
        } catch let failure as ReadFailure {
            #expect(failure.error.message.contains("permalinks"))
            #expect(failure.error.policy == .blockConnection)
        }
    }

    @Test("too many requests: without a time to wait, and with one")
    func tooMany() throws {
        let blind = meaning(429, "<html>nginx</html>", headers: [("Content-Type", "text/html")])
        #expect(blind.code == .rateLimitedNoHint)
        let told = meaning(429, "{}", headers: [("Retry-After", "30")])
        #expect(told.code == .rateLimited && told.retryAfter == .seconds(30))
        #expect(meaning(508, "Resource limit reached").code == .rateConcurrency)
    }

    @Test("a limit teaches to be slower")
    func lessons() throws {
        let request = WooCommerceServer(root: "/wp-json", namespace: "wc/v3").request(
            "/orders", query: [], purpose: "full")
        let answer = PlatformResponse(
            status: 429, headers: [("Retry-After", "7")], body: PaddedBytes(""), requestedAt: MerchantWalk.start)
        let refusal = WooCommerceRefusal(
            Exchange(request: request, response: answer), rules: WooCommercePlatform().ownRules, resource: "orders")
        #expect(refusal.lessons.count == 2)
        #expect(refusal.lessons.allSatisfy { $0.bucket == WooCommercePlatform.rateBucket })
    }

    @Test("maintenance is waited for as long as it says, and then the shop is read")
    func maintenance() throws {
        let page = "<!DOCTYPE html><title>Maintenance</title>No disponible por mantenimiento programado.  Vuelve."
        let error = meaning(503, page, headers: [("Retry-After", "600"), ("Content-Type", "text/html")])
        #expect(error.code == .platformMaintenance && error.retryAfter == .seconds(600))
        let shop = try WooCommerceShop(["maintenance": "3"])
        for _ in 0..<3 { #expect(Result { try shop.walk.run("orders") }.code == "platform.maintenance") }
        try shop.read(["orders"])
        shop.expectTruth(["orders"])
    }

    @Test(
        "signatures and clocks, in the languages of the shop",
        arguments: [
            ("Invalid timestamp.", "auth.clock_skew"), ("Horodatage invalide.", "auth.clock_skew"),
            ("Fecha y hora no válida.", "auth.clock_skew"),
            ("Invalid nonce - nonce has already been used.", "request.invalid_no_reason"),
            ("Nonce invalide - Le nonce a déjà été utilisé.", "request.invalid_no_reason"),
            ("Nonce no válido - este nonce ya se ha utilizado.", "request.invalid_no_reason"),
            ("La clé secrète utilisateur est non valide.", "auth.credentials_invalid"),
            ("Firma no válida - la firma proporcionada no coincide.", "auth.credentials_invalid"),
            ("La clé d&rsquo;API fournie ne possède pas des droits de lecture.", "auth.scope_missing"),
            ("La clave de la API proporcionada no tiene permisos de lectura.", "auth.scope_missing"),
            ("etwas ganz anderes", "auth.credentials_invalid"),
        ])
    func signatures(message: String, expected: String) {
        let error = meaning(
            401, #"{"code":"woocommerce_rest_authentication_error","message":"\#(message)","data":{"status":401}}"#)
        #expect(error.code.name == expected)
    }

    @Test(
        "single answers",
        arguments: [
            (404, #"{"code":"woocommerce_rest_shop_order_invalid_id","message":"ID no válido."}"#, "data.not_found"),
            (500, #"{"code":"woocommerce_rest_invalid_order_id","message":"x","data":404}"#, "data.not_found"),
            (400, #"{"code":"rest_invalid_param","message":"Parámetro(s) no válido(s): page"}"#, "request.invalid"),
            (400, "", "request.invalid_no_reason"),
            (500, #"{"code":"internal_server_error","message":"<p>Il y a eu une erreur critique</p>"}"#, "store.crash"),
            (500, "", "store.crash"), (200, "", "data.malformed"), (200, #"[{"id":1,"#, "data.malformed"),
            (502, "<html>Bad Gateway</html>", "store.crash"), (504, "<html></html>", "platform.timeout"),
            (401, #"{"code":"rest_forbidden","message":"x"}"#, "blocked.waf"),
            (200, "<!doctype html><html>Coming soon</html>", "store.api_missing"),
            (200, "{}", "data.malformed"), (403, "<html>Forbidden</html>", "blocked.waf"),
            (200, "<br />\n<b>Fatal error</b>:  Allowed memory size of 1 bytes exhausted", "store.crash"),
        ])
    func singleAnswers(status: Int, body: String, expected: String) {
        #expect(meaning(status, body, headers: []).code.name == expected)
    }

    @Test("every rule has a name of its own, and can decide")
    func rules() {
        let rules = WooCommercePlatform().errorRules
        #expect(Set(rules.map(\.id)).count == rules.count)
        for rule in rules { #expect(rule.hasConditions && rule.id.hasPrefix("woocommerce."), "\(rule.id)") }
    }
}
