using System.Runtime;
using QemuZeroCopy.Interop.Opus;
using QemuZeroCopy.Pipeline.Audio;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Input.Barrier;
using QemuZeroCopy.Server.Input.Qemu;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Server.Vm.Drives;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server;

/// <summary>Joins display, pipelines, network and web, and keeps them running until it is told to stop.</summary>
internal static class Host
{
    /// <summary>QEMU opens its QMP socket within milliseconds of its start; a loaded machine gets longer.</summary>
    private static readonly TimeSpan s_qemuStartTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Serves a QEMU that runs already, or keyboard and mouse alone where <paramref name="endpoint"/> is null, until a signal.</summary>
    public static async Task<int> ServeAsync(DisplayEndpoint? endpoint, ServeSettings settings, TextWriter output)
    {
        using var signals = new StopSignals();
        using ILoggerFactory logs = CreateLogs();
        await using BarrierClients clients = BarrierClients.Start(settings.Barrier, logs);
        await using Serving serving = await StartAsync(endpoint, outlivesQemu: true, settings, clients, logs, signals.Stop).ConfigureAwait(false);
        await AnnounceAsync(serving.Web, output).ConfigureAwait(false);
        try
        {
            await Task.Delay(Timeout.Infinite, signals.Stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }

        return 0;
    }

    /// <summary>Starts a QEMU and serves it until it ends. Returns its exit code.</summary>
    public static async Task<int> ServeProcessAsync(Func<QemuProcess> start, ServeSettings settings, TextWriter output)
    {
        using var signals = new StopSignals();
        using ILoggerFactory logs = CreateLogs();
        await using BarrierClients clients = BarrierClients.Start(settings.Barrier, logs);
        using QemuProcess qemu = start();
        signals.Redirect(qemu.Signal);
        Task<int> exit = qemu.WaitForExitAsync();
        if (!await QmpSocketAppearsAsync(qemu, exit).ConfigureAwait(false))
            return await ExitCodeOfEarlyEndAsync(qemu, exit).ConfigureAwait(false);
        try
        {
            await using Serving serving = await StartAsync(new DisplayEndpoint.Qmp(qemu.QmpSocketPath), outlivesQemu: false, settings, clients, logs, signals.Stop).ConfigureAwait(false);
            await AnnounceAsync(serving.Web, output).ConfigureAwait(false);
            return await exit.ConfigureAwait(false);
        }
        catch (UserError) when (qemu.HasExited)
        {
            return await ExitCodeOfEarlyEndAsync(qemu, exit).ConfigureAwait(false);
        }
    }

    private static async Task<Serving> StartAsync(DisplayEndpoint? endpoint, bool outlivesQemu, ServeSettings settings, BarrierClients clients, ILoggerFactory logs, CancellationToken stop)
    {
        // Collections are rare here and must not make a frame late.
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
        var serving = new Serving(logs);
        try
        {
            await serving.StartAsync(endpoint, outlivesQemu, settings, clients, stop).ConfigureAwait(false);
            return serving;
        }
        catch (DisplayAttachException e)
        {
            await serving.DisposeAsync().ConfigureAwait(false);
            throw new UserError(e.Message, inner: e);
        }
        catch
        {
            await serving.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static ILoggerFactory CreateLogs() => LoggerFactory.Create(logging => logging
        .SetMinimumLevel(LogLevel.Information)
        .AddSimpleConsole(console => console.SingleLine = true)
        .Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));

    private static Task AnnounceAsync(WebServer web, TextWriter output) => output.WriteLineAsync($"Open {web.Address}");

    private static async Task<bool> QmpSocketAppearsAsync(QemuProcess qemu, Task exit)
    {
        using var timeout = new CancellationTokenSource(s_qemuStartTimeout);
        while (!File.Exists(qemu.QmpSocketPath))
        {
            if (exit.IsCompleted || timeout.IsCancellationRequested)
                return false;
            await Task.Delay(10, CancellationToken.None).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>QEMU has said why on stderr itself, unless it is for want of the display that we asked for.</summary>
    private static async Task<int> ExitCodeOfEarlyEndAsync(QemuProcess qemu, Task<int> exit)
    {
        if (!exit.IsCompleted)
            throw new UserError($"{qemu.Program} has not opened its QMP socket within {s_qemuStartTimeout.TotalSeconds:0} seconds: is it QEMU?");
        int code = await exit.ConfigureAwait(false);
        if (code != 0 && !await QemuProcess.HasDBusDisplayAsync(qemu.Program).ConfigureAwait(false))
            throw new UserError($"{qemu.Program} has no D-Bus display: install it (Debian and Ubuntu: qemu-system-modules-opengl; Fedora: qemu-ui-dbus). 'qzc doctor' tells more.");
        return code;
    }

    /// <summary>Everything that runs while a machine is served; ends in the reverse order of its start.</summary>
    private sealed class Serving(ILoggerFactory logs) : IAsyncDisposable
    {
        private readonly ServerMetrics _metrics = new();
        private IDisposable? _export;
        private MediaService? _media;
        private VideoPaths? _paths;
        private GuestSound? _sound;
        private MachineSession? _session;

        public WebServer Web { get; private set; } = null!;

        public async Task StartAsync(DisplayEndpoint? endpoint, bool outlivesQemu, ServeSettings settings, BarrierClients clients, CancellationToken stop)
        {
            var machine = new Machine(settings.Input, clients.Roster, settings.Clipboard, settings.Monitor, settings.MediaFolder is { } folder ? new MediumFolder(folder) : null);
            if (settings.Metrics.Collector is { } collector)
                _export = OtlpExport.Start(collector);
            _media = MediaService.Start(settings, _metrics);
            if (endpoint is null)
            {
                // A page without a picture, for clients whose screen is elsewhere.
                machine.Update(view => view with { Status = MachineStatus.Running, Consoles = [new GuestConsole(0, new QemuSink(""))] });
            }
            else
            {
                _paths = new VideoPaths(settings.Gpu, settings.RenderNode, settings.Encoder);
                _media.Formats = _paths.FormatsFor(settings.Codec, settings.Chroma);
                _sound = settings.Audio ? CreateSound(settings, machine, _media) : null;
                _session = new MachineSession(endpoint, machine, _media, _paths, outlivesQemu, logs.CreateLogger("qemu"), _sound);
                await _session.StartAsync(stop).ConfigureAwait(false);
            }

            Web = await WebServer.StartAsync(settings, machine, _media, _metrics, stop).ConfigureAwait(false);
        }

        public async ValueTask DisposeAsync()
        {
            if (Web is not null)
                await Web.DisposeAsync().ConfigureAwait(false);
            if (_session is not null)
                await _session.DisposeAsync().ConfigureAwait(false);
            _paths?.Dispose();
            _media?.Dispose();
            _sound?.Dispose();
            _export?.Dispose();
            _metrics.Dispose();
        }

        private GuestSound? CreateSound(ServeSettings settings, Machine machine, MediaService media)
        {
            if (OpusLibrary.TryGetVersion(out string? whyNot) is null)
            {
                VmLog.NoSound(logs.CreateLogger("qemu"), whyNot!);
                return null;
            }

            SoundHub hub = media.OpenSound();
            var sound = new GuestSound(hub);
            hub.Microphone = settings.Microphone ? sound.Microphone : null;
            sound.Changed = () => machine.Update(view => view with { Sound = sound.State });
            return sound;
        }
    }
}
