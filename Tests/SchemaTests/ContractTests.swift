import Platforms
import Testing

@testable import Schema

@Suite("Contracts")
struct ContractTests {
    @Test("a contract is its story and its columns, after the common ones")
    func parsed() throws {
        let file = EmbeddedFile(
            path: "unified/toys.contract",
            text: "# Toys,\n# all of them.\n\nname   text   what it is called  \nparts text[]\n")
        let contract = try Contract(
            parsing: file, common: [Contract.Column(name: "id", type: "uuid", meaning: "which")])
        #expect(contract.entity == "toys" && contract.story == "Toys, all of them.")
        #expect(
            contract.columns == [
                Contract.Column(name: "id", type: "uuid", meaning: "which"),
                Contract.Column(name: "name", type: "text", meaning: "what it is called"),
                Contract.Column(name: "parts", type: "text[]", meaning: ""),
            ])
    }

    @Test(
        "what is no column is refused, with file and line",
        arguments: ["name varchar what", "Name text what", "name", "na-me text what", "name; text what"])
    func refused(_ line: String) {
        let file = EmbeddedFile(path: "unified/toys.contract", text: "# Toys.\nid uuid which\n\(line)\n")
        let error = #expect(throws: SchemaError.self) { try Contract(parsing: file) }
        #expect(error?.description.hasPrefix("unified/toys.contract, line 3: ") == true)
    }

    @Test("contracts without the common one are refused")
    func common() {
        let error = #expect(throws: SchemaError.self) {
            try Contract.all(in: [EmbeddedFile(path: "unified/toys.contract", text: "id uuid")])
        }
        #expect(error?.description.contains("common.contract") == true)
    }

    @Test("the package's own contracts read, begin alike, and name no column twice")
    func own() throws {
        let all = try Contract.all()
        #expect(all.count >= 5)
        for contract in all {
            #expect(contract.columns.first?.name == "connection_id", "\(contract.entity)")
            #expect(Set(contract.columns.map(\.name)).count == contract.columns.count, "\(contract.entity)")
            #expect(!contract.story.isEmpty, "\(contract.entity)")
        }
    }

    @Test("a view's file says what it feeds; a file that begins with a digit is no view")
    func platformView() {
        let view = PlatformView(
            EmbeddedFile(
                path: "Shopify/Views/orders.sql", text: "-- feeds: unified.a_b, and more\n-- feeds: unified.c\nselect 1"
            ))
        #expect(view.platform == "shopify" && view.qualifiedName == "shopify.orders" && view.isView)
        #expect(view.feeds == ["a_b", "c"])
        #expect(!PlatformView(EmbeddedFile(path: "Shopify/Views/00_functions.sql", text: "")).isView)
    }
}
