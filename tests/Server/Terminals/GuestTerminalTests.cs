using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Server.Terminals;

namespace QemuZeroCopy.Server.Tests.Terminals;

public sealed class GuestTerminalTests : IAsyncLifetime
{
    private readonly GuestTerminal _terminal = new("serial0", "Serial 0");
    private readonly Port _port = new();

    public ValueTask InitializeAsync()
    {
        _terminal.Attach(_port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _terminal.DisposeAsync();
        _port.Dispose();
    }

    [Fact]
    public async Task Output_reaches_every_page_and_the_last_of_it_who_comes_late()
    {
        using TerminalTap first = _terminal.OpenTap();
        await _port.SayAsync("login: ");
        Assert.Equal("login: ", await TakeAsync(first, 7));
        using TerminalTap late = _terminal.OpenTap();
        Assert.Equal("login: ", await TakeAsync(late, 7));
        await _port.SayAsync("Grüße");
        Assert.Equal("Grüße", await TakeAsync(first, 7));
        Assert.Equal("Grüße", await TakeAsync(late, 7));
    }

    [Fact]
    public async Task What_is_kept_is_bounded_and_begins_with_a_whole_line()
    {
        for (int i = 0; i < 10_000; i++)
            await _port.SayAsync($"\e[31m{i:00000} and what else a line may hold\e[0m\r\n");
        await _port.SayAsync("the end");
        string kept = "";
        for (int tries = 0; tries < 200 && !kept.EndsWith("the end", StringComparison.Ordinal); tries++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            using TerminalTap tap = _terminal.OpenTap();
            kept = await TakeAsync(tap, GuestTerminal.KeptBytes - 100);
        }

        Assert.Matches("^\e\\[31m0[0-9]{4} and", kept);
        Assert.InRange(kept.Length, GuestTerminal.KeptBytes - 100, GuestTerminal.KeptBytes);
    }

    [Fact]
    public async Task A_page_that_is_too_slow_is_told_how_much_it_missed_and_holds_nobody_up()
    {
        using TerminalTap quick = _terminal.OpenTap(), slow = _terminal.OpenTap();
        byte[] line = Encoding.ASCII.GetBytes(new string('x', 1022) + "\r\n");
        const int Lines = 1024;
        Task saying = Task.Run(async () =>
        {
            for (int i = 0; i < Lines; i++)
                await _port.SayAsync(line);
        }, TestContext.Current.CancellationToken);
        Assert.Equal(Lines * 1024, (await TakeAsync(quick, Lines * 1024)).Length);
        await saying;
        (int count, long lost) = await slow.ReadAsync(new byte[4096], TestContext.Current.CancellationToken);
        Assert.Equal(4096, count);
        Assert.InRange(lost, (Lines * 1024) - GuestTerminal.KeptBytes, Lines * 1024 - 1);
        Assert.Equal(0, lost % 1024);
    }

    [Fact]
    public async Task The_guest_is_held_back_while_its_only_reader_takes_nothing()
    {
        using TerminalTap tap = _terminal.OpenTap();
        byte[] block = new byte[16 * 1024];
        long taken = 0;
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            while (taken < 64 << 20)
            {
                await _port.SayAsync(block, patience.Token);
                taken += block.Length;
            }
        }
        catch (OperationCanceledException)
        {
            // Held back, as it shall be.
        }

        // Half of what is kept, and what the two sockets' buffers hold.
        Assert.InRange(taken, GuestTerminal.KeptBytes / 2, 8 << 20);
    }

    [Fact]
    public async Task Typing_reaches_the_guest_and_a_break_the_port()
    {
        await _port.Opened;
        await _terminal.WriteAsync("root\r"u8.ToArray(), TestContext.Current.CancellationToken);
        byte[] typed = new byte[5];
        for (int n = 0; n < typed.Length;)
            n += await _port.Socket.ReceiveAsync(typed.AsMemory(n), TestContext.Current.CancellationToken);
        Assert.Equal("root\r", Encoding.ASCII.GetString(typed));
        _terminal.SendBreak();
        Assert.Equal(1, _port.Breaks);
    }

    [Fact]
    public async Task It_outlives_QEMU()
    {
        using TerminalTap tap = _terminal.OpenTap();
        await _port.SayAsync("before ");
        Assert.Equal("before ", await TakeAsync(tap, 7));
        _terminal.Attach(null);
        await _terminal.WriteAsync("into the void"u8.ToArray(), TestContext.Current.CancellationToken);
        using var again = new Port();
        _terminal.Attach(again);
        await again.SayAsync("after");
        Assert.Equal("after", await TakeAsync(tap, 5));
        using TerminalTap late = _terminal.OpenTap();
        Assert.Equal("before after", await TakeAsync(late, 12));
    }

    [Fact]
    public async Task A_port_that_somebody_else_has_stays_dark()
    {
        await using var other = new GuestTerminal("x", "x");
        using var port = new Port { IsTaken = true };
        other.Attach(port);
        await port.Opened;
        await other.WriteAsync("x"u8.ToArray(), TestContext.Current.CancellationToken);
    }

    private static async Task<string> TakeAsync(TerminalTap tap, int bytes)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        using var taken = new MemoryStream();
        byte[] block = new byte[8192];
        while (taken.Length < bytes)
        {
            (int count, long lost) = await tap.ReadAsync(block, patience.Token);
            Assert.Equal(0, lost);
            taken.Write(block, 0, count);
        }

        return Encoding.UTF8.GetString(taken.ToArray());
    }

    /// <summary>A serial port with the test at its other end.</summary>
    private sealed class Port : ITerminalDevice, IDisposable
    {
        private readonly SafeFileHandle _theirs;
        private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Port()
        {
            (SafeFileHandle ours, _theirs) = UnixSockets.CreatePair();
            Socket = new Socket(new SafeSocketHandle(ours.DangerousGetHandle(), ownsHandle: true));
            ours.SetHandleAsInvalid();
        }

        public Socket Socket { get; }

        public bool IsTaken { get; init; }

        public int Breaks { get; private set; }

        public Task Opened => _opened.Task;

        public async Task SayAsync(string text) => await SayAsync(Encoding.UTF8.GetBytes(text));

        public async Task SayAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop = default)
        {
            while (!bytes.IsEmpty)
                bytes = bytes[await Socket.SendAsync(bytes, stop)..];
        }

        public Task<SafeFileHandle?> OpenAsync()
        {
            _opened.TrySetResult();
            return Task.FromResult(IsTaken ? null : (SafeFileHandle?)_theirs);
        }

        public void SendBreak() => Breaks++;

        public void Dispose()
        {
            Socket.Dispose();
            _theirs.Dispose();
        }
    }
}
