using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.Interop.Tests.Linux;

public sealed class MemoryFileTests
{
    [Fact]
    public void A_mapping_sees_what_is_written_through_another_mapping_of_the_file()
    {
        using SafeFileHandle file = MemFd.Create("test", 8192);
        using MemoryMapping one = MemoryMapping.TryMap(file, 8192)!, two = MemoryMapping.TryMap(file, 8192)!;
        Marshal.WriteInt32(one.Address + 5000, 0x1234_5678);
        Assert.Equal(0x1234_5678, Marshal.ReadInt32(two.Address + 5000));
    }

    [Fact]
    public void A_sealed_file_cannot_be_shortened_any_more()
    {
        using SafeFileHandle file = MemFd.Create("test", 8192);
        Assert.True(MemFd.TryResize(file, 9000));
        Assert.True(Fds.TrySealAgainstShrinking(file));
        Assert.False(MemFd.TryResize(file, 4096));
        Assert.True(Fds.TryStat(file, out FileFacts facts));
        Assert.Equal(9000, facts.SizeBytes);
        Assert.True(facts.IsRegular);
        Assert.NotEqual(0UL, facts.Inode);
    }

    [Fact]
    public unsafe void A_mapping_whose_file_becomes_shorter_reads_zeros_there_and_says_so()
    {
        const int Page = 4096;
        using SafeFileHandle file = MemFd.Create("test", 64 * Page, sealable: false);
        using MemoryMapping mapping = MemoryMapping.TryMap(file, 64 * Page)!, other = MemoryMapping.TryMap(file, 64 * Page)!;
        new Span<byte>((void*)mapping.Address, 64 * Page).Fill(7);
        Assert.True(MemFd.TryResize(file, 10 * Page));
        Assert.False(mapping.IsTorn);
        Assert.Equal(10 * Page * 7, Sum(mapping));
        Assert.True(mapping.IsTorn);
        Assert.False(other.IsTorn);
        // From several threads at once, each at another place.
        Parallel.For(0, 64, i => Assert.Equal(63 - i < 10 ? 7 : 0, Marshal.ReadByte(other.Address + (63 - i) * Page)));
        Assert.True(other.IsTorn);
    }

    [Fact]
    public void A_place_of_a_mapping_that_has_gone_serves_the_next_one()
    {
        for (int i = 0; i < 1000; i++)
        {
            using SafeFileHandle file = MemFd.Create("test", 4096, sealable: false);
            using MemoryMapping mapping = MemoryMapping.TryMap(file, 4096)!;
            Assert.NotNull(mapping);
            Assert.False(mapping.IsTorn);
            Assert.True(MemFd.TryResize(file, 0));
            Assert.Equal(0, Marshal.ReadByte(mapping.Address));
            Assert.True(mapping.IsTorn);
        }
    }

    private static unsafe long Sum(MemoryMapping mapping)
    {
        long sum = 0;
        foreach (byte value in new ReadOnlySpan<byte>((void*)mapping.Address, (int)mapping.LengthBytes))
            sum += value;
        return sum;
    }

    [Fact]
    public void A_file_that_forbids_seals_or_is_no_memory_file_says_so()
    {
        using SafeFileHandle unsealable = MemFd.Create("test", 4096, sealable: false);
        using EventFd eventFd = new();
        Assert.False(Fds.TrySealAgainstShrinking(unsealable));
        Assert.False(Fds.TrySealAgainstShrinking(eventFd.Handle));
        Assert.Null(MemoryMapping.TryMap(eventFd.Handle, 4096));
    }

    [Fact]
    public void An_fd_sent_over_a_socket_is_the_same_file()
    {
        (SafeFileHandle left, SafeFileHandle right) = UnixSockets.CreatePair();
        using (left)
        using (right)
        using (SafeFileHandle file = MemFd.Create("test", 4096))
        {
            UnixSockets.SendWithFd(left, "hello"u8, file);
            byte[] buffer = new byte[16];
            Assert.Equal(5, UnixSockets.ReceiveWithFd(right, buffer, out SafeFileHandle? received));
            using (received)
            {
                Assert.True(Fds.TryStat(file, out FileFacts sent));
                Assert.True(Fds.TryStat(received!, out FileFacts got));
                Assert.Equal(sent, got);
            }
        }
    }

    [Fact]
    public void A_poll_returns_when_an_eventfd_is_signalled_and_not_after_it_was_drained()
    {
        using EventFd wake = new();
        PollEntry[] entries = [new() { Fd = (int)wake.Handle.DangerousGetHandle(), Wanted = PollEvents.Readable }];
        Assert.Equal(0, Poller.Wait(entries, 0));
        wake.Signal();
        wake.Signal();
        Assert.Equal(1, Poller.Wait(entries, -1));
        Assert.Equal(PollEvents.Readable, entries[0].Found);
        wake.Drain();
        Assert.Equal(0, Poller.Wait(entries, 1000));
    }

    [Fact]
    public void Signalling_a_closed_eventfd_does_nothing()
    {
        EventFd wake = new();
        wake.Dispose();
        wake.Signal();
        Assert.False(Fds.Borrow(wake.Handle).IsValid);
    }
}
