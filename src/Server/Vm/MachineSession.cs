using System.Collections.Concurrent;
using QemuZeroCopy.Pipeline.Audio;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Display.Qmp;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Clipboard;
using QemuZeroCopy.Server.Input.Qemu;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// Keeps a machine attached: joins each console's frames with an encode thread and its viewers, tells the
/// pages what changes, and takes QEMU up again when it returns.
/// </summary>
internal sealed class MachineSession(DisplayEndpoint endpoint, Machine machine, MediaService media, VideoPaths paths, bool outlivesQemu, ILogger log, GuestSound? sound = null) : IDisplayEvents, IAsyncDisposable
{
    /// <summary>A try costs a connect to a socket that is not there; so often, a restart goes unnoticed for no longer.</summary>
    private static readonly TimeSpan s_retryDelay = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<uint, ConsolePipeline> _pipelines = new();
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource<string> _gone = New();
    private VmDisplay? _display;
    private Task _keeping = Task.CompletedTask;

    /// <summary>Attaches; from then on attaches again by itself until disposed of.</summary>
    /// <exception cref="DisplayAttachException">The first attach did not work; the message says what to do.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        await AttachAsync(cancellation).ConfigureAwait(false);
        _keeping = KeepAttachedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _keeping.ConfigureAwait(false);
        _display?.Dispose();
        await machine.Terminals.DisposeAsync().ConfigureAwait(false);
        foreach (uint id in _pipelines.Keys)
            EndPipeline(id)?.Dispose();
        _stop.Dispose();
    }

    /// <inheritdoc/>
    public void ConsoleAdded(ConsoleDisplay console)
    {
        if (console.Kind != ConsoleKind.Graphic)
            return;
        GuestConsole guest = ConsoleOf(console);
        ((QemuSink)guest.Input).Console = console;
        guest.Display = console;
        guest.Update(state => state with
        {
            IsPresent = true,
            Label = console.Label,
            IsAbsolute = console.IsPointerAbsolute,
            TouchSlots = console.MaxTouchSlots,
            Leds = console.Leds,
            Cursor = console.Cursor,
            Pointer = new PointerPosition(0, 0, true),
            Problem = "",
        });
        ViewerHub hub = media.HubOf(guest.Index);
        var options = new ConsolePipelineOptions { ThreadName = $"qzc-encode-{console.Id}" };
        var pipeline = new ConsolePipeline(console.Frames, paths.Ladder, hub, options, new PipelineLog(log, console.ToString(), guest));
        _pipelines[console.Id] = pipeline;
        pipeline.Start();
        hub.SetPipeline(pipeline);
        TellConsoles();
    }

    /// <inheritdoc/>
    public void ConsoleRemoved(ConsoleDisplay console)
    {
        if (!machine.TryGetConsole((int)console.Id, out GuestConsole? guest))
            return;
        ((QemuSink)guest.Input).Console = null;
        guest.Display = null;
        guest.Update(state => state with { IsPresent = false, Picture = null });
        TellConsoles();
        // Joins the encode thread: up to a picture's time, which is not the display thread's to spend.
        if (EndPipeline(console.Id) is { } pipeline)
            _ = Task.Run(pipeline.Dispose);
    }

    /// <inheritdoc/>
    public void ScanoutChanged(ConsoleDisplay console, Scanout? scanout)
    {
        PictureSize? size = scanout?.Size;
        // With gl=on every page flip comes here; only another size is news.
        if (machine.TryGetConsole((int)console.Id, out GuestConsole? guest) && guest.State.Picture != size)
            guest.Update(state => state with { Picture = size });
    }

    /// <inheritdoc/>
    public void CursorChanged(ConsoleDisplay console, CursorImage cursor) => Update(console, state => state with { Cursor = cursor });

    /// <inheritdoc/>
    public void PointerMoved(ConsoleDisplay console, PointerPosition position) => Update(console, state => state with { Pointer = position });

    /// <inheritdoc/>
    public void PointerModeChanged(ConsoleDisplay console, bool isAbsolute) => Update(console, state => state with { IsAbsolute = isAbsolute });

    /// <inheritdoc/>
    public void LedsChanged(ConsoleDisplay console, KeyboardLeds leds) => Update(console, state => state with { Leds = leds });

    /// <inheritdoc/>
    public void ConsoleChanged(ConsoleDisplay console) => Update(console, state => state with { Label = console.Label });

    /// <inheritdoc/>
    public void Disconnected(string reason) => _gone.TrySetResult(reason);

    /// <inheritdoc/>
    public void GuestHeld(ConsoleDisplay console) => media.Metrics.Add(ServerCounter.GuestHolds);

    /// <inheritdoc/>
    public void GuestReleased(ConsoleDisplay console, long heldNs, bool wasRead)
    {
        media.Metrics.Add(ServerCounter.GuestReleasesUnread, wasRead ? 0 : 1);
        media.Metrics.Add(ServerCounter.GuestReleases);
        media.Metrics.RecordGuestHold(heldNs);
    }

    /// <inheritdoc/>
    public void Refused(RefusedInput kind, string detail) => VmLog.Refused(log, kind, detail);

    private async Task AttachAsync(CancellationToken cancellation)
    {
        _gone = New();
        VmDisplay display = await VmDisplay.AttachAsync(endpoint, this, Options(), cancellation).ConfigureAwait(false);
        _display = display;
        bool paused = false;
        machine.Control.Qmp = display.Qmp;
        machine.Clipboard.Attach(display.Clipboard);
        display.ChardevsChanged += () => FollowChardevs(display);
        FollowChardevs(display);
        if (display.Qmp is { } qmp)
        {
            qmp.EventReceived += OnQmpEvent;
            paused = await machine.Control.IsPausedAsync(cancellation).ConfigureAwait(false);
            await machine.LookAtDrivesAsync(cancellation).ConfigureAwait(false);
        }

        machine.Update(view => view with { Status = MachineStatus.Running, Detail = "", Name = display.Name, Controllable = display.Qmp is not null, Paused = paused });
        VmLog.Attached(log, display.Name.Length > 0 ? $" '{display.Name}'" : "", string.Join(", ", machine.View.Consoles.Select(c => $"console {c.Index} ({c.State.Label})")));
    }

    private void FollowChardevs(VmDisplay display)
    {
        machine.Terminals.Follow(display.Chardevs);
        machine.Clipboard.Follow(display.Chardevs);
        machine.Update(view => view with { Terminals = machine.Terminals.Terminals });
    }

    private DisplayOptions Options() => new()
    {
        Sound = sound,
        UseClipboard = machine.Clipboard.Directions != ClipboardDirections.Off,
        ClipboardSerial = (uint)DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
    };

    private void OnQmpEvent(QmpEvent happened)
    {
        if (happened.Name is "STOP" or "RESUME")
            machine.Update(view => view with { Paused = happened.Name == "STOP" });
        else if (happened.Name == "DEVICE_TRAY_MOVED")
            _ = machine.LookAtDrivesAsync(CancellationToken.None);
    }

    private async Task KeepAttachedAsync()
    {
        try
        {
            while (true)
            {
                string reason = await _gone.Task.WaitAsync(_stop.Token).ConfigureAwait(false);
                // Where QEMU's end is ours too, nobody waits.
                if (outlivesQemu)
                    VmLog.Gone(log, reason);
                machine.Update(view => view with { Status = MachineStatus.Gone, Detail = reason });
                machine.Control.Qmp = null;
                machine.Clipboard.Attach(null);
                machine.Terminals.Detach();
                _display?.Dispose();
                _display = null;
                while (!await TryAttachAsync().ConfigureAwait(false))
                    await Task.Delay(s_retryDelay, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // We are stopping.
        }
    }

    private async Task<bool> TryAttachAsync()
    {
        try
        {
            await AttachAsync(_stop.Token).ConfigureAwait(false);
            return true;
        }
        catch (DisplayAttachException)
        {
            // Consoles that were told of before it failed went without a word.
            foreach (uint id in _pipelines.Keys)
                EndPipeline(id)?.Dispose();
            return false;
        }
    }

    /// <summary>The console of that number, known from before or new.</summary>
    private GuestConsole ConsoleOf(ConsoleDisplay console)
    {
        int index = (int)console.Id;
        if (machine.TryGetConsole(index, out GuestConsole? known))
            return known;
        var added = new GuestConsole(index, new QemuSink(console.Label));
        machine.Update(view => view with { Consoles = [.. view.Consoles.Append(added).OrderBy(c => c.Index)] });
        return added;
    }

    /// <summary>Another array is what makes pages be told.</summary>
    private void TellConsoles() => machine.Update(view => view with { Consoles = [.. view.Consoles] });

    private void Update(ConsoleDisplay console, Func<ConsoleState, ConsoleState> change)
    {
        if (machine.TryGetConsole((int)console.Id, out GuestConsole? guest))
            guest.Update(change);
    }

    private ConsolePipeline? EndPipeline(uint id)
    {
        if (!_pipelines.TryRemove(id, out ConsolePipeline? pipeline))
            return null;
        media.HubOf((int)id).SetPipeline(null);
        return pipeline;
    }

    private static TaskCompletionSource<string> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
