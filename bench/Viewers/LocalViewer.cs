using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using QemuZeroCopy.EndToEnd.Tests.Harness;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.WebRtc;
using QemuZeroCopy.WebRtc.Tests;
using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.Bench.Viewers;

/// <summary>
/// A viewer that takes the stream on a UDP socket of its own and decodes nothing: ICE, DTLS, SRTP and feedback as a
/// browser has them, at next to no cost, so that on a small machine the server is measured and not the decoder.
/// </summary>
internal sealed class LocalViewer : IAsyncDisposable
{
    /// <summary>Enough for a repeated packet to find its place; what is older was never going to be looked at.</summary>
    private const int PacketsKept = 600;

    private readonly Socket _socket;
    private readonly ModelViewer _viewer;
    private readonly HttpClient _http;
    private readonly Uri _resource;
    private readonly EndPoint _server;
    private readonly Thread _thread;
    private volatile bool _stopping;
    private Exception? _failure;

    private LocalViewer(Socket socket, ModelViewer viewer, HttpClient http, Uri resource, EndPoint server)
    {
        (_socket, _viewer, _http, _resource, _server) = (socket, viewer, http, resource, server);
        _thread = new Thread(Run) { Name = "bench-viewer", IsBackground = true };
    }

    /// <summary>Connects to the page's server by WHEP, and waits until packets come.</summary>
    public static async Task<LocalViewer> ConnectAsync(Uri page)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var viewer = new ModelViewer(new SeededRandom(1), TransportAddress.From((IPEndPoint)socket.LocalEndPoint!));
        HttpClient http = CreateClient(page);
        using var offer = new StringContent(viewer.Offer(), new MediaTypeHeaderValue("application/sdp"));
        using HttpResponseMessage answer = await http.PostAsync(new Uri(page, "/whep/0"), offer);
        answer.EnsureSuccessStatusCode();
        string sdp = await answer.Content.ReadAsStringAsync();
        viewer.TakeAnswer(sdp);
        var connected = new LocalViewer(socket, viewer, http, new Uri(page, answer.Headers.Location!), Candidate(sdp));
        connected._thread.Start();
        await Eventually.IsTrueAsync("packets at the local viewer", () => connected._failure is not null || connected.PacketsReceived > 0);
        return connected._failure is null ? connected : throw new InvalidOperationException("The local viewer failed.", connected._failure);
    }

    /// <summary>Datagrams of media received so far.</summary>
    public long PacketsReceived { get; private set; }

    /// <summary>A client that the server lets in.</summary>
    public static HttpClient CreateClient(Uri page)
    {
        string token = page.Query.TrimStart('?').Split('&').First(static pair => pair.StartsWith("token=", StringComparison.Ordinal))["token=".Length..];
        var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _thread.Join();
        using (await _http.DeleteAsync(_resource))
            _http.Dispose();
        _viewer.Dispose();
        _socket.Dispose();
    }

    /// <summary>The loopback address among the answer's candidates (RFC 8839 section 5.1).</summary>
    private static IPEndPoint Candidate(string sdp)
    {
        const int address = 4, port = 5;
        string[] fields = sdp.Split('\n').First(static line => line.StartsWith("a=candidate:", StringComparison.Ordinal) && line.Contains(" 127.0.0.1 ", StringComparison.Ordinal)).Split(' ');
        return new IPEndPoint(IPAddress.Parse(fields[address]), int.Parse(fields[port], CultureInfo.InvariantCulture));
    }

    private void Run()
    {
        byte[] buffer = new byte[65536];
        long nextTidyNs = 0;
        try
        {
            while (!_stopping)
            {
                _viewer.HandleTimeout(MonotonicClock.NowNs);
                Flush();
                if (_socket.Poll(TimeSpan.FromMilliseconds(5), SelectMode.SelectRead))
                    Receive(buffer);
                if (MonotonicClock.NowNs < nextTidyNs)
                    continue;
                nextTidyNs = MonotonicClock.NowNs + 1_000_000_000;
                foreach (ModelStream stream in _viewer.Streams.Values)
                    stream.Forget(PacketsKept);
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }
    }

    private void Receive(byte[] buffer)
    {
        while (_socket.Available > 0)
        {
            int length = _socket.Receive(buffer);
            if (buffer[0] >= 128)
                PacketsReceived++;
            _viewer.Handle(MonotonicClock.NowNs, buffer.AsSpan(0, length));
        }

        Flush();
    }

    private void Flush()
    {
        while (_viewer.Output.TryDequeue(out byte[]? datagram))
            _socket.SendTo(datagram, _server);
    }
}
