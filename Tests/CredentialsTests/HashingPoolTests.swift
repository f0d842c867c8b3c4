import Credentials
import TestSupport
import Testing

@Suite("The hashing pool", .timeLimit(.minutes(1)))
struct HashingPoolTests {
    let gate = GatedDerivation()

    func pool(threadCount: Int, queueCapacity: Int) throws -> HashingPool {
        try HashingPool(
            hasher: PasswordHasher(cost: .cheap, derivation: gate), threadCount: threadCount,
            queueCapacity: queueCapacity)
    }

    /// Starts hashes without waiting for them.
    func start(_ count: Int, on pool: HashingPool) throws -> [Task<Result<PasswordHash, CredentialError>, Never>] {
        let password = try Password("password")
        return (0..<count).map { _ in
            Task {
                do throws(CredentialError) {
                    return .success(try await pool.hash(password: password))
                } catch {
                    return .failure(error)
                }
            }
        }
    }

    @Test("it hashes and verifies")
    func hashes() async throws {
        let pool = try HashingPool(hasher: PasswordHasher(cost: .cheap), threadCount: 2)
        let hash = try await pool.hash(password: Password("password"))
        #expect(try await pool.verify(password: Password("password"), against: hash))
        #expect(try await !pool.verify(password: Password("Password"), against: hash))
        await pool.shutDown()
    }

    @Test("a full queue sheds load at once, and takes work again when there is room")
    func shedsLoad() async throws {
        let pool = try pool(threadCount: 2, queueCapacity: 3)
        let admitted = try start(5, on: pool)
        #expect(await eventually { pool.busyThreadCount == 2 && pool.waitingCount == 3 })
        for _ in 0..<3 {
            await #expect(throws: CredentialError(.overloaded)) { try await pool.hash(password: Password("password")) }
        }
        #expect(gate.finishedCount == 0)
        gate.admit(1)
        #expect(await eventually { pool.waitingCount == 2 })
        let late = try start(1, on: pool)
        gate.admit(5)
        for task in admitted + late { #expect(try await task.value.get() != pool.hasher.decoy) }
        #expect(gate.finishedCount == 6)
        await pool.shutDown()
    }

    @Test("without a queue, only idle threads take work")
    func noQueue() async throws {
        let pool = try pool(threadCount: 1, queueCapacity: 0)
        let running = try start(1, on: pool)
        #expect(await eventually { pool.busyThreadCount == 1 })
        await #expect(throws: CredentialError(.overloaded)) { try await pool.hash(password: Password("password")) }
        gate.admit(1)
        _ = try await running[0].value.get()
        gate.admit(1)
        _ = try await pool.hash(password: Password("password"))
        await pool.shutDown()
    }

    @Test("a cancelled waiter gives its place free at once; one that is being served gets its answer")
    func cancellation() async throws {
        let pool = try pool(threadCount: 1, queueCapacity: 2)
        let served = try start(1, on: pool)[0]
        #expect(await eventually { pool.busyThreadCount == 1 })
        let waiting = try start(2, on: pool)
        #expect(await eventually { pool.waitingCount == 2 })
        served.cancel()
        waiting[0].cancel()
        #expect(await waiting[0].value == .failure(CredentialError(.cancelled)))
        #expect(pool.waitingCount == 1)
        let replacement = try start(1, on: pool)[0]
        #expect(await eventually { pool.waitingCount == 2 })
        gate.admit(3)
        for task in [served, waiting[1], replacement] { _ = try await task.value.get() }
        #expect(gate.finishedCount == 3)
        await pool.shutDown()
    }

    @Test("a task cancelled before it asks is not served")
    func cancelledBefore() async throws {
        let pool = try pool(threadCount: 1, queueCapacity: 4)
        let busy = try start(1, on: pool)
        #expect(await eventually { pool.busyThreadCount == 1 })
        let password = try Password("password")
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await #expect(throws: CredentialError(.cancelled)) { try await pool.hash(password: password) }
        }
        await task.value
        #expect(pool.waitingCount == 0)
        gate.admit(1)
        _ = try await busy[0].value.get()
        await pool.shutDown()
    }

    @Test("shutting down finishes what was taken in and refuses the rest")
    func shutDown() async throws {
        let pool = try pool(threadCount: 2, queueCapacity: 4)
        let admitted = try start(6, on: pool)
        #expect(await eventually { pool.busyThreadCount == 2 && pool.waitingCount == 4 })
        let shutDowns = (0..<2).map { _ in
            Task {
                await pool.shutDown()
                return gate.finishedCount
            }
        }
        // Until the shut-down is seen the pool has no room.
        var refusal = CredentialError(.overloaded)
        while refusal == CredentialError(.overloaded) {
            do throws(CredentialError) {
                try await pool.perform { () throws(CredentialError) in }
                Issue.record("a full pool took work in")
                break
            } catch {
                refusal = error
            }
            await Task.yield()
        }
        #expect(refusal == CredentialError(.shutDown))
        gate.admit(6)
        for shutDown in shutDowns { #expect(await shutDown.value == 6) }
        for task in admitted { _ = try await task.value.get() }
        #expect(gate.finishedCount == 6)
        await pool.shutDown()
    }

    @Test("waiting for hashes does not hold up other tasks")
    func cooperativePool() async throws {
        let pool = try pool(threadCount: 1, queueCapacity: 256)
        let waiting = try start(200, on: pool)
        #expect(await eventually { pool.busyThreadCount == 1 && pool.waitingCount == 199 })
        // All threads of the cooperative pool are needed for this at some time, and none may be blocked for good.
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 1...500 {
                group.addTask {
                    await Task.yield()
                    return number
                }
            }
            return await group.reduce(0, +)
        }
        #expect(sum == 125_250)
        gate.admit(200)
        for task in waiting { _ = try await task.value.get() }
        await pool.shutDown()
    }

    @Test("whatever comes in whatever order, each caller gets exactly one answer and no slot is lost")
    func randomEvents() async throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        var generator = SplitMix64(state: seed)
        let pool = try pool(threadCount: 3, queueCapacity: 5)
        var tasks: [Task<Result<PasswordHash, CredentialError>, Never>] = []
        for _ in 0..<600 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1: tasks += try start(1, on: pool)
            case 2: tasks.randomElement(using: &generator)?.cancel()
            default: gate.admit(1)
            }
            if Int.random(in: 0..<3, using: &generator) == 0 { await Task.yield() }
            #expect(pool.busyThreadCount + pool.waitingCount <= 8, "seed \(seed)")
        }
        gate.admit(tasks.count)
        var servedCount = 0
        for task in tasks {
            switch await task.value {
            case .success: servedCount += 1
            case .failure(let error):
                #expect([CredentialError(.overloaded), CredentialError(.cancelled)].contains(error), "seed \(seed)")
            }
        }
        #expect(gate.finishedCount == servedCount, "seed \(seed)")
        let last = try start(8, on: pool)
        for task in last { _ = try await task.value.get() }
        await pool.shutDown()
    }
}
