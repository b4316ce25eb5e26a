using System.Net;
using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.Interop.Tests.Linux;

public sealed class UdpSocketTests
{
    private const long SecondNs = 1_000_000_000;
    private static readonly PollEntry[] s_entries = new PollEntry[UdpWaiter.OwnEntries];

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void A_run_of_datagrams_sent_in_one_call_arrives_as_single_ones_with_the_senders_address(string address)
    {
        using UdpSocket sender = UdpSocket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        using UdpSocket receiver = UdpSocket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        byte[] data = [.. Enumerable.Range(0, 10 * 1200 + 77).Select(i => (byte)(i * 31))];
        Assert.Equal(UdpSendOutcome.Sent, sender.Send(data, 1200, Sockaddr(address, receiver.LocalPort)));

        using var batch = new UdpReceiveBatch();
        List<byte[]> arrived = ReceiveAll(receiver, batch, 11);
        Assert.Equal(11, arrived.Count);
        Assert.Equal(data, arrived.SelectMany(d => d));
        Assert.All(arrived.Take(10), d => Assert.Equal(1200, d.Length));
        Assert.Equal(Sockaddr(address, sender.LocalPort)[..8], batch.Sender(0)[..8].ToArray());
    }

    [Fact]
    public void A_dual_stack_socket_speaks_IPv4_by_mapped_addresses()
    {
        using UdpSocket dual = UdpSocket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        using UdpSocket v4 = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(UdpSendOutcome.Sent, dual.Send("hello"u8, 1200, Sockaddr("::ffff:127.0.0.1", v4.LocalPort)));
        using var batch = new UdpReceiveBatch();
        Assert.Equal("hello"u8.ToArray(), Assert.Single(ReceiveAll(v4, batch, 1)));
    }

    [Fact]
    public void A_datagram_larger_than_any_peer_may_send_is_empty()
    {
        using UdpSocket sender = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using UdpSocket receiver = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        sender.Send(new byte[UdpReceiveBatch.DatagramBytes + 1], 4000, Sockaddr("127.0.0.1", receiver.LocalPort));
        using var batch = new UdpReceiveBatch();
        Assert.Empty(Assert.Single(ReceiveAll(receiver, batch, 1)));
    }

    [Fact]
    public void An_unreachable_destination_is_told_apart_and_the_socket_goes_on()
    {
        using UdpSocket sender = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(UdpSendOutcome.Unreachable, sender.Send("x"u8, 1200, Sockaddr("192.0.2.1", 9)));
        using UdpSocket receiver = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(UdpSendOutcome.Sent, sender.Send("x"u8, 1200, Sockaddr("127.0.0.1", receiver.LocalPort)));
    }

    [Fact]
    public void A_port_in_use_throws_with_errno()
    {
        using UdpSocket first = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        IOException error = Assert.Throws<IOException>(() => UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, first.LocalPort)));
        Assert.Equal(98, error.HResult);
    }

    [Fact]
    public void Waiting_ends_with_a_wake_up_a_datagram_or_the_time()
    {
        using UdpSocket socket = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var waiter = new UdpWaiter();
        Assert.False(waiter.Wait(socket, s_entries, 0));
        waiter.WakeUp();
        waiter.WakeUp();
        Assert.False(waiter.Wait(socket, s_entries, -1));
        Assert.False(waiter.Wait(socket, s_entries, 1000));
        waiter.WakeUp();
        Assert.False(waiter.Wait(socket, s_entries, -1));
        socket.Send("x"u8, 1200, Sockaddr("127.0.0.1", socket.LocalPort));
        Assert.True(waiter.Wait(socket, s_entries, 10 * SecondNs));
    }

    [Fact]
    public void Sending_and_receiving_allocate_nothing()
    {
        using UdpSocket socket = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var batch = new UdpReceiveBatch();
        byte[] data = new byte[8 * 1200], address = Sockaddr("127.0.0.1", socket.LocalPort);
        int datagrams = Exchange(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        datagrams += Exchange(100);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(101 * 8, datagrams);

        int Exchange(int rounds)
        {
            int count = 0;
            for (int i = 0; i < rounds; i++)
            {
                socket.Send(data, 1200, address);
                int taken = socket.Receive(batch);
                for (int j = 0; j < taken; j++)
                    count += batch.Datagram(j).Length == 1200 ? 1 : 0;
            }

            return count;
        }
    }

    private static List<byte[]> ReceiveAll(UdpSocket socket, UdpReceiveBatch batch, int count)
    {
        using var waiter = new UdpWaiter();
        var all = new List<byte[]>();
        while (all.Count < count && waiter.Wait(socket, s_entries, 10 * SecondNs))
        {
            for (int i = 0, n = socket.Receive(batch); i < n; i++)
                all.Add(batch.Datagram(i).ToArray());
        }

        return all;
    }

    private static byte[] Sockaddr(string address, int port) => new IPEndPoint(IPAddress.Parse(address), port).Serialize().Buffer.ToArray();
}
