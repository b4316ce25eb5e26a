using System.Text;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Display.Clipboard;

namespace QemuZeroCopy.Pipeline.Tests.Display.Clipboard;

/// <summary>The clipboard's rules against a peer that plays QEMU over a real D-Bus connection.</summary>
public sealed class VmClipboardTests : IDisposable
{
    private readonly ClipboardPeer _peer = new();
    private readonly List<string> _told = [];
    private AttachedPeer? _attached;

    private VmClipboard Clipboard => _attached!.Vm.Clipboard!;

    public void Dispose() => _attached?.Dispose();

    [Fact]
    public async Task It_registers_and_shows_its_object_meanwhile()
    {
        await AttachAsync();
        Assert.Equal(["Register", "properties"], _peer.Calls);
    }

    [Fact]
    public async Task A_registration_that_an_earlier_client_left_behind_is_taken_over()
    {
        _peer.IsTaken = true;
        await AttachAsync();
        Assert.Equal(["Register", "Unregister", "Register", "properties"], _peer.Calls);
    }

    [Fact]
    public async Task What_is_offered_is_grabbed_with_rising_serials_and_handed_out_by_any_of_its_names()
    {
        await AttachAsync();
        Clipboard.Offer(ClipboardSelection.Clipboard, [Text("first")]);
        Clipboard.Offer(ClipboardSelection.Primary, [Text("marked")]);
        Clipboard.Offer(ClipboardSelection.Clipboard, [Text("Grüße"), new ClipboardContent(ClipboardFormats.Png, "png"u8.ToArray())]);
        await CalledAsync("Grab 0 1002 text/plain;charset=utf-8 image/png");
        Assert.Equal(["Grab 0 1001 text/plain;charset=utf-8", "Grab 1 1001 text/plain;charset=utf-8"], _peer.Calls.Skip(2).Take(2));
        Assert.Equal("text/plain;charset=utf-8 Grüße", await _peer.Request(0, "text/plain;charset=utf-8"));
        Assert.Equal("UTF8_STRING Grüße", await _peer.Request(0, "video/none", "UTF8_STRING"));
        Assert.Equal("image/png png", await _peer.Request(0, "image/png", "text/plain"));
        Assert.Equal("text/plain marked", await _peer.Request(1, "text/plain"));
        Assert.Equal("org.qemu.Display1.Error.Failed", await _peer.Request(2, "text/plain"));
        Assert.Equal("org.qemu.Display1.Error.Failed", await _peer.Request(0, "video/none"));
    }

    [Fact]
    public async Task What_the_guest_grabs_can_be_read_as_text_and_as_a_picture()
    {
        await AttachAsync();
        _peer.Guest["UTF8_STRING"] = "Grüße"u8.ToArray();
        _peer.Guest["image/png"] = [1, 2, 3];
        await _peer.Grab(0, 1, "UTF8_STRING", "image/png");
        await _peer.Grab(1, 1, "UTF8_STRING");
        await _peer.Release(1);
        Assert.Equal(["Clipboard UTF8_STRING,image/png", "Primary UTF8_STRING", "-Primary"], _told);
        ClipboardReading text = await Clipboard.ReadAsync(ClipboardSelection.Clipboard, "UTF8_STRING");
        Assert.Equal((ClipboardFormats.Text, "Grüße"), (text.Content!.MimeType, Encoding.UTF8.GetString(text.Content.Data.Span)));
        ClipboardReading picture = await Clipboard.ReadAsync(ClipboardSelection.Clipboard, ClipboardFormats.Png);
        Assert.Equal([1, 2, 3], picture.Content!.Data.ToArray());
        Assert.Contains("did not hand", (await Clipboard.ReadAsync(ClipboardSelection.Clipboard, "video/none")).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_highest_serial_wins_and_a_tie_is_ours()
    {
        await AttachAsync();
        Clipboard.Offer(ClipboardSelection.Clipboard, [Text("ours")]);
        await CalledAsync("Grab 0 1001 text/plain;charset=utf-8");
        await _peer.Grab(0, 1000, "text/plain");
        await _peer.Grab(0, 1001, "text/plain");
        Assert.Empty(_told);
        Assert.Equal("text/plain ours", await _peer.Request(0, "text/plain"));
        await _peer.Grab(0, 1002, "text/plain");
        Assert.Equal(["Clipboard text/plain"], _told);
        Assert.Equal("org.qemu.Display1.Error.Failed", await _peer.Request(0, "text/plain"));
        Clipboard.Offer(ClipboardSelection.Clipboard, [Text("ours again")]);
        await CalledAsync("Grab 0 1003 text/plain;charset=utf-8");
    }

    [Fact]
    public async Task An_agent_that_starts_is_told_what_we_own_and_may_count_from_the_beginning()
    {
        await AttachAsync();
        Clipboard.Offer(ClipboardSelection.Clipboard, [Text("ours")]);
        await _peer.Reset();
        await CalledAsync("Grab 0 1002 text/plain;charset=utf-8");
        Clipboard.Withdraw(ClipboardSelection.Clipboard);
        await CalledAsync("Release 0");
        await _peer.Reset();
        await _peer.Grab(0, 1, "text/plain");
        Assert.Equal(["Clipboard text/plain"], _told);
        Assert.DoesNotContain(_peer.Calls, call => call.StartsWith("Grab 0 1003", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_largest_serial_of_all_shuts_nobody_out()
    {
        await AttachAsync();
        await _peer.Grab(0, uint.MaxValue, "text/plain");
        Clipboard.Offer(ClipboardSelection.Clipboard, [Text("ours")]);
        await CalledAsync($"Grab 0 {uint.MaxValue} text/plain;charset=utf-8");
    }

    [Fact]
    public async Task Sixteen_mebibytes_are_read_and_one_byte_more_is_refused_in_words()
    {
        await AttachAsync();
        _peer.Guest["text/plain"] = new byte[ClipboardFormats.MaxBytes];
        Assert.Equal(ClipboardFormats.MaxBytes, (await Clipboard.ReadAsync(ClipboardSelection.Clipboard, "text/plain")).Content!.Data.Length);
        _peer.Guest["text/plain"] = new byte[ClipboardFormats.MaxBytes + 1];
        Assert.Contains("at most 16 MiB", (await Clipboard.ReadAsync(ClipboardSelection.Clipboard, "text/plain")).Problem, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Clipboard.Offer(ClipboardSelection.Clipboard, [new ClipboardContent(ClipboardFormats.Text, new byte[ClipboardFormats.MaxBytes + 1])]));
    }

    [Fact]
    public async Task Nonsense_is_answered_and_changes_nothing()
    {
        await AttachAsync();
        Clipboard.Offer(ClipboardSelection.Clipboard, [Text("ours")]);
        await CalledAsync("Grab 0 1001 text/plain;charset=utf-8");
        await _peer.Grab(7, 5000, "text/plain");
        await _peer.Nonsense();
        Assert.Equal("org.qemu.Display1.Error.Failed", await _peer.Request(uint.MaxValue, "text/plain"));
        await _peer.Grab(1, 1, [.. Enumerable.Range(0, 5000).Select(i => $"type/{i}")]);
        Assert.Equal(16, Assert.Single(_told).Split(',').Length);
        Assert.Equal("text/plain ours", await _peer.Request(0, "text/plain"));
    }

    [Fact]
    public async Task A_read_ends_when_QEMU_goes()
    {
        await AttachAsync();
        _attached!.Peer.Dispose();
        await _attached.Events.Seen("disconnected");
        Assert.NotEqual("", (await Clipboard.ReadAsync(ClipboardSelection.Clipboard, "text/plain").WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Problem);
    }

    private async Task AttachAsync()
    {
        _attached = await AttachedPeer.CreateAsync(new DisplayOptions { UseClipboard = true, ClipboardSerial = 1000 }, peer => peer.Clipboard = _peer);
        Clipboard.Offered += (selection, mimeTypes) => _told.Add($"{selection} {string.Join(',', mimeTypes)}");
        Clipboard.Withdrawn += selection => _told.Add($"-{selection}");
        await Recorder.Until(() => Clipboard.IsConnected, () => "the registration");
    }

    private Task CalledAsync(string call) => Recorder.Until(() => _peer.Calls.Contains(call), () => $"\"{call}\" in [{string.Join("; ", _peer.Calls)}]");

    private static ClipboardContent Text(string text) => new(ClipboardFormats.Text, Encoding.UTF8.GetBytes(text));
}
