import NIOConcurrencyHelpers

@testable import Proxy

/// Keeps what event loops hand over of traced requests.
final class TraceRecorder: TraceCollecting {
    private let box = NIOLockedValueBox<(requests: [TracedRequest], dropped: UInt64)>(([], 0))

    var requests: [TracedRequest] { box.withLockedValue { $0.requests } }
    var droppedSpanCount: UInt64 { box.withLockedValue { $0.dropped } }

    func collect(_ requests: [TracedRequest], droppedSpanCount: UInt64) {
        box.withLockedValue {
            $0.requests += requests
            $0.dropped += droppedSpanCount
        }
    }
}
