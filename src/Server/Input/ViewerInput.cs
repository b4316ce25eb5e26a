using System.Buffers.Binary;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Clipboard;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Input;

/// <summary>
/// One viewer's input, whichever way its messages come: the WebSocket or data channels. Lets go of what a
/// viewer holds that falls silent or leaves. Callable from any thread.
/// </summary>
internal sealed class ViewerInput : IDisposable
{
    /// <summary>A page that holds something says so every 80 ms; after this time without a word it is taken to be dead.</summary>
    public const int SilenceMs = 250;

    private readonly Lock _gate = new();
    private readonly HeldInput _held;
    private readonly InputReader _reader;
    private readonly Func<PictureSize?> _picture;
    private readonly Timer _deadMan;
    private readonly InputTiming? _timing;
    private bool _allowed = true;

    /// <param name="target">Where it goes.</param>
    /// <param name="picture">The size of what the viewer sees now.</param>
    /// <param name="timing">Told of every event; null for nobody.</param>
    public ViewerInput(IInputSink target, Func<PictureSize?> picture, InputTiming? timing = null)
    {
        _timing = timing;
        _held = new HeldInput(target);
        _reader = new InputReader(_held);
        _picture = picture;
        _deadMan = new Timer(_ => ReleaseAll());
    }

    /// <summary>What this viewer copies and pastes while <see cref="Allowed"/>; null where it has no clipboard.</summary>
    public ViewerClipboard? Clipboard { get; init; }

    /// <summary>Messages that made no sense.</summary>
    public long Malformed => _reader.Malformed;

    /// <summary>Whether this viewer may drive the machine; taking that away lets go of what it holds.</summary>
    public bool Allowed
    {
        get => Volatile.Read(ref _allowed);
        set
        {
            Volatile.Write(ref _allowed, value);
            if (!value)
                ReleaseAll();
        }
    }

    /// <summary>Applies one message of the page.</summary>
    public void Apply(ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            if (!_allowed)
                return;
            if (message is [(byte)InputMessageKind.Mark, ..])
            {
                Mark(message[1..]);
                return;
            }

            long malformed = _reader.Malformed;
            if (message is [>= (byte)InputMessageKind.Key and <= (byte)InputMessageKind.Scroll or (byte)InputMessageKind.Touch, ..])
                _timing?.Comes();
            _reader.Apply(message, _picture());
            if (_reader.Malformed != malformed)
                _timing?.Refused();
            _deadMan.Change(_held.HoldsAnything ? SilenceMs : Timeout.Infinite, Timeout.Infinite);
        }
    }

    private void Mark(ReadOnlySpan<byte> mark)
    {
        if (mark.Length == sizeof(uint) + sizeof(long))
            _timing?.Mark(this, BinaryPrimitives.ReadUInt32LittleEndian(mark), BinaryPrimitives.ReadInt64LittleEndian(mark[sizeof(uint)..]));
        else
            _timing?.Refused();
    }

    /// <summary>Lets go of everything.</summary>
    public void ReleaseAll()
    {
        lock (_gate)
            _held.ReleaseAll();
    }

    public void Dispose()
    {
        _deadMan.Dispose();
        ReleaseAll();
    }
}
