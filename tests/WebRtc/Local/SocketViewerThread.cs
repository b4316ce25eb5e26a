using System.Diagnostics;
using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.WebRtc.Tests.Local;

/// <summary>One thread that drives any number of viewers on their sockets.</summary>
internal sealed class SocketViewerThread : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<SocketViewer> _viewers = [];
    private readonly Thread _thread;
    private volatile bool _stopping;

    public SocketViewerThread()
    {
        _thread = new Thread(Run) { Name = "viewers", IsBackground = true };
        _thread.Start();
    }

    /// <summary>The clock of what viewers note.</summary>
    public static long NowNs => Stopwatch.GetTimestamp();

    /// <summary>Drives a viewer whose socket is connected.</summary>
    public void Add(SocketViewer viewer)
    {
        lock (_gate)
            _viewers.Add(viewer);
    }

    /// <summary>Drives it no more; it is the caller's again.</summary>
    public void Remove(SocketViewer viewer)
    {
        lock (_gate)
            _viewers.Remove(viewer);
    }

    /// <summary>Looks at viewers while nothing moves.</summary>
    public T Look<T>(Func<T> look)
    {
        lock (_gate)
            return look();
    }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        foreach (SocketViewer viewer in _viewers)
            viewer.Dispose();
    }

    private void Run()
    {
        PollEntry[] entries = [];
        while (!_stopping)
        {
            int count;
            long nextNs = NowNs + 20_000_000; // when to look for a new viewer
            lock (_gate)
            {
                count = _viewers.Count;
                if (entries.Length < count)
                    entries = new PollEntry[2 * count];
                for (int i = 0; i < count; i++)
                {
                    entries[i] = new PollEntry { Fd = _viewers[i].IsStalled || _viewers[i].IsCutOff ? -1 : _viewers[i].Fd, Wanted = PollEvents.Readable };
                    nextNs = Math.Min(nextNs, _viewers[i].NextTimeoutNs);
                }
            }

            Poller.Wait(entries.AsSpan(0, count), Math.Max(0, nextNs - NowNs));
            lock (_gate)
            {
                long now = NowNs;
                for (int i = 0; i < _viewers.Count; i++)
                {
                    if (i >= count || entries[i].Found != PollEvents.None || now >= _viewers[i].NextTimeoutNs)
                        _viewers[i].Step(now);
                }
            }
        }
    }
}
