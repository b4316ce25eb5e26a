using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using QemuZeroCopy.WebRtc.Ice;
using QemuZeroCopy.WebRtc.Tests.Simulation;

namespace QemuZeroCopy.WebRtc.Tests.Local;

/// <summary>The simulated viewer on a real socket of this machine, over UDP or ICE-TCP. Driven by a <see cref="SocketViewerThread"/>.</summary>
internal sealed class SocketViewer : IDisposable
{
    private readonly SimulatedViewer _viewer;
    private readonly StreamDeframer? _deframer;
    private readonly byte[] _buffer = new byte[4096];
    private Socket? _socket;

    public SocketViewer(SeededRandom random, TransportKind kind = TransportKind.Udp)
    {
        Kind = kind;
        _viewer = new SimulatedViewer(random, default);
        _deframer = kind == TransportKind.Tcp ? new StreamDeframer() : null;
        Offer = _viewer.Offer();
    }

    public TransportKind Kind { get; }

    public string Offer { get; }

    public int Fd => (int)_socket!.Handle;

    public bool IsConnected => _viewer.IsConnected;

    /// <summary>Whether the server has closed the TCP connection.</summary>
    public bool IsCutOff { get; private set; }

    /// <summary>Reads nothing, as behind a path that stands still.</summary>
    public bool IsStalled { get; set; }

    public SimulatedJitterBuffer Jitter => _viewer.Jitter;

    public long NextTimeoutNs => _viewer.NextTimeoutNs;

    /// <summary>Goes to the answer's first candidate of its kind.</summary>
    public void Connect(string answer, int receiveBufferBytes = 1 << 20)
    {
        _viewer.TakeAnswer(answer);
        _socket = new Socket(AddressFamily.InterNetwork, Kind == TransportKind.Tcp ? SocketType.Stream : SocketType.Dgram, Kind == TransportKind.Tcp ? ProtocolType.Tcp : ProtocolType.Udp)
        {
            ReceiveBufferSize = receiveBufferBytes,
        };
        _socket.Connect(Candidate(answer, Kind));
        _socket.Blocking = false;
    }

    /// <summary>Where an answer offers to be reached by UDP or TCP.</summary>
    public static IPEndPoint Candidate(string answer, TransportKind kind)
    {
        string[] words = answer.Split("\r\n").First(l => l.StartsWith("a=candidate:", StringComparison.Ordinal) && l.Contains(kind == TransportKind.Tcp ? " tcp " : " udp ", StringComparison.Ordinal)).Split(' ');
        return new IPEndPoint(IPAddress.Parse(words[4]), int.Parse(words[5], CultureInfo.InvariantCulture));
    }

    /// <summary>Takes what has arrived, does what is due, sends what came of it.</summary>
    public void Step(long nowNs)
    {
        if (!IsStalled && !IsCutOff)
            Receive();
        if (nowNs >= _viewer.NextTimeoutNs)
            _viewer.HandleTimeout(nowNs);
        while (_viewer.Output.TryDequeue(out byte[]? packet))
            Send(packet);
    }

    public void SayGoodbye()
    {
        _viewer.SayGoodbye();
        while (_viewer.Output.TryDequeue(out byte[]? packet))
            Send(packet);
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _viewer.Dispose();
    }

    private void Receive()
    {
        while (true)
        {
            Span<byte> space = _deframer is null ? _buffer : _deframer.Space.Span;
            int length = _socket!.Receive(space, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success || length == 0)
            {
                IsCutOff = _deframer is not null && error != SocketError.WouldBlock;
                return;
            }

            if (_deframer is null)
            {
                _viewer.Handle(SocketViewerThread.NowNs, _buffer.AsSpan(0, length));
                continue;
            }

            _deframer.Advance(length);
            while (_deframer.TryRead(out Span<byte> packet))
                _viewer.Handle(SocketViewerThread.NowNs, packet);
        }
    }

    private void Send(byte[] packet)
    {
        if (IsCutOff)
            return;
        if (_deframer is null)
        {
            _socket!.Send(packet, SocketFlags.None, out _);
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(_buffer, (ushort)packet.Length);
        packet.CopyTo(_buffer, 2);
        // What a viewer says is small: it finds room in a buffer that the server empties.
        _socket!.Send(_buffer.AsSpan(0, packet.Length + 2), SocketFlags.None, out SocketError error);
        IsCutOff = error is not (SocketError.Success or SocketError.WouldBlock);
    }
}
