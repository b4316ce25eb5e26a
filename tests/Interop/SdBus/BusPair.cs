using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;

namespace QemuZeroCopy.Interop.Tests.SdBus;

/// <summary>Two private connections to each other, run by the test's own thread.</summary>
internal sealed class BusPair : IDisposable
{
    internal BusPair()
    {
        (SafeFileHandle left, SafeFileHandle right) = UnixSockets.CreatePair();
        Server = Bus.OpenPeer(left, isServer: true);
        Client = Bus.OpenPeer(right);
    }

    internal Bus Server { get; }

    internal Bus Client { get; }

    /// <summary>Runs both ends until the condition holds; fails after ten seconds.</summary>
    internal void RunUntil(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            bool busy = Server.Process() | Client.Process();
            if (busy)
                continue;
            Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 10, "Nothing came of it in ten seconds.");
            PollEntry[] entries =
            [
                new() { Fd = Server.Fd, Wanted = Server.Events },
                new() { Fd = Client.Fd, Wanted = Client.Events },
            ];
            Poller.Wait(entries, 10_000_000);
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
