import Gateway
import ServiceLifecycle
import UnixSignals

/// Has the gateway take up what has changed on disk at each `SIGHUP`.
struct ReloadOnHangup: Service {
    let gateway: Gateway

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await gateway.reload()
        }
    }
}
