using System.Net;
using Microsoft.Extensions.Logging;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Input.Barrier;

/// <summary>What the Barrier server says; event ids 900 to 919.</summary>
internal static partial class BarrierLog
{
    [LoggerMessage(900, LogLevel.Information, "Barrier clients are taken on {EndPoint}.")]
    public static partial void Listening(ILogger logger, EndPoint endPoint);

    [LoggerMessage(901, LogLevel.Information, "Barrier clients are asked to trust this certificate: {Fingerprint}")]
    public static partial void Certificate(ILogger logger, string fingerprint);

    [LoggerMessage(902, LogLevel.Information, "Barrier client {Name} is connected from {Peer}; its screen is {Width}x{Height}.")]
    public static partial void Connected(ILogger logger, string name, EndPoint? peer, int width, int height);

    [LoggerMessage(903, LogLevel.Information, "Barrier client {Name} is gone: {Reason}.")]
    public static partial void Gone(ILogger logger, string name, CloseReason reason);

    [LoggerMessage(904, LogLevel.Warning, "A Barrier client at {Peer} was turned away: {Reason}.")]
    public static partial void TurnedAway(ILogger logger, EndPoint? peer, CloseReason reason);

    [LoggerMessage(905, LogLevel.Warning, "A connection from {Peer} was closed: {Limit} Barrier connections are open already.")]
    public static partial void TooMany(ILogger logger, EndPoint? peer, int limit);

    [LoggerMessage(906, LogLevel.Warning, "TLS with a Barrier client at {Peer} failed: {Reason}")]
    public static partial void TlsFailed(ILogger logger, EndPoint? peer, string reason);

    [LoggerMessage(907, LogLevel.Warning, "No further Barrier clients can be taken for now: {Reason}")]
    public static partial void AcceptFailed(ILogger logger, string reason);

    [LoggerMessage(908, LogLevel.Information, "Barrier client {Name} has a new screen of {Width}x{Height}.")]
    public static partial void ScreenChanged(ILogger logger, string name, int width, int height);
}
