using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier;
using QemuZeroCopy.Server.Input.Barrier.Keys;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

/// <summary>A real QEMU with its input-barrier object, judged by what its input layer traces.</summary>
public sealed class QemuInputBarrierTests(ITestOutputHelper output)
{
    private static readonly PictureSize FullHd = new(1920, 1080);

    /// <summary>KeyboardEvent.code and QEMU's QKeyCode, for every key that QEMU can be told of this way.</summary>
    private const string Keys = """
        Escape=esc Digit1=1 Digit2=2 Digit3=3 Digit4=4 Digit5=5 Digit6=6 Digit7=7 Digit8=8 Digit9=9 Digit0=0 Minus=minus Equal=equal
        Backspace=backspace Tab=tab KeyQ=q KeyW=w KeyE=e KeyR=r KeyT=t KeyY=y KeyU=u KeyI=i KeyO=o KeyP=p BracketLeft=bracket_left
        BracketRight=bracket_right Enter=ret ControlLeft=ctrl KeyA=a KeyS=s KeyD=d KeyF=f KeyG=g KeyH=h KeyJ=j KeyK=k KeyL=l
        Semicolon=semicolon Quote=apostrophe Backquote=grave_accent ShiftLeft=shift Backslash=backslash KeyZ=z KeyX=x KeyC=c KeyV=v
        KeyB=b KeyN=n KeyM=m Comma=comma Period=dot Slash=slash ShiftRight=shift_r NumpadMultiply=kp_multiply AltLeft=alt Space=spc
        CapsLock=caps_lock F1=f1 F2=f2 F3=f3 F4=f4 F5=f5 F6=f6 F7=f7 F8=f8 F9=f9 F10=f10 NumLock=num_lock ScrollLock=scroll_lock
        Numpad7=kp_7 Numpad8=kp_8 Numpad9=kp_9 NumpadSubtract=kp_subtract Numpad4=kp_4 Numpad5=kp_5 Numpad6=kp_6 NumpadAdd=kp_add
        Numpad1=kp_1 Numpad2=kp_2 Numpad3=kp_3 Numpad0=kp_0 NumpadDecimal=kp_decimal IntlBackslash=less F11=f11 F12=f12 Home=home
        ArrowUp=up PageUp=pgup ArrowLeft=left ArrowRight=right End=end ArrowDown=down PageDown=pgdn Insert=insert Delete=delete
        NumpadEnter=kp_enter ControlRight=ctrl_r Pause=pause PrintScreen=print NumpadDivide=kp_divide AltRight=alt_r MetaLeft=meta_l
        MetaRight=meta_r ContextMenu=compose F13=f13 F14=f14 F15=f15 F16=f16 F17=f17 IntlRo=ro NumpadEqual=kp_equals Convert=henkan
        NonConvert=muhenkan IntlYen=yen KanaMode=katakanahiragana Help=help
        """;

    [Fact]
    public async Task Every_key_arrives_as_itself()
    {
        Dictionary<string, string> expected = Known();
        await using BarrierServer server = Start();
        using RealProcess qemu = StartQemu(server);
        BarrierSink sink = await ConnectedAsync(server);
        List<string> wanted = [];
        foreach ((string code, string qcode) in expected)
        {
            Tap(sink, code);
            wanted.AddRange([$"key qcode {qcode}, down 1", $"key qcode {qcode}, down 0"]);
        }

        await TracedAsync(qemu, [.. wanted]);
        // No key of the numbered table is missing from the list above.
        Assert.Empty(KeyButtons.Codes.Where(code => KeyButtons.Of(code) < 256).Except(expected.Keys));
    }

    [Fact]
    public async Task A_key_that_QEMU_has_no_number_for_is_not_taken_for_another()
    {
        await using BarrierServer server = Start();
        using RealProcess qemu = StartQemu(server);
        BarrierSink sink = await ConnectedAsync(server);
        foreach (string code in KeyButtons.Codes.Where(code => !Known().ContainsKey(code)))
            Tap(sink, code);
        Tap(sink, "KeyA");
        await TracedAsync(qemu, "key qcode a, down 1");
        Assert.Equal(["a", "unmapped"], Traces(qemu).Where(line => line.Contains("down 1", StringComparison.Ordinal)).Select(line => line.Split(' ')[2].TrimEnd(',')).Distinct().Order());
    }

    [Fact]
    public async Task Buttons_wheel_and_motion_arrive_as_themselves()
    {
        await using BarrierServer server = Start();
        using RealProcess qemu = StartQemu(server);
        BarrierSink sink = await ConnectedAsync(server);
        foreach (PointerButton button in Enum.GetValues<PointerButton>())
        {
            sink.Button(button, true);
            sink.Button(button, false);
        }

        sink.Scroll(0, 120);
        sink.Scroll(999, 0);
        sink.Scroll(0, -240);
        sink.MoveBy(-3, 4);
        sink.MoveTo(480, 540, FullHd);
        await TracedAsync(
            qemu,
            "btn con -1, button left, down 1", "button left, down 0", "button middle, down 1", "button middle, down 0",
            "button right, down 1", "button right, down 0", "button side, down 1", "button side, down 0", "button extra, down 1", "button extra, down 0",
            "button wheel-down, down 1", "button wheel-down, down 0",
            "button wheel-up, down 1", "button wheel-up, down 0", "button wheel-up, down 1", "button wheel-up, down 0",
            "rel con -1, axis x, value -3", "axis y, value 4",
            "abs con -1, axis x, value 0x1fff", "axis y, value 0x3fff");
    }

    [Fact]
    public async Task A_held_key_repeats_as_a_keyboard_does_without_going_up()
    {
        await using BarrierServer server = Start();
        using RealProcess qemu = StartQemu(server);
        BarrierSink sink = await ConnectedAsync(server);
        foreach (KeyAction action in (KeyAction[])[KeyAction.Down, KeyAction.Repeat, KeyAction.Repeat, KeyAction.Up])
            sink.Key(new KeyInput(action, "KeyA", "a", KeyModifiers.None));
        await TracedAsync(qemu, "key qcode a, down 1", "key qcode a, down 1", "key qcode a, down 1", "key qcode a, down 0");
    }

    [Fact]
    public async Task What_QEMU_does_not_know_never_reaches_it_and_input_goes_on_past_a_keep_alive()
    {
        await using BarrierServer server = Start();
        using RealProcess qemu = StartQemu(server);
        BarrierSink sink = await ConnectedAsync(server);
        Assert.False(sink.Capabilities.HasFlag(InputCapabilities.Clipboard));
        sink.SetClipboardText("text");
        Tap(sink, "KeyA");
        sink.ReleaseAll();
        await Task.Delay(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Tap(sink, "KeyB");
        await TracedAsync(qemu, "key qcode a, down 1", "key qcode a, down 0", "key qcode b, down 1", "key qcode b, down 0");
        Assert.True(sink.IsConnected);
    }

    [Fact]
    public async Task After_a_restart_of_the_server_the_object_is_taken_out_and_put_in_again()
    {
        BarrierServer server = Start();
        using RealProcess qemu = StartQemu(server);
        int port = server.EndPoint.Port;
        Tap(await ConnectedAsync(server), "KeyA");
        await TracedAsync(qemu, "key qcode a, down 1");
        await server.DisposeAsync();

        await using BarrierServer again = Start(port);
        await qemu.Input.WriteLineAsync("""{"execute":"qmp_capabilities"}""");
        await qemu.Input.WriteLineAsync("""{"execute":"object-del","arguments":{"id":"b0"}}""");
        await qemu.Input.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $$$"""{"execute":"object-add","arguments":{"qom-type":"input-barrier","id":"b0","name":"VM-1","server":"127.0.0.1","port":"{{{port}}}"}}"""));
        Tap(await ConnectedAsync(again), "KeyB");
        await TracedAsync(qemu, "key qcode b, down 1");
    }

    [Fact]
    public async Task A_second_QEMU_of_a_name_is_turned_away_and_the_first_goes_on()
    {
        await using BarrierServer server = Start();
        using RealProcess first = StartQemu(server);
        BarrierSink sink = await ConnectedAsync(server);
        using RealProcess second = StartQemu(server);
        using RealProcess other = StartQemu(server, "vm-2");
        await Eventually.TrueAsync(() => server.Roster.Find("VM-2") is { IsConnected: true }, () => "the other name did not connect");
        Tap(sink, "KeyA");
        Tap(server.Roster.Find("VM-2")!, "KeyB");
        await TracedAsync(first, "key qcode a, down 1");
        await TracedAsync(other, "key qcode b, down 1");
        Assert.DoesNotContain(Traces(second), line => line.Contains("qcode", StringComparison.Ordinal));
        Assert.DoesNotContain(Traces(first), line => line.Contains("qcode b", StringComparison.Ordinal));
    }

    private static Dictionary<string, string> Known() => Keys.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);

    private static void Tap(BarrierSink sink, string code)
    {
        sink.Key(new KeyInput(KeyAction.Down, code, code, KeyModifiers.None));
        sink.Key(new KeyInput(KeyAction.Up, code, code, KeyModifiers.None));
    }

    private static BarrierServer Start(int port = 0) =>
        BarrierServer.Start(new BarrierSettings { Listen = new IPEndPoint(IPAddress.Loopback, port) }, TimeProvider.System, NullLogger.Instance);

    private RealProcess StartQemu(BarrierServer server, string name = "VM-1") => new(output, name, "qemu-system-x86_64",
    [
        "-machine", "pc,accel=tcg", "-m", "32", "-display", "none", "-nodefaults", "-device", "piix3-usb-uhci", "-device", "usb-tablet",
        "-object", string.Create(CultureInfo.InvariantCulture, $"input-barrier,id=b0,name={name},server=127.0.0.1,port={server.EndPoint.Port}"),
        "-trace", "input_event_*", "-qmp", "stdio",
    ]);

    private static async Task<BarrierSink> ConnectedAsync(BarrierServer server)
    {
        await Eventually.TrueAsync(() => server.Roster.Find("VM-1") is { IsConnected: true }, () => "QEMU did not connect.");
        return server.Roster.Find("VM-1")!;
    }

    /// <summary>The traced input without the synchronisation events, and without what is the same in every line.</summary>
    private static List<string> Traces(RealProcess qemu) =>
        [.. qemu.Lines.Where(line => line.StartsWith("input_event_", StringComparison.Ordinal) && !line.StartsWith("input_event_sync", StringComparison.Ordinal))
            .Select(line => line["input_event_".Length..].Replace("key_qcode con -1, ", "", StringComparison.Ordinal))];

    /// <summary>Waits until exactly these have been traced, in this order.</summary>
    private static async Task TracedAsync(RealProcess qemu, params string[] wanted)
    {
        bool Fits()
        {
            List<string> traces = Traces(qemu);
            int from = traces.FindIndex(line => line.EndsWith(wanted[0], StringComparison.Ordinal));
            return from >= 0 && traces.Skip(from).Take(wanted.Length).Zip(wanted).Count(pair => pair.First.EndsWith(pair.Second, StringComparison.Ordinal)) == wanted.Length;
        }

        await Eventually.TrueAsync(Fits, () => $"QEMU traced:\n{string.Join('\n', Traces(qemu))}\nwanted:\n{string.Join('\n', wanted)}");
    }
}
