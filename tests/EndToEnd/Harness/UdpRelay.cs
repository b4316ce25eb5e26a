using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>
/// A network between browser and server, in user space: a datagram goes in at the relay's port and comes out later, or never,
/// as the plan says. Each of the browser's sockets gets one of the relay's own, so that the server tells them apart.
/// </summary>
internal sealed class UdpRelay : IDisposable
{
    private readonly Socket _front = Open();
    private readonly Dictionary<EndPoint, Socket> _upstream = [];
    private readonly Dictionary<Socket, EndPoint> _downstream = [];
    private readonly PriorityQueue<Flight, (long AtNs, long Order)> _flying = new();
    private readonly byte[] _buffer = new byte[65536];
    private readonly List<(double AtMs, double Ms)> _late = [];
    private readonly Random _random;
    private readonly Thread _thread;
    private volatile NetworkPlan _plan = new();
    private volatile bool _stopping;
    private long _order;
    private long _freeAtNs;
    private long _bytesDown;
    private long _lost;

    public UdpRelay(int seed)
    {
        _random = new Random(seed);
        _thread = new Thread(Run) { IsBackground = true, Name = "relay" };
        _thread.Start();
    }

    public NetworkPlan Plan
    {
        get => _plan;
        set => _plan = value;
    }

    /// <summary>Where the server listens.</summary>
    public IPEndPoint? Server { get; set; }

    public int Port => ((IPEndPoint)_front.LocalEndPoint!).Port;

    /// <summary>Bytes that have left for the browser.</summary>
    public long BytesDown => Interlocked.Read(ref _bytesDown);

    /// <summary>Datagrams that the plan has lost, overflow included.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>How long a datagram to the browser would wait before the bottleneck now.</summary>
    public double QueueMs => Math.Max(0, Interlocked.Read(ref _freeAtNs) - Stopwatch.GetTimestamp()) / 1e6;

    /// <summary>For how long, between two instants in ms of Unix time, the machine kept the relay from what was due.</summary>
    public double LateMs(double fromMs, double toMs)
    {
        lock (_late)
            return _late.Where(late => late.AtMs >= fromMs && late.AtMs - late.Ms <= toMs).Sum(late => late.Ms);
    }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _front.Dispose();
        foreach (Socket socket in _upstream.Values)
            socket.Dispose();
    }

    private static Socket Open()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false, ReceiveBufferSize = 4 << 20, SendBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private void Run()
    {
        var readable = new List<Socket>();
        while (!_stopping)
        {
            readable.Clear();
            readable.Add(_front);
            readable.AddRange(_downstream.Keys);
            long nextNs = _flying.TryPeek(out _, out (long AtNs, long Order) next) ? next.AtNs : long.MaxValue;
            int waitUs = (int)Math.Clamp((nextNs - Stopwatch.GetTimestamp()) / 1000, 0, 20_000);
            long sleepsAt = Stopwatch.GetTimestamp();
            Socket.Select(readable, null, null, waitUs);
            NoteLate(Stopwatch.GetElapsedTime(sleepsAt).TotalMilliseconds - (waitUs / 1e3));
            foreach (Socket socket in readable)
                Receive(socket);
            while (_flying.TryPeek(out Flight flight, out (long AtNs, long Order) due) && due.AtNs <= Stopwatch.GetTimestamp())
            {
                _flying.Dequeue();
                Land(flight);
            }
        }
    }

    private void NoteLate(double ms)
    {
        const double worthNotingMs = 10;
        if (ms < worthNotingMs)
            return;
        lock (_late)
            _late.Add(((DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds, ms));
    }

    private void Receive(Socket socket)
    {
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        while (socket.Poll(0, SelectMode.SelectRead))
        {
            int length;
            try
            {
                length = socket.ReceiveFrom(_buffer, ref from);
            }
            catch (SocketException)
            {
                return; // what a datagram to a closed port was answered with
            }

            if (socket == _front)
                Send(Upstream(from), Server, length, isDown: false);
            else
                Send(_front, _downstream[socket], length, isDown: true);
        }
    }

    private Socket Upstream(EndPoint browser)
    {
        if (_upstream.TryGetValue(browser, out Socket? socket))
            return socket;
        _upstream.Add(browser, socket = Open());
        _downstream.Add(socket, browser);
        return socket;
    }

    private void Send(Socket by, EndPoint? to, int length, bool isDown)
    {
        NetworkPlan plan = _plan;
        long now = Stopwatch.GetTimestamp();
        if (to is null || plan.IsBlocked || _random.NextDouble() < plan.Loss || (isDown && QueueMs > plan.MaxQueueMs))
        {
            Interlocked.Increment(ref _lost);
            return;
        }

        long leavesNs = now;
        if (isDown && plan.DownBps != long.MaxValue)
        {
            leavesNs = Math.Max(now, _freeAtNs) + (long)((length + 28) * 8e9 / plan.DownBps);
            Interlocked.Exchange(ref _freeAtNs, leavesNs);
        }

        _flying.Enqueue(new Flight(by, to, _buffer[..length], isDown), (leavesNs + (long)(plan.DelayMs * 1e6), _order++));
    }

    private void Land(Flight flight)
    {
        try
        {
            flight.By.SendTo(flight.Bytes, flight.To);
            if (flight.IsDown)
                Interlocked.Add(ref _bytesDown, flight.Bytes.Length);
        }
        catch (SocketException)
        {
            // The receiver has gone, or its buffer is full: lost, as on any network.
        }
    }

    private readonly record struct Flight(Socket By, EndPoint To, byte[] Bytes, bool IsDown);
}
