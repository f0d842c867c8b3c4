import Hummingbird

/// What a handler of the admin listener knows besides the request.
struct AdminContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who connected; empty when the system does not say.
    let clientAddress: String

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        clientAddress = source.channel.remoteAddress?.ipAddress ?? ""
    }

    /// Stands in the answer and in the audit log.
    var requestID: String { id }

    var maxUploadSize: Int { 64 << 10 }
}
