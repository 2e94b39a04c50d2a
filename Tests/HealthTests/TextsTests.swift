import Health
import Platforms
import Testing

@Suite("What people are told")
struct TextsTests {
    @Test("in every language each code has its texts, and no text has a name that nobody knows")
    func complete() {
        #expect(Texts.languages.contains("en"))
        for language in Texts.languages { #expect(Texts.inLanguage(language).problems == [], "\(language)") }
        #expect(Texts.inLanguage("xx").language == "en")
    }

    @Test("no text blames, and none speaks the language of machines")
    func plain() {
        for code in CustomerCode.allCases {
            guard let text = Texts.english.merchant(code) else { continue }
            let words = "\(text.happened) \(text.affected) \(text.action)".lowercased()
            for word in ["http", "json", "exception", "null", "api ", "your fault", "{", "}", "[", "]"] {
                #expect(!words.contains(word), "\(code.rawValue) says \(word)")
            }
        }
    }

    @Test("what is known is filled in, what is not is left out or put in general words")
    func filled() throws {
        let full = try #require(
            Texts.english.merchant(
                .reconnect,
                [.shop: "Chez {link}", .platform: "Shopify", .since: "3 May", .link: "https://app.example/c/1"]))
        #expect(full.happened == "We can no longer sign in to Chez {link} on Shopify.")
        #expect(full.affected == "No new data has come in since 3 May. What we have is safe and stays available.")
        #expect(full.action == "Open https://app.example/c/1 and sign in again.")
        let bare = try #require(Texts.english.merchant(.slowDown))
        #expect(bare.happened == "The platform limits how fast we may read your shop.")
        #expect(bare.affected == "Updates are delayed.")
        #expect(Texts.english.merchant(.none) == nil)
        #expect(Texts.english.engineer(.rateLimited).contains("rate limit"))
    }
}
