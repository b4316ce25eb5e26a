using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier;
using QemuZeroCopy.Server.Tests.Input.Barrier;

namespace QemuZeroCopy.Server.Tests.Input;

public sealed class RoutedInputTests
{
    private readonly Devices _own = new();

    [Fact]
    public async Task Auto_takes_the_consoles_own_keyboard_and_mouse_where_there_are_any()
    {
        await using BarrierServer server = Start();
        using var input = new RoutedInput(_own, server.Roster, InputMode.Auto);
        await using WireClient client = await WireClient.ConnectAsync(server, "desk");
        Assert.True(input.IsOwn);
        Assert.Equal(["desk"], input.Choices);

        _own.Capabilities = InputCapabilities.Keyboard;
        input.MoveBy(1, 1);
        Assert.Equal("desk", input.Name);
        Assert.Equal("DMRM", await client.CodeAsync("DMRM"));
    }

    [Fact]
    public async Task Barrier_never_touches_the_consoles_own_devices_even_while_nobody_is_there()
    {
        await using BarrierServer server = Start();
        using var input = new RoutedInput(_own, server.Roster, InputMode.Barrier);
        input.MoveBy(1, 1);
        Assert.Equal(InputCapabilities.None, input.Capabilities);
        await using WireClient client = await WireClient.ConnectAsync(server, "desk");
        input.MoveBy(1, 1);
        Assert.Equal("DMRM", await client.CodeAsync("DMRM"));
        Assert.Equal(0, _own.Calls);
    }

    [Fact]
    public async Task DBus_never_takes_a_client()
    {
        await using BarrierServer server = Start();
        using var input = new RoutedInput(_own, server.Roster, InputMode.DBus);
        _own.Capabilities = InputCapabilities.None;
        await using WireClient client = await WireClient.ConnectAsync(server, "desk");
        input.Choose("desk");
        input.MoveBy(1, 1);
        Assert.True(input.IsOwn);
        Assert.Empty(input.Choices);
    }

    [Fact]
    public async Task A_page_chooses_among_several_clients_and_what_it_holds_goes_up_where_it_leaves()
    {
        await using BarrierServer server = Start();
        using var input = new RoutedInput(_own, server.Roster, InputMode.Auto);
        await using WireClient desk = await WireClient.ConnectAsync(server, "desk");
        await using WireClient shelf = await WireClient.ConnectAsync(server, "shelf");
        Assert.Equal(["desk", "shelf"], input.Choices.Order());

        input.Choose("DESK");
        input.Key(new KeyInput(KeyAction.Down, "KeyA", "a", KeyModifiers.None));
        Assert.Equal("DKDN", await desk.CodeAsync("DKDN"));
        input.Choose("shelf");
        Assert.Equal("DKUP", await desk.CodeAsync("DKUP"));
        Assert.Equal("COUT", await desk.CodeAsync("COUT"));
        input.MoveBy(1, 1);
        Assert.Equal("DMRM", await shelf.CodeAsync("DMRM"));

        await shelf.DisposeAsync();
        await Eventually.TrueAsync(() => input.IsOwn, () => "the page hangs on to a client that is gone");
        input.Choose(null);
        Assert.True(input.IsOwn);
    }

    [Fact]
    public async Task A_clients_clipboard_comes_from_the_one_that_is_driven()
    {
        await using BarrierServer server = Start();
        using var input = new RoutedInput(_own, server.Roster, InputMode.Auto);
        string? heard = null;
        input.GuestClipboardChanged += text => heard = text;
        _own.Copy("own");
        Assert.Equal("own", heard);
        await using WireClient client = await WireClient.ConnectAsync(server, "desk");
        input.Choose("desk");
        _own.Copy("not any more");
        Assert.Equal("own", heard);
    }

    private static BarrierServer Start() =>
        BarrierServer.Start(new BarrierSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, TimeProvider.System, NullLogger.Instance);

    /// <summary>A console's devices, as far as routing is concerned.</summary>
    private sealed class Devices : IInputSink
    {
        public event Action<string>? GuestClipboardChanged;

        public int Calls { get; private set; }

        public string Name => "own";

        public InputCapabilities Capabilities { get; set; } = InputCapabilities.Keyboard | InputCapabilities.AbsolutePointer;

        public void Copy(string text) => GuestClipboardChanged?.Invoke(text);

        public void Key(in KeyInput key) => Calls++;

        public void Button(PointerButton button, bool pressed) => Calls++;

        public void MoveTo(int x, int y, PictureSize picture) => Calls++;

        public void MoveBy(int deltaX, int deltaY) => Calls++;

        public void Scroll(int deltaX, int deltaY) => Calls++;

        public void SetClipboardText(string text) => Calls++;

        public void ReleaseAll() => Calls++;
    }
}
