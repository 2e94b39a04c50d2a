internal import CLibCurl
internal import Glibc

// What libcurl calls, always on the loop thread and from inside `MultiHandle.perform`.
//
// The context is the transfer, which the loop retains for as long as its handle is in the multi handle. The functions
// copy, note and return: they do not lock, suspend, or call libcurl.

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer {
    guard let context else { preconditionFailure("libcurl lost a callback's context") }
    return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
}

/// libcurl takes any count but the offered one for "stop"; this one can be no count.
private let refuse = Int(CURL_WRITEFUNC_ERROR)

/// Bytes of body, decoded.
let bodyCallback: portolan_data_callback = { bytes, size, count, context in
    let length = size * count
    return transfer(context).bodyArrived(UnsafeRawBufferPointer(start: bytes, count: length)) ? length : refuse
}

/// One line of head or trailer.
let headerCallback: portolan_data_callback = { bytes, size, count, context in
    let length = size * count
    return transfer(context).headerArrived(UnsafeRawBufferPointer(start: bytes, count: length)) ? length : refuse
}

/// The connection stands and the request is about to be written.
let readyCallback: portolan_ready_callback = { context, remoteHost, localHost, remotePort, localPort in
    let ends = KeptSockets.Ends(
        localHost: localHost.map { String(cString: $0) } ?? "", localPort: localPort,
        remoteHost: remoteHost.map { String(cString: $0) } ?? "", remotePort: remotePort)
    return transfer(context).connectionReady(ends) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

/// Opens a socket to an address, if the policy lets us.
let openSocketCallback: portolan_socket_callback = { context, _, target in
    guard let target else { return portolan_socket_bad }
    let length = Int(target.pointee.addrlen)
    guard let address = HTTPAddress(portolan_socket_address(target), length: length) else { return portolan_socket_bad }
    guard transfer(context).mayConnect(to: address) else { return portolan_socket_bad }
    let descriptor = socket(
        target.pointee.family, target.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), target.pointee.protocol)
    transfer(context).socketOpened(descriptor)
    return descriptor
}
