import FoundationEssentials

/// The token endpoint of a simulated shop: `POST /admin/oauth/access_token`, as a form or as JSON.
enum ShopifySandboxTokens {
    static func answer(
        _ request: SandboxRequest, _ credentials: [String: String], _ desk: SandboxTokenDesk, now: Date
    ) -> (status: Int, body: [UInt8]) {
        let fields = fields(of: request)
        func refuse(_ code: String, _ why: String) -> (Int, [UInt8]) {
            (400, Array(#"{"error":"\#(code)","error_description":"\#(why)"}"#.utf8))
        }
        guard request.method == "POST" else {
            desk.refuse()
            return (404, Array("<!DOCTYPE html><html><title>404 Not Found</title></html>".utf8))
        }
        guard let id = fields["client_id"], id == credentials["client_id"],
            fields["client_secret"] == credentials["client_secret"]
        else {
            desk.refuse()
            return refuse("invalid_client", "Client authentication failed.")
        }
        switch fields["grant_type"] {
        case "client_credentials" where credentials[TokenGrant.refreshField] == nil:
            return (200, body(of: desk.issue(now: now)))
        case "refresh_token":
            do throws(SandboxTokenDesk.Refusal) {
                return (200, body(of: try desk.refresh(with: fields["refresh_token"] ?? "", now: now)))
            } catch {
                if error == .unknown { desk.refuse() }
                return refuse("invalid_grant", "The refresh token is invalid, has expired or was already used.")
            }
        default:
            desk.refuse()
            return refuse("unsupported_grant_type", "The grant type is not supported.")
        }
    }

    private static func body(of issued: SandboxTokenDesk.Issued) -> [UInt8] {
        var text = #"{"access_token":"\#(issued.access)","scope":"read_customers,read_orders,read_products","#
        text += #""expires_in":\#(issued.life)"#
        if let refresh = issued.refresh {
            text += #","refresh_token":"\#(refresh)","refresh_token_expires_in":\#(issued.refreshLife)"#
        }
        return Array((text + "}").utf8)
    }

    private static func fields(of request: SandboxRequest) -> [String: String] {
        if request.header("content-type")?.hasPrefix("application/json") == true {
            return (try? JSONDecoder().decode([String: String].self, from: Data(request.body))) ?? [:]
        }
        var fields: [String: String] = [:]
        for pair in String(decoding: request.body, as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            fields[decoded(parts[0])] = decoded(parts[1])
        }
        return fields
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
