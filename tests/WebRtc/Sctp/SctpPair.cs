using System.Text;
using QemuZeroCopy.WebRtc.Sctp;
using QemuZeroCopy.WebRtc.Tests.Simulation;

namespace QemuZeroCopy.WebRtc.Tests.Sctp;

/// <summary>What an end has been told, in order.</summary>
internal sealed record SctpEvent(DataTransportEventKind Kind, ushort Channel, bool IsBinary, byte[] Data)
{
    public string Text => Encoding.UTF8.GetString(Data);
}

/// <summary>Two associations with a network between them, on a clock that jumps from event to event.</summary>
internal sealed class SctpPair
{
    private readonly byte[] _buffer = new byte[2048];
    private readonly SimulatedLink _toServer;
    private readonly SimulatedLink _toClient;

    public SctpPair(LinkPlan? plan = null, int seed = 1, SctpOptions? server = null, SctpOptions? client = null)
    {
        var random = new SeededRandom(seed);
        Server = new SctpAssociation(server ?? new SctpOptions(), random.Fill, isDtlsServer: true);
        Client = new SctpAssociation(client ?? new SctpOptions(), random.Fill, isDtlsServer: false);
        _toServer = new SimulatedLink(plan ?? new LinkPlan(), seed + 1);
        _toClient = new SimulatedLink(plan ?? new LinkPlan(), seed + 2);
    }

    public SctpAssociation Server { get; }

    public SctpAssociation Client { get; }

    public List<SctpEvent> AtServer { get; } = [];

    public List<SctpEvent> AtClient { get; } = [];

    public long NowNs { get; private set; } = 1_000_000_000;

    /// <summary>Sees every packet; false drops it.</summary>
    public Func<bool, byte[], bool> Passes { get; set; } = static (_, _) => true;

    public IEnumerable<SctpEvent> Messages(bool atServer) => (atServer ? AtServer : AtClient).Where(e => e.Kind == DataTransportEventKind.Message);

    /// <summary>Connects, and opens one channel from the client's side.</summary>
    public ushort Open(Reliability reliability, string label = "input")
    {
        if (Client.State == SctpState.Closed)
            Client.Connect(NowNs);
        Assert.True(Client.TryOpen(NowNs, Encoding.UTF8.GetBytes(label), reliability, out ushort channel));
        return channel;
    }

    public void Send(bool fromClient, ushort channel, string text) =>
        Assert.Equal(SendOutcome.Queued, (fromClient ? Client : Server).Send(NowNs, channel, isBinary: false, Encoding.UTF8.GetBytes(text)));

    /// <summary>Runs for a time, or until <paramref name="until"/> holds.</summary>
    public void Run(double ms, Func<bool>? until = null)
    {
        long endNs = NowNs + (long)(ms * 1e6);
        Flush();
        while (until?.Invoke() != true)
        {
            long nextNs = Math.Min(Math.Min(_toServer.NextArrivalNs, _toClient.NextArrivalNs), Math.Min(Server.NextTimeoutNs, Client.NextTimeoutNs));
            if (nextNs > endNs)
            {
                NowNs = endNs;
                return;
            }

            NowNs = Math.Max(NowNs, nextNs);
            Receive(_toServer, Server);
            Receive(_toClient, Client);
            if (Server.NextTimeoutNs <= NowNs)
                Server.HandleTimeout(NowNs);
            if (Client.NextTimeoutNs <= NowNs)
                Client.HandleTimeout(NowNs);
            Flush();
        }
    }

    /// <summary>Moves what both ends want to send onto the network, and takes their events.</summary>
    public void Flush()
    {
        Drain(Server, AtServer);
        Drain(Client, AtClient);
        Pump(Client, _toServer, fromClient: true);
        Pump(Server, _toClient, fromClient: false);
    }

    private void Pump(SctpAssociation from, SimulatedLink link, bool fromClient)
    {
        for (int packets = 0; from.PollTransmit(NowNs, _buffer) is > 0 and int length; packets++)
        {
            Assert.True(packets < 10_000, "An end never stops sending.");
            if (Passes(fromClient, _buffer.AsSpan(0, length).ToArray()))
                link.Send(NowNs, _buffer.AsSpan(0, length));
        }
    }

    private void Receive(SimulatedLink link, SctpAssociation to)
    {
        while (link.Receive(NowNs, out int length, out _) is { } packet)
        {
            to.Handle(NowNs, packet.AsSpan(0, length));
            link.Return(packet);
        }
    }

    private static void Drain(SctpAssociation from, List<SctpEvent> to)
    {
        while (from.PollEvent(out DataTransportEvent e))
            to.Add(new SctpEvent(e.Kind, e.Channel, e.IsBinary, e.Data.ToArray()));
    }
}
