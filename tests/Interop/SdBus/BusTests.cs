using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;

namespace QemuZeroCopy.Interop.Tests.SdBus;

public sealed class BusTests
{
    private static readonly NativeText Path = new("/test/Object");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public void Every_type_arrives_as_it_was_sent()
    {
        using BusPair pair = new();
        string? seen = null;
        pair.Server.Serve("/test/Object", new Handler(message =>
        {
            Assert.True(message.IsCall("test.Interface"u8, "Method"u8));
            Assert.Equal("iuqtdbsayau", Encoding.UTF8.GetString(message.Signature));
            Assert.True(message.TryRead(out int i) & message.TryRead(out uint u) & message.TryRead(out ushort q)
                & message.TryRead(out ulong t) & message.TryRead(out double d) & message.TryRead(out bool b)
                & message.TryRead(out string s) & message.TryReadBytes(out ReadOnlySpan<byte> ay)
                & message.TryReadUInts(out ReadOnlySpan<uint> au));
            seen = string.Create(null, $"{i} {u} {q} {t} {d} {b} {s} {ay.Length}:{ay[^1]} {au[0]},{au[1]}");
            Bus.Reply(message);
            return true;
        }));

        bool replied = false;
        BusWriter call = pair.Client.NewCall(null, Path, "test.Interface"u8, "Method"u8);
        call.Append(-7);
        call.Append(8u);
        call.Append((ushort)9);
        call.Append(ulong.MaxValue);
        call.Append(1.5);
        call.Append(true);
        call.Append("grüß");
        call.AppendBytes(new byte[70_000].Select((_, index) => (byte)index).ToArray());
        call.AppendUInts([3, 4]);
        Assert.True(pair.Client.TryCall(call, reply => replied = !reply.IsError, Patience));
        call.Dispose();
        pair.RunUntil(() => replied);
        Assert.Equal("-7 8 9 18446744073709551615 1.5 True grüß 70000:111 3,4", seen);
    }

    [Fact]
    public void Reading_another_type_than_was_sent_fails_and_reads_nothing()
    {
        using BusPair pair = new();
        bool handled = false;
        pair.Server.Serve("/test/Object", new Handler(message =>
        {
            Assert.False(message.TryReadFd(out _));
            Assert.False(message.TryReadBytes(out _));
            Assert.False(message.TryRead(out uint _));
            Assert.True(message.TryRead(out int value));
            Assert.Equal(42, value);
            Assert.False(message.TryRead(out int _));
            return handled = true;
        }));
        using BusWriter call = pair.Client.NewCall(null, Path, "test.Interface"u8, "Method"u8);
        call.Append(42);
        Assert.True(call.TrySendWithoutReply());
        pair.RunUntil(() => handled);
    }

    [Fact]
    public void An_fd_out_of_a_message_is_a_duplicate_of_its_own()
    {
        using BusPair pair = new();
        SafeFileHandle? received = null;
        pair.Server.Serve("/test/Object", new Handler(message => message.TryReadFd(out received)));
        using SafeFileHandle file = MemFd.Create("test", 4096);
        pair.RunUntil(() => pair.Client.IsReady);
        using BusWriter call = pair.Client.NewCall(null, Path, "test.Interface"u8, "Method"u8);
        call.AppendFd(file);
        Assert.True(call.TrySendWithoutReply());
        pair.RunUntil(() => received is not null);
        pair.Dispose();
        Assert.True(Fds.TryStat(file, out FileFacts sent));
        Assert.True(Fds.TryStat(received!, out FileFacts got));
        Assert.Equal(sent.Inode, got.Inode);
        received!.Dispose();
    }

    [Fact]
    public void A_kept_call_is_answered_when_its_time_has_come_and_not_before()
    {
        using BusPair pair = new();
        PendingCall? kept = null;
        bool replied = false, later = false;
        pair.Server.Serve("/test/Object", new Handler(message =>
        {
            if (message.Member.SequenceEqual("Later"u8))
            {
                Bus.Reply(message);
                return true;
            }

            kept = message.Keep();
            return true;
        }));
        Call(pair, "Method"u8, _ => replied = true);
        Call(pair, "Later"u8, _ => later = true);
        pair.RunUntil(() => later);
        Assert.False(replied);
        Assert.True(kept!.Value.Reply());
        pair.RunUntil(() => replied);
    }

    [Fact]
    public void An_error_reply_carries_its_name_and_words()
    {
        using BusPair pair = new();
        string? error = null;
        pair.Server.Serve("/test/Object", new Handler(message =>
        {
            Bus.ReplyError(message, "test.Error.Sad"u8, "no luck"u8);
            return true;
        }));
        Call(pair, "Method"u8, reply => error = reply.ErrorText);
        pair.RunUntil(() => error is not null);
        Assert.Equal("test.Error.Sad: no luck", error);
    }

    [Fact]
    public void A_call_to_an_object_that_nobody_serves_is_answered_with_an_error()
    {
        using BusPair pair = new();
        string? name = null;
        Call(pair, "Method"u8, reply => name = reply.ErrorName);
        pair.RunUntil(() => name is not null);
        Assert.Equal("org.freedesktop.DBus.Error.UnknownObject", name);
    }

    [Fact]
    public void A_peer_that_hangs_up_ends_pending_calls_with_an_error_and_closes_the_connection()
    {
        using BusPair pair = new();
        bool received = false, failed = false;
        pair.Server.Serve("/test/Object", new Handler(_ => received = true));
        Call(pair, "Method"u8, reply => failed = reply.IsError);
        pair.RunUntil(() => received);
        pair.Server.Dispose();
        pair.RunUntil(() => failed && !pair.Client.IsOpen);
    }

    [Fact]
    public void An_exception_in_a_handler_comes_out_of_Process()
    {
        using BusPair pair = new();
        pair.Server.Serve("/test/Object", new Handler(_ => throw new InvalidOperationException("oops")));
        Call(pair, "Method"u8, _ => { });
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => pair.RunUntil(() => false));
        Assert.Contains("oops", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Handlers_are_let_go_when_the_connection_is_closed()
    {
        WeakReference handler = CloseOneWithPendingCall();
        for (int i = 0; i < 10 && handler.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(handler.IsAlive);
    }

    [Fact]
    public void Opening_what_is_no_address_or_has_no_listener_throws()
    {
        Assert.Throws<BusException>(() => Bus.OpenAddress("nonsense"));
        Assert.Throws<BusException>(() => Bus.OpenAddress("unix:path=/nonexistent/bus"));
    }

    [Fact]
    public void A_socket_that_cannot_be_opened_as_a_bus_is_closed_all_the_same()
    {
        SafeFileHandle closed = new(-1, ownsHandle: true);
        Assert.Throws<BusException>(() => Bus.OpenPeer(closed));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference CloseOneWithPendingCall()
    {
        using BusPair pair = new();
        Handler handler = new(_ => true);
        pair.Server.Serve("/test/Object", handler);
        Call(pair, "Method"u8, _ => GC.KeepAlive(handler));
        return new WeakReference(handler);
    }

    private static void Call(BusPair pair, ReadOnlySpan<byte> member, BusReplyHandler handler)
    {
        using BusWriter call = pair.Client.NewCall(null, Path, "test.Interface"u8, member);
        Assert.True(pair.Client.TryCall(call, handler, Patience));
    }

    private sealed class Handler(Func<BusReader, bool> handle) : IBusObject
    {
        public bool Handle(BusReader message) => handle(message);
    }
}
