import Testing

@testable import GatewayConfiguration

@Suite("Whatever is in the file, the reader ends with a configuration or a problem")
struct MutationTests {
    /// The same numbers on every run (SplitMix64), so that a failure can be seen again.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let pieces = [
        "\n", "  ", "- ", ": ", "{", "}", "[", "]", "\"", "'", "#", "&a ", "*a", "!x ", "${", "${A}", "${file:x}",
        "|\n", ">-\n", "? ",
        "<<: ", "---\n", "...\n", "\t", "\u{0}", "\u{85}", "é", "\u{1F600}", "0", "99999999999999999999", "%", "@", "`",
        "~", "null",
        "true", "workers: 1\n", "api", "/", "..", "%2F", "10s", "KiB", "-1",
    ]

    private func mutate(_ text: [UInt8], with numbers: inout Numbers) -> [UInt8] {
        var bytes = text
        for _ in 0..<Int.random(in: 1...4, using: &numbers) {
            let index = Int.random(in: 0..<bytes.count, using: &numbers)
            let end = min(bytes.count, index + Int.random(in: 0...30, using: &numbers))
            let other = Int.random(in: 0..<bytes.count, using: &numbers)
            let otherEnd = min(bytes.count, other + Int.random(in: 0...200, using: &numbers))
            switch Int.random(in: 0..<6, using: &numbers) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &numbers)
            case 1: bytes.removeSubrange(index..<end)
            case 2: bytes.insert(contentsOf: bytes[other..<otherEnd], at: index)
            case 3: bytes.replaceSubrange(index..<end, with: (Self.pieces.randomElement(using: &numbers) ?? "").utf8)
            case 4: bytes.insert(contentsOf: (Self.pieces.randomElement(using: &numbers) ?? "").utf8, at: index)
            default: bytes.removeLast(bytes.count - max(index, 1))
            }
            if bytes.isEmpty {
                bytes = [0x0A]
            }
        }
        return bytes
    }

    /// Lines in another order, doubled or left out keep most of a file readable.
    private func shuffleLines(_ text: [UInt8], with numbers: inout Numbers) -> [UInt8] {
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        for _ in 0..<Int.random(in: 1...3, using: &numbers) {
            let line = Int.random(in: 0..<lines.count, using: &numbers)
            let other = Int.random(in: 0..<lines.count, using: &numbers)
            switch Int.random(in: 0..<3, using: &numbers) {
            case 0: lines.swapAt(line, other)
            case 1: lines.insert(lines[line], at: other)
            default: if lines.count > 1 { lines.remove(at: line) }
            }
        }
        return Array(lines.joined(separator: [0x0A]))
    }

    @Test("random changes of the example file", arguments: [1, 2, 3, 4] as [UInt64])
    func mutations(seed: UInt64) throws {
        print("seed \(seed)")
        var numbers = Numbers(state: seed)
        let example = Array(try Fixture.packageFile("deploy/portcullis.example.yaml").utf8)
        var loadedCount = 0
        var refusedCount = 0
        for _ in 0..<300 {
            let changed =
                Bool.random(using: &numbers)
                ? mutate(example, with: &numbers) : shuffleLines(example, with: &numbers)
            do {
                let configuration = try ConfigurationLoader.load(
                    bytes: changed, path: "p.yaml", environment: Fixture.exampleEnvironment, files: Fixture.files([:]))
                #expect(
                    configuration.routes.allSatisfy { route in
                        configuration.upstreams.contains { $0.name == route.upstreamName }
                    })
                loadedCount += 1
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(
                    error.problems.allSatisfy { !$0.description.contains("\n") && !$0.description.contains("hunter2") })
                refusedCount += 1
            }
        }
        #expect(loadedCount > 0 && refusedCount > 0)
    }
}
