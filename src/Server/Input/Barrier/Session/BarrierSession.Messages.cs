using QemuZeroCopy.Server.Input.Barrier.Clipboard;
using QemuZeroCopy.Server.Input.Barrier.Protocol;

namespace QemuZeroCopy.Server.Input.Barrier.Session;

/// <summary>What a client says.</summary>
internal sealed partial class BarrierSession
{
    private void HandleMessage(long nowNs, ReadOnlySpan<byte> message)
    {
        var reader = new MessageReader(message);
        if (_phase == Phase.Greeting)
        {
            HandleGreeting(ref reader);
            return;
        }

        _lastHeardNs = nowNs;
        bool good = reader.TryReadCode(out MessageCode code) && code switch
        {
            MessageCode.Info => HandleInfo(nowNs, ref reader),
            MessageCode.NoOperation => HandleNoOperation(ref reader),
            MessageCode.KeepAlive => IsReady && reader.IsAtEnd,
            MessageCode.GrabClipboard => IsReady && HandleGrab(nowNs, ref reader),
            MessageCode.Clipboard => IsReady && HandleClipboard(ref reader),
            MessageCode.FileTransfer => IsReady && DeclineFile(ref reader),
            MessageCode.DragInfo => IsReady && DeclineDrag(ref reader),
            // QEMU says so of messages that it does not know; there is nothing to be done about it.
            MessageCode.Unknown => IsReady && reader.IsAtEnd,
            _ => false,
        };
        if (!good && !IsClosed)
            Fail(CloseReason.Malformed, new OutgoingMessage(MessageCode.Bad));
    }

    private void HandleGreeting(ref MessageReader reader)
    {
        if (!reader.TryReadLiteral("Barrier"u8) || !reader.TryReadInt16(out short major) || !reader.TryReadInt16(out short minor)
            || !reader.TryReadBytes(out ReadOnlySpan<byte> rawName) || !reader.IsAtEnd)
        {
            Fail(CloseReason.Malformed, new OutgoingMessage(MessageCode.Bad));
            return;
        }

        if (major != BarrierLimits.MajorVersion || minor != BarrierLimits.MinorVersion)
        {
            Fail(CloseReason.Incompatible, new OutgoingMessage(MessageCode.Incompatible, BarrierLimits.MajorVersion, BarrierLimits.MinorVersion));
            return;
        }

        string? name = ScreenName.TryRead(rawName);
        switch (name is null ? NameVerdict.Unknown : _names(name))
        {
            case NameVerdict.Welcome:
                Name = name;
                _phase = Phase.AwaitingInfo;
                Send(new OutgoingMessage(MessageCode.QueryInfo));
                break;
            case NameVerdict.Busy:
                Fail(CloseReason.NameTaken, new OutgoingMessage(MessageCode.Busy));
                break;
            default:
                Fail(CloseReason.NameUnknown, new OutgoingMessage(MessageCode.Unknown));
                break;
        }
    }

    /// <summary>DINF: left, top, width, height, an obsolete number, pointer x and y.</summary>
    private bool HandleInfo(long nowNs, ref MessageReader reader)
    {
        if (!reader.TryReadInt16(out short x) || !reader.TryReadInt16(out short y)
            || !reader.TryReadInt16(out short width) || !reader.TryReadInt16(out short height) || !reader.TryReadInt16(out _)
            || !reader.TryReadInt16(out short pointerX) || !reader.TryReadInt16(out short pointerY) || !reader.IsAtEnd
            || width <= 0 || height <= 0 || x + width - 1 > short.MaxValue || y + height - 1 > short.MaxValue)
        {
            return false;
        }

        Screen = new ScreenInfo(x, y, width, height, pointerX, pointerY);
        (_pointerX, _pointerY) = (Math.Clamp((int)pointerX, x, x + width - 1), Math.Clamp((int)pointerY, y, y + height - 1));
        Send(new OutgoingMessage(MessageCode.InfoAcknowledged));
        if (IsReady)
        {
            _screenEvent = true;
            return true;
        }

        Send(new OutgoingMessage(MessageCode.ResetOptions));
        Send(OutgoingMessage.Options((int)(BarrierLimits.KeepAliveNs / 1_000_000)));
        // The first keep-alive goes at once: whether a CNOP comes with its answer tells what kind of client this is.
        Send(new OutgoingMessage(MessageCode.KeepAlive));
        _phase = Phase.Ready;
        _nextKeepAliveNs = nowNs + BarrierLimits.KeepAliveNs;
        _readyEvent = true;
        return true;
    }

    private bool HandleNoOperation(ref MessageReader reader)
    {
        IsFullClient |= IsReady;
        return reader.IsAtEnd;
    }

    /// <summary>CCLP: somebody at the client has copied.</summary>
    private bool HandleGrab(long nowNs, ref MessageReader reader)
    {
        if (!reader.TryReadByte(out byte clipboard) || !reader.TryReadUInt32(out uint sequence) || !reader.IsAtEnd
            || clipboard >= BarrierLimits.ClipboardCount)
        {
            return false;
        }

        IsFullClient = true;
        if (IsStale(clipboard, sequence))
            return true;
        _grabbedAt[clipboard] = sequence;
        if (clipboard == 0)
            WantClipboard(nowNs);
        return true;
    }

    /// <summary>DCLP: a part of a clipboard. X11's selection is read over: a browser has no such thing.</summary>
    private bool HandleClipboard(ref MessageReader reader)
    {
        if (!reader.TryReadByte(out byte clipboard) || !reader.TryReadUInt32(out uint sequence) || !reader.TryReadByte(out byte mark)
            || !reader.TryReadBytes(out ReadOnlySpan<byte> part) || !reader.IsAtEnd || clipboard >= BarrierLimits.ClipboardCount)
        {
            return false;
        }

        ClipboardReceiver receiver = _received[clipboard];
        ClipboardProgress progress = receiver.Add(mark, part);
        if (progress != ClipboardProgress.Finished)
            return progress != ClipboardProgress.Bad;
        bool good = ClipboardData.TryGetText(receiver.Data, out string? text);
        receiver.Forget();
        if (good && text is not null && clipboard == 0 && !IsStale(clipboard, sequence))
            _clipboardEvent = text;
        return good;
    }

    /// <summary>Older than what this server has put there since; sequence numbers come from our CINN and count up from 1.</summary>
    private bool IsStale(byte clipboard, uint sequence) => unchecked((int)(sequence - _grabbedAt[clipboard])) < 0;

    /// <summary>DFTR: read and thrown away; a page cannot take files from a guest this way.</summary>
    private static bool DeclineFile(ref MessageReader reader) =>
        reader.TryReadByte(out byte mark) && mark is >= 1 and <= 3 && reader.TryReadBytes(out _) && reader.IsAtEnd;

    /// <summary>DDRG: a drag that begins at the client does not go on here.</summary>
    private static bool DeclineDrag(ref MessageReader reader) =>
        reader.TryReadInt16(out short count) && count >= 0 && reader.TryReadBytes(out _) && reader.IsAtEnd;
}
