using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Server.Terminals;

/// <summary>
/// One character device of the machine as pages know it: keeps its last output for who comes late, and passes typing
/// on. It outlives QEMU.
/// </summary>
internal sealed class GuestTerminal(string id, string label) : IAsyncDisposable
{
    /// <summary>Some thousand lines; also the most that a page can be behind without losing any.</summary>
    public const int KeptBytes = 256 * 1024;

    /// <summary>While nobody takes the output, the guest is held back for so long, and no longer: a page may be asleep.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_retryDelay = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly byte[] _ring = new byte[KeptBytes];
    private readonly List<TerminalTap> _taps = [];
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SemaphoreSlim _taken = new(0, 1);
    private long _written;
    private ITerminalDevice? _device;
    private Socket? _socket;
    private Task _pumping = Task.CompletedTask;

    /// <summary>QEMU's id of the device.</summary>
    public string Id { get; } = id;

    /// <summary>What a person knows it as.</summary>
    public string Label { get; } = label;

    /// <summary>Goes on with another QEMU's device; null while there is none.</summary>
    public void Attach(ITerminalDevice? device)
    {
        lock (_gate)
        {
            if (Equals(_device, device))
                return;
            _device = device;
            _socket?.Dispose();
            if (device is not null)
                _pumping = PumpAsync(device, _pumping);
        }
    }

    /// <summary>Shows the output to one more page, what was kept first.</summary>
    public TerminalTap OpenTap()
    {
        lock (_gate)
        {
            var tap = new TerminalTap(this, OldestLine());
            _taps.Add(tap);
            return tap;
        }
    }

    /// <summary>Types; waits until QEMU takes it. Nothing happens while QEMU is gone.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        await _writing.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            for (int sent = 0; Volatile.Read(ref _socket) is { } socket && sent < bytes.Length;)
                sent += await socket.SendAsync(bytes[sent..], stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // QEMU went away at this moment.
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Sends a break.</summary>
    public void SendBreak() => Volatile.Read(ref _device)?.SendBreak();

    public async ValueTask DisposeAsync()
    {
        Attach(null);
        await _pumping.ConfigureAwait(false);
        _writing.Dispose();
        _taken.Dispose();
    }

    internal void Close(TerminalTap tap)
    {
        lock (_gate)
            _taps.Remove(tap);
        SignalTaken();
    }

    /// <summary>Copies out what a tap has not seen; what it was too slow for is counted instead.</summary>
    internal int Read(ref long position, Span<byte> destination, out long lost)
    {
        lock (_gate)
        {
            lost = 0;
            if (position < _written - KeptBytes)
            {
                long next = OldestLine();
                lost = next - position;
                position = next;
            }

            int count = (int)Math.Min(destination.Length, _written - position);
            int start = (int)(position % KeptBytes), first = Math.Min(count, KeptBytes - start);
            _ring.AsSpan(start, first).CopyTo(destination);
            _ring.AsSpan(0, count - first).CopyTo(destination[first..]);
            position += count;
            if (count > 0)
                SignalTaken();
            return count;
        }
    }

    /// <summary>Output from its beginning, or from the first whole line of what is kept: no half escape sequence or letter.</summary>
    private long OldestLine()
    {
        long oldest = _written - KeptBytes;
        if (oldest <= 0)
            return 0;
        for (long at = oldest; at < _written; at++)
        {
            if (_ring[at % KeptBytes] == (byte)'\n')
                return at + 1;
        }

        return oldest;
    }

    private async Task PumpAsync(ITerminalDevice device, Task before)
    {
        await before.ConfigureAwait(false);
        if (await OpenAsync(device).ConfigureAwait(false) is not { } stream)
            return;
        using var socket = new Socket(new SafeSocketHandle(stream.DangerousGetHandle(), ownsHandle: true));
        stream.SetHandleAsInvalid();
        lock (_gate)
        {
            if (!Equals(_device, device))
                return;
            Volatile.Write(ref _socket, socket);
        }

        byte[] block = new byte[16 * 1024];
        try
        {
            for (int count; (count = await socket.ReceiveAsync(block, SocketFlags.None).ConfigureAwait(false)) > 0;)
            {
                Keep(block.AsSpan(0, count));
                // The fastest page counts: who is slower than that loses, and sees that.
                while (Backlog() > KeptBytes / 2 && await _taken.WaitAsync(s_patience).ConfigureAwait(false))
                {
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // QEMU has gone, or we are leaving.
        }
        finally
        {
            Interlocked.CompareExchange(ref _socket, null, socket);
        }
    }

    /// <summary>
    /// QEMU takes one client at a time, and may not have seen yet that the one before us has gone: asked again until it
    /// takes us. Null when the device has become another one.
    /// </summary>
    private async Task<SafeFileHandle?> OpenAsync(ITerminalDevice device)
    {
        while (Equals(Volatile.Read(ref _device), device))
        {
            if (await device.OpenAsync().ConfigureAwait(false) is { } stream)
                return stream;
            await Task.Delay(s_retryDelay).ConfigureAwait(false);
        }

        return null;
    }

    private void Keep(ReadOnlySpan<byte> output)
    {
        lock (_gate)
        {
            int start = (int)(_written % KeptBytes), first = Math.Min(output.Length, KeptBytes - start);
            output[..first].CopyTo(_ring.AsSpan(start));
            output[first..].CopyTo(_ring);
            _written += output.Length;
            foreach (TerminalTap tap in _taps)
                tap.Signal();
        }
    }

    /// <summary>How far behind the fastest page is; 0 without one.</summary>
    private long Backlog()
    {
        lock (_gate)
            return _taps.Count == 0 ? 0 : _written - _taps.Max(tap => tap.Position);
    }

    private void SignalTaken()
    {
        lock (_gate)
        {
            if (_taken.CurrentCount == 0)
                _taken.Release();
        }
    }
}
