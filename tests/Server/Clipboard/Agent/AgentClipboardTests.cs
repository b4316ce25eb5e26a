using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Display.Clipboard;
using QemuZeroCopy.Server.Clipboard.Agent;
using QemuZeroCopy.Server.Terminals;

namespace QemuZeroCopy.Server.Tests.Clipboard.Agent;

/// <summary>The client's side of a SPICE agent's port, with the test as the guest.</summary>
public sealed class AgentClipboardTests : IAsyncLifetime
{
    private const AgentCapabilities All = AgentCapabilities.ClipboardByDemand | AgentCapabilities.ClipboardSelection | AgentCapabilities.ClipboardGrabSerial;

    private readonly Guest _guest = new();
    private readonly List<string> _copied = [];
    private readonly AgentClipboard _clipboard;

    public AgentClipboardTests()
    {
        _clipboard = new AgentClipboard(_guest);
        _clipboard.Copied += formats =>
        {
            lock (_copied)
                _copied.Add(string.Join(',', formats));
        };
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _clipboard.DisposeAsync();
        _guest.Dispose();
    }

    [Fact]
    public async Task A_picture_and_a_text_go_to_the_guest_when_it_asks()
    {
        await GreetAsync(All);
        byte[] picture = [.. Enumerable.Range(0, 70_000).Select(i => (byte)i)];
        _clipboard.Offer(new ClipboardContent(ClipboardFormats.Png, picture));
        Assert.Equal((AgentMessageKind.ClipboardGrab, "0 1 2"), await _guest.WordsAsync());
        await _guest.SayAsync(AgentMessageKind.ClipboardRequest, [0, 2]);
        (AgentMessageKind kind, byte[] body) = await _guest.HearAsync();
        Assert.Equal(AgentMessageKind.Clipboard, kind);
        Assert.Equal(picture, body[8..]);
        await _guest.SayAsync(AgentMessageKind.ClipboardRequest, [0, 1]);
        Assert.Equal((AgentMessageKind.Clipboard, "0 0"), await _guest.WordsAsync());
        _clipboard.Offer(Text("a\nb"));
        Assert.Equal((AgentMessageKind.ClipboardGrab, "0 2 1"), await _guest.WordsAsync());
        await _guest.SayAsync(AgentMessageKind.ClipboardRequest, [0, 1]);
        Assert.Equal("a\nb", Encoding.UTF8.GetString((await _guest.HearAsync()).Body[8..]));
    }

    [Fact]
    public async Task What_the_guest_copies_is_read_in_the_form_that_is_wanted()
    {
        await GreetAsync(All);
        await _guest.SayAsync(AgentMessageKind.ClipboardGrab, [0, 5, 99, 2, 1, 1]);
        await CopiedAsync("text/plain;charset=utf-8,image/png");
        Task<ClipboardReading> reading = _clipboard.ReadAsync([ClipboardFormats.Png]);
        Assert.Equal((AgentMessageKind.ClipboardRequest, "0 2"), await _guest.WordsAsync());
        Assert.NotEqual("", (await _clipboard.ReadAsync([ClipboardFormats.Text])).Problem); // one at a time
        byte[] picture = new byte[300_000];
        new Random(7).NextBytes(picture);
        await _guest.SayAsync(AgentMessageKind.Clipboard, [0, 2], picture);
        Assert.Equal(picture, (await reading).Content!.Data.ToArray());
        // An old grab, and one of another selection, are nothing new.
        await _guest.SayAsync(AgentMessageKind.ClipboardGrab, [0, 4, 1]);
        await _guest.SayAsync(AgentMessageKind.ClipboardGrab, [1, 9, 1]);
        await _guest.SayAsync(AgentMessageKind.ClipboardGrab, [0, 6, 1]);
        await CopiedAsync("text/plain;charset=utf-8");
        Assert.Equal(2, _copied.Count);
    }

    [Fact]
    public async Task Windows_guests_get_their_own_line_ends_and_serials_are_left_out_where_the_guest_knows_none()
    {
        await GreetAsync(AgentCapabilities.ClipboardByDemand | AgentCapabilities.GuestLineEndCrLf);
        _clipboard.Offer(Text("a\nb\r\nc"));
        Assert.Equal((AgentMessageKind.ClipboardGrab, "1"), await _guest.WordsAsync());
        await _guest.SayAsync(AgentMessageKind.ClipboardRequest, [1]);
        Assert.Equal("a\r\nb\r\nc", Encoding.UTF8.GetString((await _guest.HearAsync()).Body[4..]));
        await _guest.SayAsync(AgentMessageKind.ClipboardGrab, [1]);
        await CopiedAsync("text/plain;charset=utf-8");
        Task<ClipboardReading> reading = _clipboard.ReadAsync([ClipboardFormats.Text]);
        await _guest.HearAsync();
        await _guest.SayAsync(AgentMessageKind.Clipboard, [1], "x\r\ny\rz\n"u8.ToArray());
        Assert.Equal("x\ny\rz\n", Encoding.UTF8.GetString((await reading).Content!.Data.Span));
    }

    [Fact]
    public async Task An_agent_that_starts_later_or_again_is_told_what_is_offered()
    {
        _clipboard.Offer(Text("early"));
        await GreetAsync(All);
        Assert.Equal((AgentMessageKind.ClipboardGrab, "0 1 1"), await _guest.WordsAsync());
        // It dies in the middle of a message; the next one begins with a clean slate.
        await _guest.SendAsync([1, 0, 0, 0, 100, 0, 0, 0, 7, 7, 7]);
        _clipboard.Follow(isOpenInGuest: false);
        Assert.False(_clipboard.IsConnected);
        await GreetAsync(All);
        Assert.Equal((AgentMessageKind.ClipboardGrab, "0 1 1"), await _guest.WordsAsync());
    }

    [Fact]
    public async Task More_than_the_limit_is_skipped_and_said_and_what_follows_is_understood()
    {
        await GreetAsync(All);
        Task<ClipboardReading> reading = _clipboard.ReadAsync([ClipboardFormats.Text]);
        await _guest.HearAsync();
        await _guest.SayAsync(AgentMessageKind.Clipboard, [0, 1], new byte[ClipboardFormats.MaxBytes + 1]);
        Assert.Contains("at most 16 MiB", (await reading).Problem, StringComparison.Ordinal);
        await _guest.SayAsync(AgentMessageKind.ClipboardGrab, [0, 1, 1]);
        await CopiedAsync("text/plain;charset=utf-8");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nonsense_does_no_harm(int seed)
    {
        await GreetAsync(All);
        var random = new Random(seed);
        byte[] noise = new byte[200_000];
        random.NextBytes(noise);
        await _guest.SendAsync(noise);
        foreach (AgentMessageKind kind in Enum.GetValues<AgentMessageKind>())
        {
            await _guest.SayAsync(kind, []);
            await _guest.SayAsync(kind, [uint.MaxValue, uint.MaxValue]);
        }

        _clipboard.Follow(isOpenInGuest: false);
        _guest.Forget();
        await GreetAsync(All);
        await _guest.SayAsync(AgentMessageKind.ClipboardGrab, [0, 1, 1]);
        await CopiedAsync("text/plain;charset=utf-8");
    }

    private async Task GreetAsync(AgentCapabilities capabilities)
    {
        _clipboard.Follow(isOpenInGuest: true);
        (AgentMessageKind kind, byte[] body) = await _guest.HearAsync();
        while (kind != AgentMessageKind.AnnounceCapabilities || body[0] != 1)
            (kind, body) = await _guest.HearAsync();
        await _guest.SayAsync(AgentMessageKind.AnnounceCapabilities, [0, (uint)capabilities]);
        for (int tries = 0; tries < 1000 && !_clipboard.IsConnected; tries++)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.True(_clipboard.IsConnected);
    }

    private async Task CopiedAsync(string formats)
    {
        for (int tries = 0; tries < 1000; tries++)
        {
            lock (_copied)
            {
                if (_copied.LastOrDefault() == formats)
                    return;
            }

            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"The guest's '{formats}' never came: {string.Join("; ", _copied)}");
    }

    private static ClipboardContent Text(string text) => new(ClipboardFormats.Text, Encoding.UTF8.GetBytes(text));

    private sealed class Guest : ITerminalDevice, IDisposable
    {
        private readonly SafeFileHandle _theirs;
        private readonly Socket _socket;
        private readonly Queue<(AgentMessageKind, byte[])> _heard = new();
        private readonly AgentReader _reader;

        public Guest()
        {
            (SafeFileHandle ours, _theirs) = UnixSockets.CreatePair();
            _socket = new Socket(new SafeSocketHandle(ours.DangerousGetHandle(), ownsHandle: true));
            ours.SetHandleAsInvalid();
            _reader = new AgentReader((kind, body) => _heard.Enqueue((kind, body.ToArray())), (_, _) => { });
        }

        public Task<SafeFileHandle?> OpenAsync() => Task.FromResult<SafeFileHandle?>(_theirs);

        public void SendBreak()
        {
        }

        public void Forget() => _heard.Clear();

        public Task SayAsync(AgentMessageKind kind, uint[] words, byte[]? data = null) => SendAsync(AgentWriter.Write(kind, words, data));

        public async Task SendAsync(byte[] bytes)
        {
            for (int sent = 0; sent < bytes.Length;)
                sent += await _socket.SendAsync(bytes.AsMemory(sent), TestContext.Current.CancellationToken);
        }

        public async Task<(AgentMessageKind Kind, byte[] Body)> HearAsync()
        {
            byte[] block = new byte[65536];
            while (_heard.Count == 0)
            {
                int count = await _socket.ReceiveAsync(block, TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
                Assert.NotEqual(0, count);
                _reader.Read(block.AsMemory(0, count));
            }

            return _heard.Dequeue();
        }

        public async Task<(AgentMessageKind Kind, string Words)> WordsAsync()
        {
            (AgentMessageKind kind, byte[] body) = await HearAsync();
            return (kind, string.Join(' ', Enumerable.Range(0, body.Length / 4).Select(i => BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(i * 4)))));
        }

        public void Dispose()
        {
            _socket.Dispose();
            _theirs.Dispose();
        }
    }
}
