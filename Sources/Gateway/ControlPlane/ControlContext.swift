import Hummingbird
import Logging

/// Where a request to the control plane comes from: the data path, inside this process.
struct ControlSource: RequestContextSource {
    let logger: Logger
    let clientAddress: String
    let requestID: String
}

/// What a handler of the control plane knows besides the request.
struct ControlContext: RequestContext {
    typealias Source = ControlSource

    var coreContext: CoreRequestContextStorage
    let clientAddress: String
    let requestID: String

    init(source: ControlSource) {
        coreContext = CoreRequestContextStorage(source: source)
        clientAddress = source.clientAddress
        requestID = source.requestID
    }

    var maxUploadSize: Int { 64 << 10 }
}
