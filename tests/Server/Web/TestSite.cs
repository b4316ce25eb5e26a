using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Web;

/// <summary>The real web server on a loopback port of its own, with a machine that has one console.</summary>
internal sealed class TestSite : IAsyncDisposable
{
    public const string Token = "a-token-for-tests";

    private readonly WebServer _server;

    private TestSite(WebServer server, Machine machine, RecordingSink input, RecordingMedia media, ServerMetrics metrics)
    {
        (_server, Machine, Input, Media, Metrics) = (server, machine, input, media, metrics);
        Origin = $"http://127.0.0.1:{server.Port}";
        Client = new HttpClient(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(Origin) };
    }

    public Machine Machine { get; }

    public GuestConsole Console => Machine.View.Consoles[0];

    public RecordingSink Input { get; }

    public RecordingMedia Media { get; }

    public ServerMetrics Metrics { get; }

    public string Origin { get; }

    public string Address => _server.Address;

    public HttpClient Client { get; }

    public string Cookie => $"qzc-{_server.Port}={new AccessToken(Token).CookieValue}";

    public static async Task<TestSite> StartAsync()
    {
        var input = new RecordingSink();
        var machine = new Machine();
        machine.Update(view => view with { Status = MachineStatus.Running, Name = "test", Consoles = [new GuestConsole(0, input)] });
        var media = new RecordingMedia();
        var metrics = new ServerMetrics();
        var settings = new ServeSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), Token = Token };
        return new TestSite(await WebServer.StartAsync(settings, machine, media, metrics, TestContext.Current.CancellationToken), machine, input, media, metrics);
    }

    /// <summary>Sends a request as this site's own page would.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content = null, string? origin = "self", string? cookie = "self", string? bearer = null, string? accept = null)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        if (origin is not null)
            request.Headers.Add("Origin", origin == "self" ? Origin : origin);
        if (cookie is not null)
            request.Headers.Add("Cookie", cookie == "self" ? Cookie : cookie);
        if (bearer is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        if (accept is not null)
            request.Headers.Add("Accept", accept);
        return Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<ClientWebSocket> ConnectAsync(string path = "/session?console=0", string? origin = "self", string? cookie = "self")
    {
        var socket = new ClientWebSocket();
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin == "self" ? Origin : origin);
        if (cookie is not null)
            socket.Options.SetRequestHeader("Cookie", cookie == "self" ? Cookie : cookie);
        await socket.ConnectAsync(new Uri(Origin.Replace("http", "ws", StringComparison.Ordinal) + path), TestContext.Current.CancellationToken);
        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        Metrics.Dispose();
    }
}

/// <summary>Writes down what arrives, in words.</summary>
internal sealed class RecordingSink : IInputSink
{
    private readonly System.Threading.Channels.Channel<string> _calls = System.Threading.Channels.Channel.CreateUnbounded<string>();

    public string Name => "recorder";

    public InputCapabilities Capabilities => InputCapabilities.Keyboard | InputCapabilities.AbsolutePointer;

    public event Action<string>? GuestClipboardChanged
    {
        add { }
        remove { }
    }

    /// <summary>The next call; waits for it.</summary>
    public async Task<string> NextAsync() => await _calls.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>All calls so far.</summary>
    public List<string> Drain()
    {
        var calls = new List<string>();
        while (_calls.Reader.TryRead(out string? call))
            calls.Add(call);
        return calls;
    }

    public void Key(in KeyInput key) => Note($"key {key.Code} {key.Action} '{key.Key}' {key.Modifiers}");

    public void Button(PointerButton button, bool pressed) => Note($"button {button} {pressed}");

    public void MoveTo(int x, int y, PictureSize picture) => Note($"to {x},{y} of {picture}");

    public void MoveBy(int deltaX, int deltaY) => Note($"by {deltaX},{deltaY}");

    public void Scroll(int deltaX, int deltaY) => Note($"scroll {deltaX},{deltaY}");

    public void Touch(TouchPhase phase, int slot, int x, int y, PictureSize picture) => Note($"touch {phase} {slot} at {x},{y}");

    public void SetClipboardText(string text) => Note($"clipboard {text}");

    public void ReleaseAll() => Note("release");

    private void Note(string call) => _calls.Writer.TryWrite(call);
}

/// <summary>Answers as the network thread would, without media.</summary>
internal sealed class RecordingMedia : IMediaGateway
{
    public MediaAnswer Next { get; set; } = new(MediaOutcome.Accepted, "v=0\r\n", "abc");

    public SessionRegistry Sessions { get; } = new();

    public IReadOnlyList<IceServer> IceServers { get; set; } = [];

    public List<string> Calls { get; } = [];

    public QemuZeroCopy.Server.Viewers.ViewerHub? FindHub(int console) => null;

    /// <summary>Of the last PATCH.</summary>
    public string IceSessionAsked { get; private set; } = "";

    public QemuZeroCopy.Server.Viewers.SoundHub? Sound { get; set; }

    public LinkStatistics? Link { get; set; }

    public Task<LinkStatistics?> LinkOfAsync(QemuZeroCopy.Server.Input.ViewerInput input) => Task.FromResult(Link);

    public Task<MediaAnswer> OpenAsync(int console, string offer, string session, CancellationToken cancellation)
    {
        Calls.Add($"open {console} {offer}");
        return Task.FromResult(Next);
    }

    public Task<MediaAnswer> PatchAsync(string resourceId, string fragment, string? iceSession, CancellationToken cancellation)
    {
        Calls.Add($"patch {resourceId} {fragment}");
        IceSessionAsked = iceSession ?? "";
        return Task.FromResult(Next);
    }

    public Task<bool> CloseAsync(string resourceId)
    {
        Calls.Add($"close {resourceId}");
        return Task.FromResult(resourceId == "abc");
    }
}
