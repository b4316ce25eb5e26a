using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display.Chardevs;
using QemuZeroCopy.Pipeline.Display.Clipboard;
using QemuZeroCopy.Pipeline.Display.Qmp;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>
/// An attachment to one running VM's D-Bus display. Owns a thread, the connections and the consoles; tells of
/// what happens through <see cref="IDisplayEvents"/>. After <see cref="IDisplayEvents.Disconnected"/> it is of no
/// more use: dispose of it and attach again.
/// </summary>
public sealed class VmDisplay : IDisposable
{
    private readonly DisplayThread _thread;
    private readonly CommandQueue _input = new();
    private readonly DisplayClient _client;
    private readonly InputSender _sender;
    private volatile ConsoleDisplay[] _consoles = [];
    private volatile VmChardev[] _chardevs = [];
    private long _droppedInput;
    private bool _disposed;

    private VmDisplay(Bus bus, string? destination, QmpClient? qmp, DisplayOptions options, IDisplayEvents events)
    {
        Qmp = qmp;
        _thread = new DisplayThread(DrainInput, failure => _client!.End(failure));
        _client = new DisplayClient(this, bus, destination, _thread, options, events);
        _sender = new InputSender(_client);
        if (_client.Clipboard is { } clipboard)
            Clipboard = new VmClipboard(_thread, clipboard);
    }

    /// <summary>QEMU's name for the VM (-name).</summary>
    public string Name { get; internal set; } = "";

    /// <summary>The VM's UUID, all zeroes when it was given none.</summary>
    public string Uuid { get; internal set; } = "";

    /// <summary>The consoles that there are now, by number.</summary>
    public IReadOnlyList<ConsoleDisplay> Consoles => _consoles;

    /// <summary>The character devices that can be opened over D-Bus, by id.</summary>
    public IReadOnlyList<VmChardev> Chardevs => _chardevs;

    /// <summary><see cref="Chardevs"/> are others; on the display thread, where handlers only take note.</summary>
    public event Action? ChardevsChanged;

    /// <summary>Machine control, when the attach went by QMP; disposed of with this object.</summary>
    public QmpClient? Qmp { get; }

    /// <summary>The guest's clipboard; null where <see cref="DisplayOptions.UseClipboard"/> is off.</summary>
    public VmClipboard? Clipboard { get; }

    /// <summary>Input that was dropped because QEMU did not take it for too long.</summary>
    public long DroppedInput => Volatile.Read(ref _droppedInput);

    /// <summary>
    /// Attaches: connects, reads what the VM has, and registers a listener for each console. When the task is
    /// done, <see cref="IDisplayEvents.ConsoleAdded"/> has been called for each of them.
    /// </summary>
    /// <exception cref="DisplayAttachException">It did not work; the message says why and what to do.</exception>
    public static async Task<VmDisplay> AttachAsync(
        DisplayEndpoint endpoint, IDisplayEvents events, DisplayOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(events);
        options ??= new DisplayOptions();
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(options.AttachTimeout);
        VmDisplay? vm = null;
        try
        {
            vm = endpoint switch
            {
                DisplayEndpoint.Bus bus => new VmDisplay(Connector.OpenBus(bus.Address), bus.Name, null, options, events),
                DisplayEndpoint.Qmp qmp => await OpenPeerAsync(qmp.SocketPath, options, events, patience.Token).ConfigureAwait(false),
                DisplayEndpoint.Peer peer => new VmDisplay(Connector.OpenSocket(peer.Socket), null, null, options, events),
                _ => throw new ArgumentException("An endpoint of an unknown kind.", nameof(endpoint)),
            };
            vm._thread.Start();
            await vm._client.Attached.WaitAsync(patience.Token).ConfigureAwait(false);
            return vm;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            vm?.Dispose();
            throw new DisplayAttachException(Connector.DescribeTimeout(endpoint, options.AttachTimeout));
        }
        catch
        {
            vm?.Dispose();
            throw;
        }
    }

    /// <summary>Ends the attachment: joins the thread, closes the consoles, frees every fd and mapping.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _client.IsDisposing = true;
        _thread.Dispose();
        _client.Dispose();
        Qmp?.Dispose();
    }

    internal void Send(in InputCommand command)
    {
        if (!_input.TryEnqueue(command))
            Interlocked.Increment(ref _droppedInput);
        _thread.Wake();
    }

    internal void SetConsoles(ConsoleDisplay[] consoles) => _consoles = consoles;

    internal void SetChardevs(VmChardev[] chardevs)
    {
        _chardevs = chardevs;
        ChardevsChanged?.Invoke();
    }

    private static async Task<VmDisplay> OpenPeerAsync(
        string socketPath, DisplayOptions options, IDisplayEvents events, CancellationToken cancellation)
    {
        QmpClient qmp;
        try
        {
            qmp = await QmpClient.ConnectAsync(socketPath, cancellation).ConfigureAwait(false);
        }
        catch (QmpException exception)
        {
            throw new DisplayAttachException(exception.Message, exception);
        }

        try
        {
            Bus bus = await Connector.OpenPeerAsync(qmp, cancellation).ConfigureAwait(false);
            return new VmDisplay(bus, null, qmp, options, events);
        }
        catch
        {
            qmp.Dispose();
            throw;
        }
    }

    // While QEMU takes nothing, input stays in the bounded queue, where pointer moves merge, and not in sd-bus's.
    private bool DrainInput()
    {
        const int QueuedWritesAtMost = 64, CommandsPerTurn = 256;
        for (int i = 0; i < CommandsPerTurn; i++)
        {
            if (_client.QueuedWrites > QueuedWritesAtMost || !_input.TryDequeue(out InputCommand command))
                return false;
            _sender.Run(command);
        }

        return true;
    }
}
