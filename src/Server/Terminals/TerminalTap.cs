namespace QemuZeroCopy.Server.Terminals;

/// <summary>One page's place in a terminal's output. One reader; <see cref="Signal"/> comes from anywhere.</summary>
internal sealed class TerminalTap(GuestTerminal terminal, long position) : IDisposable
{
    private readonly SemaphoreSlim _more = new(0, 1);
    private readonly Lock _gate = new();
    private long _position = position;

    /// <summary>Up to where it has read.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>Waits for output and takes some; <c>Lost</c> bytes before it went by unseen.</summary>
    public async ValueTask<(int Count, long Lost)> ReadAsync(Memory<byte> destination, CancellationToken stop)
    {
        while (true)
        {
            int count = terminal.Read(ref _position, destination.Span, out long lost);
            if (count > 0 || lost > 0)
                return (count, lost);
            await _more.WaitAsync(stop).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        terminal.Close(this);
        lock (_gate)
            _more.Dispose();
    }

    /// <summary>Many signals before the reader looks are one. After <see cref="GuestTerminal.Close"/> none comes.</summary>
    internal void Signal()
    {
        lock (_gate)
        {
            if (_more.CurrentCount == 0)
                _more.Release();
        }
    }
}
