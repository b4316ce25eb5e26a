using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace QemuZeroCopy.Server.Input.Barrier;

/// <summary>
/// Listens for Barrier clients. Each gets its connection; what it does wrong ends that connection and nothing
/// else.
/// </summary>
internal sealed class BarrierServer : IAsyncDisposable
{
    /// <summary>Connections at a time, greeted or not: a desk has a handful of machines.</summary>
    public const int MaxConnections = 64;

    /// <summary>First byte of a TLS record that holds a handshake (RFC 8446 section 5.1).</summary>
    private const byte TlsHandshake = 0x16;

    /// <summary>A local client that speaks TLS does so at once, a plain one waits for our greeting.</summary>
    private static readonly TimeSpan SniffTime = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan TlsTime = TimeSpan.FromSeconds(10);

    private readonly BarrierSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Socket _listener;
    private readonly X509Certificate2? _certificate;
    private readonly ConcurrentDictionary<BarrierConnection, Task> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _open;

    private BarrierServer(BarrierSettings settings, Socket listener, X509Certificate2? certificate, TimeProvider time, ILogger logger)
    {
        (_settings, _listener, _certificate, _time, _logger) = (settings, listener, certificate, time, logger);
        Roster = new BarrierRoster(settings.Names);
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Who is connected, and their sinks.</summary>
    public BarrierRoster Roster { get; }

    /// <summary>Where clients connect to, with the port that it has become.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Connections that are open, greeted or not.</summary>
    public int OpenConnections => Volatile.Read(ref _open);

    /// <summary>What people compare with what their client shows; null without TLS.</summary>
    public string? Fingerprint => _certificate is null ? null : BarrierCertificate.Describe(_certificate);

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">The address is taken or not ours, or the certificate cannot be used; says what to do.</exception>
    /// <exception cref="ArgumentException">The settings are unsound; says why.</exception>
    public static BarrierServer Start(BarrierSettings settings, TimeProvider time, ILogger logger)
    {
        if (settings.FindFault() is { } fault)
            throw new ArgumentException(fault, nameof(settings));
        X509Certificate2? certificate = settings.UseTls ? BarrierCertificate.LoadOrCreate(settings.CertificatePath, time.GetUtcNow()) : null;
        var listener = new Socket(settings.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(settings.Listen);
            listener.Listen(MaxConnections);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            certificate?.Dispose();
            throw new IOException($"Barrier clients cannot be taken on {settings.Listen} ({e.Message}): stop the other Barrier server there, or name another --barrier-listen.", e);
        }

        var server = new BarrierServer(settings, listener, certificate, time, logger);
        BarrierLog.Listening(logger, server.EndPoint);
        if (server.Fingerprint is { } fingerprint)
            BarrierLog.Certificate(logger, fingerprint);
        return server;
    }

    /// <summary>Takes leave of all clients and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        foreach (BarrierConnection connection in _connections.Keys)
            connection.Close();
        await Task.WhenAll(_connections.Values).ConfigureAwait(false);
        _certificate?.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // Out of descriptors, say; it is tried again when others may have gone.
                BarrierLog.AcceptFailed(_logger, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), _time, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            if (Interlocked.Increment(ref _open) > MaxConnections)
            {
                BarrierLog.TooMany(_logger, socket.RemoteEndPoint, MaxConnections);
                Interlocked.Decrement(ref _open);
                socket.Dispose();
                continue;
            }

            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            EndPoint? peer = socket.RemoteEndPoint;
            socket.NoDelay = true;
            if (await OpenAsync(socket, peer).ConfigureAwait(false) is not { } stream)
                return;
            using var connection = new BarrierConnection(stream, peer, Roster, _time, _logger);
            Task running = connection.RunAsync();
            _connections[connection] = running;
            if (_stop.IsCancellationRequested)
                connection.Close();
            await running.ConfigureAwait(false);
            _connections.TryRemove(connection, out _);
        }
        catch (SocketException)
        {
            // Gone before it began.
        }
        finally
        {
            socket.Dispose();
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>The stream to speak on, or null when there is no agreeing on one.</summary>
    private async Task<Stream?> OpenAsync(Socket socket, EndPoint? peer)
    {
        var plain = new NetworkStream(socket, ownsSocket: true);
        if (_certificate is null || (MayBePlain(peer) && !await SpeaksTlsAsync(socket).ConfigureAwait(false)))
            return plain;
        var tls = new SslStream(plain);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        timeout.CancelAfter(TlsTime);
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, timeout.Token).ConfigureAwait(false);
            return tls;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException)
        {
            BarrierLog.TlsFailed(_logger, peer, e is OperationCanceledException ? "no handshake in time" : e.Message);
            await tls.DisposeAsync().ConfigureAwait(false);
            return null;
        }
    }

    private bool MayBePlain(EndPoint? peer) => _settings.Insecure || (peer is IPEndPoint ip && IPAddress.IsLoopback(ip.Address.IsIPv4MappedToIPv6 ? ip.Address.MapToIPv4() : ip.Address));

    private async Task<bool> SpeaksTlsAsync(Socket socket)
    {
        byte[] first = new byte[1];
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        timeout.CancelAfter(SniffTime);
        try
        {
            int read = await socket.ReceiveAsync(first, SocketFlags.Peek, timeout.Token).ConfigureAwait(false);
            return read == 1 && first[0] == TlsHandshake;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
