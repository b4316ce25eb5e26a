using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Web;

/// <summary>HTTP: the page, WHEP and the sessions' WebSockets, on Kestrel without anything that they do not need.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private const string MetricsPort = "qzc-metrics";

    private readonly WebApplication _app;
    private readonly ServeSettings _settings;
    private readonly AccessToken _token;

    private WebServer(WebApplication app, ServeSettings settings, AccessToken token) => (_app, _settings, _token) = (app, settings, token);

    /// <summary>What to open in a browser, token included.</summary>
    public string Address
    {
        get
        {
            IPAddress host = IsAny(_settings.Listen.Address) ? IPAddress.Loopback : _settings.Listen.Address;
            return $"{(_settings.UsesTls ? "https" : "http")}://{new IPEndPoint(host, Port)}/?{AccessGuard.TokenParameter}={_token.Secret}";
        }
    }

    /// <summary>The port that is served.</summary>
    public int Port { get; private set; }

    /// <summary>Binds and starts serving.</summary>
    /// <exception cref="UserError">The port is taken, the address is not this machine's, the certificate cannot be read.</exception>
    public static async Task<WebServer> StartAsync(ServeSettings settings, Machine machine, IMediaGateway media, ServerMetrics metrics, CancellationToken stop)
    {
        AccessToken token = settings.Token is { } given ? new AccessToken(given) : AccessToken.CreateRandom();
        X509Certificate2? certificate = TlsFiles.Load(settings);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "qzc" });
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, settings, certificate));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        WebApplication app = builder.Build();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(5), KeepAliveTimeout = TimeSpan.FromSeconds(10) });
        var measured = new MetricsEndpoint(metrics);
        app.Use(next => context => IsMetricsPort(context) ? ServeMetricsAsync(context, measured) : next(context));
        app.Use(next => PublicFilesFirst(new AccessGuard(token, settings.ViewToken is { } view ? new AccessToken(view) : null), next));
        var whep = new WhepEndpoint(media);
        var clipboard = new ClipboardEndpoint(media.Sessions);
        var screenshot = new ScreenshotEndpoint(machine, media.Sessions);
        app.Run(context => DispatchAsync(context, machine, whep, media, measured, clipboard, screenshot, metrics, app.Lifetime.ApplicationStopping));

        try
        {
            await app.StartAsync(stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw settings.Metrics.Listen is { } other && e.Message.Contains(other.ToString(), StringComparison.Ordinal) ? BindFailure("--metrics-listen", other, e) : BindFailure("--listen", settings.Listen, e);
        }

        _ = Task.Run(StaticPage.Prepare, CancellationToken.None);
        return new WebServer(app, settings, token) { Port = new Uri(app.Urls.First()).Port };
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private static void Configure(KestrelServerOptions kestrel, ServeSettings settings, X509Certificate2? certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = 1024;
        kestrel.Limits.MaxConcurrentUpgradedConnections = 256;
        kestrel.Limits.MaxRequestBodySize = 256 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Listen(settings.Listen, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (certificate is not null)
                listen.UseHttps(certificate);
        });
        if (settings.Metrics.Listen is { } metrics)
            kestrel.Listen(metrics, ConfigureMetrics);
    }

    /// <summary>Marks what comes in by the metrics' own port, which nothing but them is served on.</summary>
    private static void ConfigureMetrics(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => connection =>
        {
            connection.Items[MetricsPort] = true;
            return next(connection);
        });
    }

    private static bool IsMetricsPort(HttpContext context) => context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(MetricsPort) == true;

    private static Task ServeMetricsAsync(HttpContext context, MetricsEndpoint measured)
    {
        SecurityHeaders.Apply(context.Response.Headers);
        return context.Request.Path.Value == MetricsEndpoint.Path
            ? measured.InvokeAsync(context, MetricsEndpoint.Path)
            : ErrorResponse.WriteAsync(context, StatusCodes.Status404NotFound, "There is nothing at this address but /metrics.");
    }

    private static RequestDelegate PublicFilesFirst(AccessGuard guard, RequestDelegate next) => context =>
    {
        if (!StaticPage.IsPublic(context.Request.Path))
            return guard.InvokeAsync(context, next);
        SecurityHeaders.Apply(context.Response.Headers);
        return StaticPage.WriteAsync(context);
    };

    private static Task DispatchAsync(
        HttpContext context, Machine machine, WhepEndpoint whep, IMediaGateway media, MetricsEndpoint measured, ClipboardEndpoint clipboard, ScreenshotEndpoint screenshot, ServerMetrics metrics, CancellationToken stop)
    {
        string path = context.Request.Path.Value ?? "/";
        if (path.StartsWith(WhepEndpoint.Prefix, StringComparison.Ordinal))
            return whep.InvokeAsync(context, path[WhepEndpoint.Prefix.Length..]);
        if (path == "/session")
            return ServeSessionAsync(context, machine, media, metrics, stop);
        if (path == StillEndpoint.Path)
            return machine.TryGetConsole(WantedConsole(context), out GuestConsole? console) ? StillEndpoint.InvokeAsync(context, console) : NoConsoleAsync(context);
        if (path == TerminalSocket.Path)
            return ServeTerminalAsync(context, machine, media.Sessions, stop);
        if (path == "/video")
            return ServeVideoAsync(context, media, stop);
        if (path == SoundSocket.Path)
            return ServeSoundAsync(context, media, stop);
        if (path == ClipboardEndpoint.Path)
            return clipboard.InvokeAsync(context);
        if (path == ScreenshotEndpoint.Path)
            return screenshot.InvokeAsync(context);
        if (MetricsEndpoint.Has(path))
            return measured.InvokeAsync(context, path);
        if (!StaticPage.Has(path))
            return ErrorResponse.WriteAsync(context, StatusCodes.Status404NotFound, "There is nothing at this address.");
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            return StaticPage.WriteAsync(context);
        context.Response.Headers.Allow = "GET, HEAD";
        return ErrorResponse.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "This address takes GET, HEAD.");
    }

    private static async Task ServeSessionAsync(HttpContext context, Machine machine, IMediaGateway media, ServerMetrics metrics, CancellationToken stop)
    {
        if (!machine.TryGetConsole(WantedConsole(context), out GuestConsole? console))
            await NoConsoleAsync(context).ConfigureAwait(false);
        else if (await AcceptAsync(context).ConfigureAwait(false) is { } socket)
        {
            using var session = new SessionSocket(socket, machine, console, media, metrics, AccessGuard.MayControl(context), ViewerName.Key(context.Request.Query["viewer"]));
            await session.RunAsync(stop).ConfigureAwait(false);
        }
    }

    private static async Task ServeVideoAsync(HttpContext context, IMediaGateway media, CancellationToken stop)
    {
        if (media.FindHub(WantedConsole(context)) is not { } hub)
            await NoConsoleAsync(context).ConfigureAwait(false);
        else if (await AcceptAsync(context).ConfigureAwait(false) is { } socket)
            await VideoSocket.RunAsync(socket, hub, stop).ConfigureAwait(false);
    }

    private static async Task ServeSoundAsync(HttpContext context, IMediaGateway media, CancellationToken stop)
    {
        if (media.Sound is not { } hub)
            await ErrorResponse.WriteAsync(context, StatusCodes.Status404NotFound, "The machine's sound is left alone.").ConfigureAwait(false);
        else if (await AcceptAsync(context).ConfigureAwait(false) is { } socket)
            await SoundSocket.RunAsync(socket, hub, stop).ConfigureAwait(false);
    }

    private static async Task ServeTerminalAsync(HttpContext context, Machine machine, SessionRegistry sessions, CancellationToken stop)
    {
        string session = context.Request.Query["session"].ToString();
        if (machine.Terminals.Find(context.Request.Query["id"].ToString()) is not { } terminal)
            await ErrorResponse.WriteAsync(context, StatusCodes.Status404NotFound, "The machine has no such terminal.").ConfigureAwait(false);
        else if (await AcceptAsync(context).ConfigureAwait(false) is { } socket)
            await TerminalSocket.RunAsync(socket, terminal, () => sessions.Find(session) is { Allowed: true }, stop).ConfigureAwait(false);
    }

    /// <summary>The console that a WebSocket asks for; -1 where that is no number.</summary>
    private static int WantedConsole(HttpContext context)
    {
        string wanted = context.Request.Query["console"].ToString();
        return wanted.Length == 0 ? 0 : int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : -1;
    }

    private static Task NoConsoleAsync(HttpContext context) => ErrorResponse.WriteAsync(context, StatusCodes.Status404NotFound, "The machine has no such console.");

    /// <summary>The WebSocket, which the request disposes of when it ends; null when the request was none and is answered.</summary>
    private static async Task<WebSocket?> AcceptAsync(HttpContext context)
    {
        if (context.WebSockets.IsWebSocketRequest)
            return await context.WebSockets.AcceptWebSocketAsync().ConfigureAwait(false);
        context.Response.Headers.Upgrade = "websocket";
        await ErrorResponse.WriteAsync(context, StatusCodes.Status426UpgradeRequired, "This address takes a WebSocket.").ConfigureAwait(false);
        return null;
    }

    private static UserError BindFailure(string option, IPEndPoint listen, Exception e) => e switch
    {
        { InnerException: AddressInUseException } => new UserError($"{listen} is in use by another program: choose another port with {option}, as in {option} {new IPEndPoint(listen.Address, listen.Port + 1)}.", inner: e),
        _ when (e as System.Net.Sockets.SocketException ?? e.InnerException as System.Net.Sockets.SocketException) is { SocketErrorCode: System.Net.Sockets.SocketError.AccessDenied } =>
            new UserError($"{listen} may not be used by this user: choose a port above 1023 with {option}.", inner: e),
        _ => new UserError($"{listen} cannot be listened on ({e.Message.TrimEnd('.')}): give {option} an address of this machine.", inner: e),
    };

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
