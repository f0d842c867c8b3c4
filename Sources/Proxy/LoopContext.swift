import Foundation
import HTTP1
import Logging
import NIOCore
import Synchronization

/// Everything that the connections of one event loop share.
///
/// Loop-bound: never touched from another thread.
final class LoopContext {
    let eventLoop: any EventLoop
    /// Runs the control plane's tasks on the loop.
    let taskExecutor: EventLoopTaskExecutor
    let controlPlane: any ControlPlane
    let accessLog: AccessLog?
    /// `nil` when no request is traced.
    let tracing: LoopTracing?
    /// How many client connections all loops have together.
    let connectionCount: ConnectionCount
    let metrics: LoopMetrics
    /// What the configuration in force comes to here.
    private(set) var serving: LoopServing
    /// Where the operator is told what happens to targets.
    private let logger: Logger?
    private var spareBuffer: ByteBuffer?
    private(set) var isDraining = false
    /// The time of the event that is being handled; the clock is read once for each.
    private(set) var now = NIODeadline.now()

    private var date = HTTPDate()
    private var random: SeededGenerator
    private var connections: [ObjectIdentifier: ClientConnection] = [:]
    private var http2Connections: [ObjectIdentifier: HTTP2Connection] = [:]
    private var opening: [ObjectIdentifier: OpeningConnection] = [:]
    private var housekeeping: RepeatedTask?
    private var lastPermitCheck = NIODeadline.uptimeNanoseconds(0)
    private var awaitsPermitCheck = false

    init(
        eventLoop: any EventLoop, configuration: ProxyConfiguration, controlPlane: any ControlPlane,
        makeAuthentication: @escaping () -> Authentication, accessLog: AccessLog?, connectionCount: ConnectionCount,
        tracing: LoopTracing? = nil, logger: Logger? = nil
    ) {
        self.eventLoop = eventLoop
        taskExecutor = EventLoopTaskExecutor(eventLoop: eventLoop)
        self.controlPlane = controlPlane
        self.logger = logger
        self.accessLog = accessLog
        self.tracing = tracing
        self.connectionCount = connectionCount
        metrics = LoopMetrics()
        serving = LoopServing(
            configuration: configuration, pools: [], routeCounters: [], makeAuthentication: makeAuthentication)
        var system = SystemRandomNumberGenerator()
        random = SeededGenerator(seed: (system.next(), system.next()))
        let states = configuration.upstreams.indices.map {
            UpstreamKnowledge(id: UInt64($0), states: NameResolver.literalAddresses(of: configuration.upstreams[$0]))
        }
        adopt(configuration, knowing: states, makeAuthentication: makeAuthentication)
    }

    /// The pools of the upstreams, in the order of the configuration.
    var pools: [UpstreamPool] { serving.pools }

    /// Puts a configuration in force, from the next request on; those in hand keep the one that they began with.
    ///
    /// - Parameters:
    ///   - configuration: the configuration.
    ///   - upstreams: what is known of each of its upstreams, in its order.
    ///   - makeAuthentication: makes the authentication of a connection.
    func adopt(
        _ configuration: ProxyConfiguration, knowing upstreams: [UpstreamKnowledge],
        makeAuthentication: @escaping () -> Authentication
    ) {
        var left: [UInt64: UpstreamPool] = [:]
        for pool in serving.pools { left[pool.id] = pool }
        let counters = metrics.upstreamCounters(named: configuration.upstreams.map(\.name))
        let pools = configuration.upstreams.indices.map { index in
            if let kept = left.removeValue(forKey: upstreams[index].id) { return kept }
            let pool = UpstreamPool(
                configuration.upstreams[index], id: upstreams[index].id, loop: self, counter: counters[index])
            pool.logger = logger
            pool.update(upstreams[index].states)
            return pool
        }
        serving = LoopServing(
            configuration: configuration, pools: pools,
            routeCounters: metrics.routeCounters(labelled: configuration.routes.routes.map(\.label)),
            makeAuthentication: makeAuthentication)
        accessLog?.sample(configuration.accessLogFraction)
        for pool in left.values { pool.retire() }
        for connection in connections.values { connection.configurationChanged() }
    }

    /// Takes over what the process knows about the addresses of an upstream.
    func update(_ upstream: UpstreamKnowledge) {
        serving.pools.first { $0.id == upstream.id }?.update(upstream.states)
    }

    /// Starts what runs by the clock: log batches and the closing of idle upstream connections.
    func start() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        housekeeping = eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(200), delay: .milliseconds(200)) {
            _ in bound.value.keepHouse()
        }
    }

    /// Lets each connection answer one more request, at most.
    func drain() {
        isDraining = true
        for connection in Array(http2Connections.values) { connection.drain() }
        for connection in Array(connections.values) { connection.drain() }
    }

    /// Ends the connections that are idle, and the others after their exchange.
    func endIdle() {
        // They have asked for nothing yet.
        for connection in Array(opening.values) { connection.cut("shutting down") }
        for connection in Array(connections.values) { connection.endIdle() }
    }

    /// Closes whatever is left.
    func closeAll() {
        for connection in Array(opening.values) { connection.cut("shutting down") }
        for connection in Array(http2Connections.values) { connection.closeNow() }
        for connection in Array(connections.values) { connection.closeNow() }
        for pool in serving.pools { pool.closeIdle() }
        housekeeping?.cancel()
        accessLog?.flush()
        tracing?.flush()
    }

    var hasConnections: Bool { !connections.isEmpty || !http2Connections.isEmpty || !opening.isEmpty }

    func add(_ connection: ClientConnection) {
        connections[ObjectIdentifier(connection)] = connection
    }

    func remove(_ connection: ClientConnection) {
        connections.removeValue(forKey: ObjectIdentifier(connection))
    }

    func add(_ connection: HTTP2Connection) {
        http2Connections[ObjectIdentifier(connection)] = connection
    }

    func remove(_ connection: HTTP2Connection) {
        http2Connections.removeValue(forKey: ObjectIdentifier(connection))
    }

    func add(_ connection: OpeningConnection) {
        opening[ObjectIdentifier(connection)] = connection
    }

    func remove(_ connection: OpeningConnection) {
        opening.removeValue(forKey: ObjectIdentifier(connection))
    }

    /// An empty buffer to put a head together in.
    ///
    /// It belongs to the taker until it is given back, so nothing of one connection can be in another's.
    func takeBuffer() -> ByteBuffer {
        if var buffer = spareBuffer {
            spareBuffer = nil
            if buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil { return buffer }
        }
        // What was written last still waits for a slow client, and so may this: it is given no more than it needs.
        var buffer = ByteBuffer()
        buffer.reserveCapacity(1 << 10)
        return buffer
    }

    /// Keeps the storage of a buffer that has been written for the next taker.
    func giveBack(_ buffer: ByteBuffer) {
        if buffer.capacity <= 64 << 10 { spareBuffer = buffer }
    }

    /// Reads the clock, at the beginning of an event.
    func updateNow() {
        now = .now()
    }

    /// A number for decisions by chance.
    func makeChance() -> UInt64 {
        random.next()
    }

    /// A fresh request identifier.
    func makeRequestID() -> RequestID {
        RequestID(high: random.next(), low: random.next())
    }

    /// The time since 1970 in milliseconds.
    var wallClockMilliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    /// The `Date` line for an answer.
    var dateLine: [UInt8] {
        date.update(seconds: wallClockMilliseconds / 1000)
        return date.line
    }

    private func keepHouse() {
        accessLog?.flush()
        tracing?.flush()
        updateNow()
        for pool in serving.pools { pool.keepHouse() }
        recheckPermits()
    }

    /// Ends exchanges whose permits do not hold any more.
    ///
    /// Called when one may have ended, and now and then, since permits also end by the clock.
    func recheckPermits() {
        let ending = connections.values.compactMap { connection in connection.reasonToEnd().map { (connection, $0) } }
        // Those may leave the list while they are ended.
        for (connection, reason) in ending { connection.abort(reason) }
        lastPermitCheck = NIODeadline.now()
    }

    /// The same soon: at once, or when the last time is not so recent any more.
    ///
    /// So revocations that come one after the other cost no more than one every few milliseconds.
    func recheckPermitsSoon() {
        guard !awaitsPermitCheck else { return }
        let due = lastPermitCheck + Self.permitCheckInterval
        guard due > NIODeadline.now() else { return recheckPermits() }
        awaitsPermitCheck = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: due) {
            bound.value.awaitsPermitCheck = false
            bound.value.recheckPermits()
        }
    }

    private static let permitCheckInterval = TimeAmount.milliseconds(20)
}

/// A count that all event loops share; touched once when a connection opens and once when it closes.
package final class ConnectionCount: Sendable {
    private let value = Atomic<Int>(0)
    /// The same by address, where that is limited.
    let byAddress = AddressConnectionCount()

    /// Starts at zero.
    package init() {}

    /// The count.
    package var current: Int { value.load(ordering: .relaxed) }

    /// Counts one more unless that would pass the limit.
    package func increment(upTo limit: Int) -> Bool {
        if value.add(1, ordering: .relaxed).newValue <= limit { return true }
        value.subtract(1, ordering: .relaxed)
        return false
    }

    /// Counts one less.
    package func decrement() {
        value.subtract(1, ordering: .relaxed)
    }
}

/// xoroshiro128+: request identifiers need to be unlike, not unguessable.
struct SeededGenerator: RandomNumberGenerator {
    private var first: UInt64
    private var second: UInt64

    init(seed: (UInt64, UInt64)) {
        first = seed.0 | 1
        second = seed.1
    }

    mutating func next() -> UInt64 {
        let result = first &+ second
        second ^= first
        first = (first << 24 | first >> 40) ^ second ^ (second << 16)
        second = second << 37 | second >> 27
        return result
    }
}
