import Foundation
import TestSupport
import Testing

/// Each scenario of the list of Redis' faults has a test; this names it.
@Suite("Faults of Redis: the list")
struct FaultScenarioTests {
    private struct Scenario: Decodable {
        var id: String
    }

    private typealias Place = (file: String, test: String)

    private static let connecting: [String: Place] = [
        "F01": ("GatewayTests/OutageTests", "Redis down at the start: the gateway starts, says so"),
        "F02": ("RedisClientTests/ConnectingTests", "a port that swallows connection attempts"),
        "F03": ("RedisClientTests/MisbehavingServerTests", "a server that accepts and closes is tried again"),
        "F04": ("RedisClientTests/MisbehavingServerTests", "a server that never answers the handshake is given up"),
        "F05": ("RedisClientTests/MisbehavingServerTests", "no command is sent before every step of the handshake"),
        "F06": ("RedisClientTests/ReplyClassificationTests", "are decided as the vectors say"),
        "F07": ("GatewayTests/OutageTests", "a Redis user who may not read the deny-list: the gateway is not ready"),
        "F08": ("RedisClientTests/EncryptedConnectionTests", "are refused when the server's certificate has expired"),
        "F09": ("RedisClientTests/ConnectingTests", "a server with no room for another client"),
        "F10": ("RedisClientTests/MisbehavingServerTests", "a reply of another shape fails the command"),
    ]

    private static let reading: [String: Place] = [
        "F11": ("RedisClientTests/OutageTests", "a server stopped past the deadline and let go on"),
        "F12": ("RedisClientTests/OutageTests", "thousands of concurrent commands, many cancelled at random"),
        "F13": ("RedisClientTests/MisbehavingServerTests", "replies split at each byte reach the same commands"),
        "F14": ("RedisClientTests/ReentrancyTests", "the commands of one turn of the event loop leave in one write"),
        "F15": ("RedisClientTests/PrimaryElectionTests", "only what has surely not run is sent once more"),
        "F16": ("RedisClientTests/MisbehavingServerTests", "half a reply and then the end fails every waiting command"),
        "F17": ("RedisClientTests/OutageTests", "a silent connection to a server that answers no more"),
        "F18": ("RedisClientTests/OutageTests", "its late replies reach nobody"),
        "F19": ("RedisClientTests/MisbehavingServerTests", "a surplus reply reaches nobody and ends the connection"),
        "F20": ("RedisClientTests/RESPVectorTests", "every reply is read, waited for or refused as the vectors say"),
        "F21": ("RedisClientTests/ReplyShapeTests", "the shape of a reply"),
        "F22": ("RedisClientTests/ReplyBoundsTests", "a longer one is refused by its announced length alone"),
        "F23": ("RedisClientTests/RedisConnectionStateTests", "only commands past their deadline have timed out"),
        "F24": ("RedisClientTests/MisbehavingServerTests", "a server that does not read cannot make the client hold"),
        "F25": ("RedisClientTests/MisbehavingServerTests", "a server that does not read cannot make the client hold"),
        "F26": ("RedisClientTests/ConnectingTests", "a server that closes idle connections"),
        "F27": ("RedisClientTests/OutageTests", "connections killed by the server again and again"),
        "F28": ("RedisClientTests/ReconnectBackoffTests", "doubles up to its maximum"),
    ]

    private static let serving: [String: Place] = [
        "F29": ("RedisClientTests/ReplyClassificationTests", "are decided as the vectors say"),
        "F30": ("GatewayTests/OutageTests", "a Redis that takes no writes: a logout is not promised"),
        "F31": ("GatewayTests/RedisAdviceTests", "no persistence, eviction, a replica: each has its warning"),
        "F32": ("RevocationTests/MirrorTests", "a Redis that lost everything is filled again"),
        "F33": ("GatewayTests/RevocationModeTests", "too few replicas: a logout is not promised"),
        "F34": ("RedisClientTests/SentinelTests", "turned into a replica under a standing connection"),
        "F35": ("RedisClientTests/ReplyClassificationTests", "are decided as the vectors say"),
        "F36": ("GatewayTests/History/HistoryTests", "whatever happens to Redis"),
        "F37": ("RevocationTests/MirrorTests", "nodes whose clocks differ refuse the same"),
        "F51": ("GatewayTests/RevocationModeTests", "a mirror that is not fresh is not used"),
        "F52": (
            "RedisClientTests/RealServerTests", "a script runs by its digest, and again after the server forgot it"
        ),
        "F53": ("RedisClientTests/RealServerTests", "each with its own outcome"),
        "F54": ("GatewayTests/RestartTests", "stopping under load: no answer is broken off"),
        "F55": (
            "GatewayTests/History/HistoryTests", "nor whatever happens to the bytes between the gateways and Redis"
        ),
        "F56": ("RedisClientTests/RedisCommandTests", "arguments are prefixed by their lengths"),
        "F57": ("GatewayTests/OutageTests", "open: 200"),
        "F58": ("GatewayTests/OutageTests", "Redis killed under load: only 200 and 503 are seen"),
    ]

    private static let manyServers: [String: Place] = [
        "F38": ("GatewayTests/History/HistoryTests", "nor when sentinels replace the primary"),
        "F39": ("RedisClientTests/SentinelTests", "is found by one sentinel that answers"),
        "F40": ("RedisClientTests/SentinelTests", "turned into a replica under a standing connection"),
        "F41": ("RedisClientTests/MisbehavingServerTests", "no command is sent before every step of the handshake"),
        "F42": ("RedisClientTests/SentinelTests", "stopped, replaced and going on, it is not written any more"),
        "F43": ("GatewayTests/RevocationModeTests", "cut off from its primary, it confirms nothing"),
        "F44": ("RedisClientTests/ClusterTests", "a slot that moves under load is answered for all the while"),
        "F45": ("RedisClientTests/ClusterTests", "a slot that moves under load is answered for all the while"),
        "F46": ("RedisClientTests/ClusterTests", "a slot that moves under load is answered for all the while"),
        "F47": ("RedisClientTests/PrimaryElectionTests", "and not for ever"),
        "F48": ("RedisClientTests/TopologyReplyTests", "redirections are read strictly"),
        "F49": (
            "GatewayTests/RedisTopologyTests", "in a cluster everything works, all of it in the slot of the prefix"
        ),
        "F50": ("RedisClientTests/ClusterTests", "a killed node's replica is followed"),
    ]

    @Test("every scenario has a test", .enabled(if: Vectors.arePresent))
    func complete() throws {
        let scenarios = try Vectors.lines(of: "redis/fault_scenarios.jsonl", as: Scenario.self)
        #expect(scenarios.count == 58)
        let parts = [Self.connecting, Self.reading, Self.serving, Self.manyServers]
        let places = parts.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        #expect(Set(places.keys) == Set(scenarios.map(\.id)))
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        for (id, place) in places {
            let text = try String(contentsOf: tests.appendingPathComponent("\(place.file).swift"), encoding: .utf8)
            #expect(text.contains(place.test) && text.contains("@Test("), "\(id): \(place)")
        }
    }
}
