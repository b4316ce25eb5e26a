using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Input.Barrier;

/// <summary>
/// The client of one name as an input sink. Outlives its connections: a page that drives it goes on when the
/// client comes back.
/// </summary>
internal sealed class BarrierSink(string name) : IInputSink
{
    private BarrierConnection? _connection;
    private long _dropped;

    public event Action<string>? GuestClipboardChanged;

    public string Name { get; } = name;

    /// <summary>Input that found nobody, or no room.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Whether a client of this name is there and ready.</summary>
    public bool IsConnected => Capabilities != InputCapabilities.None;

    /// <summary>Whether a client has the name, ready or not.</summary>
    public bool IsTaken => Volatile.Read(ref _connection) is not null;

    public InputCapabilities Capabilities
    {
        get
        {
            if (Volatile.Read(ref _connection) is not { IsReady: true } connection)
                return InputCapabilities.None;
            const InputCapabilities Always = InputCapabilities.Keyboard | InputCapabilities.AbsolutePointer | InputCapabilities.RelativePointer;
            return connection.IsFullClient ? Always | InputCapabilities.Clipboard : Always;
        }
    }

    public void Key(in KeyInput key) => Count(Volatile.Read(ref _connection)?.Key(key));

    public void Button(PointerButton button, bool pressed) => Count(Volatile.Read(ref _connection)?.Button(button, pressed));

    public void MoveTo(int x, int y, PictureSize picture) => Count(Volatile.Read(ref _connection)?.MoveTo(x, y, picture));

    public void MoveBy(int deltaX, int deltaY) => Count(Volatile.Read(ref _connection)?.MoveBy(deltaX, deltaY));

    public void Scroll(int deltaX, int deltaY) => Count(Volatile.Read(ref _connection)?.Scroll(deltaX, deltaY));

    public void SetClipboardText(string text) => Count(Volatile.Read(ref _connection)?.SetClipboardText(text));

    public void ReleaseAll() => Volatile.Read(ref _connection)?.ReleaseAll();

    /// <summary>Gives the sink its connection; false if it has one.</summary>
    internal bool TryAttach(BarrierConnection connection) => Interlocked.CompareExchange(ref _connection, connection, null) is null;

    /// <summary>Takes the connection away again, if it is still this one.</summary>
    internal bool Detach(BarrierConnection connection) => Interlocked.CompareExchange(ref _connection, null, connection) == connection;

    internal void RaiseClipboard(string text) => GuestClipboardChanged?.Invoke(text);

    private void Count(bool? delivered)
    {
        if (delivered is not true)
            Interlocked.Increment(ref _dropped);
    }
}
