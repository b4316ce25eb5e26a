using System.Collections.Concurrent;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>Something with a deadline on the display thread.</summary>
internal interface IDisplayTimer
{
    /// <summary>When <see cref="Run"/> is wanted, ns of CLOCK_MONOTONIC; long.MaxValue: not.</summary>
    long DueNs { get; }

    /// <summary>Called on each turn of the loop.</summary>
    void Run(long nowNs);
}

/// <summary>
/// A thread that owns sd-bus connections: polls them and an eventfd, dispatches messages, and runs what other threads
/// ask for. Never blocks but in poll, and is among the first to run when there is something to do. Each VM has one, and a
/// second for its sound.
/// </summary>
internal sealed class DisplayThread : IDisposable
{
    // After so many messages of one connection the others, and the input, get their turn.
    private const int MessagesPerTurn = 64;

    private readonly EventFd _wake = new();
    private readonly Thread _thread;
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly List<Connection> _connections = [];
    private readonly List<IDisplayTimer> _timers = [];
    private readonly Func<bool> _drainInput;
    private readonly Action<Exception?> _ended;
    private PollEntry[] _entries = new PollEntry[8];
    private volatile bool _stopping;

    /// <param name="drainInput">Runs queued input; true when there may be more.</param>
    /// <param name="ended">The last thing that the thread does, with the exception that ended it, if any.</param>
    /// <param name="name">The thread's name, for debuggers and top.</param>
    internal DisplayThread(Func<bool> drainInput, Action<Exception?> ended, string name = "qzc-display")
    {
        _drainInput = drainInput;
        _ended = ended;
        _thread = NamedThread.Create(name, Run);
    }

    /// <summary>Whether the caller is this thread.</summary>
    internal bool IsCurrent => Thread.CurrentThread == _thread;

    internal void Start() => _thread.Start();

    /// <summary>Any thread: makes the loop turn. Allocates nothing.</summary>
    internal void Wake() => _wake.Signal();

    /// <summary>Any thread: runs something rare on the display thread.</summary>
    internal void Post(Action action)
    {
        _posted.Enqueue(action);
        Wake();
    }

    /// <summary>Display thread: takes over a connection; <paramref name="closed"/> is called when its peer has gone.</summary>
    internal void Add(Bus bus, Action closed) => _connections.Add(new Connection(bus, closed));

    /// <summary>Display thread: closes a connection of its own accord.</summary>
    internal void Remove(Bus bus)
    {
        int index = _connections.FindIndex(connection => connection.Bus == bus);
        if (index >= 0)
            _connections.RemoveAt(index);
        bus.Dispose();
    }

    /// <summary>Display thread.</summary>
    internal void Add(IDisplayTimer timer) => _timers.Add(timer);

    /// <summary>Display thread.</summary>
    internal void Remove(IDisplayTimer timer) => _timers.Remove(timer);

    /// <summary>Any thread: asks the thread to end.</summary>
    internal void Stop()
    {
        _stopping = true;
        Wake();
    }

    /// <summary>Stops the thread and waits for its end.</summary>
    public void Dispose()
    {
        Stop();
        // A set of flags: a background thread that was never started is Background as well.
        if (!IsCurrent && !_thread.ThreadState.HasFlag(ThreadState.Unstarted))
            _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        ThreadScheduling.PreferWakeUp();
        Exception? failure = null;
        try
        {
            while (!_stopping)
            {
                bool more = Turn(out long dueNs);
                WaitForWork(more ? 0 : dueNs);
            }
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        try
        {
            _ended(failure);
        }
        catch (Exception)
        {
            // The owner's events failed a second time: nobody is left to tell.
        }
        finally
        {
            foreach (Connection connection in _connections)
                connection.Bus.Dispose();
            _connections.Clear();
        }
    }

    private bool Turn(out long dueNs)
    {
        bool more = false;
        for (int i = 0; i < _connections.Count; i++)
            more |= ProcessMessages(_connections[i]);
        for (int i = _connections.Count - 1; i >= 0; i--)
            ReapIfClosed(i);
        while (_posted.TryDequeue(out Action? action))
            action();
        more |= _drainInput();

        long nowNs = MonotonicClock.NowNs;
        dueNs = long.MaxValue;
        for (int i = _timers.Count - 1; i >= 0; i--)
        {
            IDisplayTimer timer = _timers[i];
            timer.Run(nowNs);
            dueNs = Math.Min(dueNs, timer.DueNs);
        }

        foreach (Connection connection in _connections)
            dueNs = Math.Min(dueNs, connection.Bus.DeadlineNs);
        return more;
    }

    private static bool ProcessMessages(Connection connection)
    {
        for (int i = 0; i < MessagesPerTurn; i++)
        {
            if (!connection.Bus.Process())
                return false;
        }

        return true;
    }

    private void ReapIfClosed(int index)
    {
        if (index >= _connections.Count || _connections[index].Bus.IsOpen)
            return;
        Connection connection = _connections[index];
        _connections.RemoveAt(index);
        connection.Bus.Dispose();
        connection.Closed();
    }

    private void WaitForWork(long dueNs)
    {
        if (_entries.Length < _connections.Count + 1)
            _entries = new PollEntry[_connections.Count * 2 + 1];
        using BorrowedFd wake = Fds.Borrow(_wake.Handle);
        _entries[0] = new PollEntry { Fd = wake.Value, Wanted = PollEvents.Readable };
        for (int i = 0; i < _connections.Count; i++)
            _entries[i + 1] = new PollEntry { Fd = _connections[i].Bus.Fd, Wanted = _connections[i].Bus.Events };
        long timeoutNs = dueNs == long.MaxValue ? -1 : Math.Max(0, dueNs - MonotonicClock.NowNs);
        Poller.Wait(_entries.AsSpan(0, _connections.Count + 1), timeoutNs);
        if (_entries[0].Found != PollEvents.None)
            _wake.Drain();
    }

    private sealed record Connection(Bus Bus, Action Closed);
}
