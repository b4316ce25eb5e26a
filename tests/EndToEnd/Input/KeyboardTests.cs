using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;
using QemuZeroCopy.Server.Tests.Page;

namespace QemuZeroCopy.EndToEnd.Tests.Input;

/// <summary>The keyboard, from trusted events of the browser to Linux' key codes in the guest.</summary>
public sealed class KeyboardTests(KeyboardTests.Session session) : IClassFixture<KeyboardTests.Session>, IAsyncLifetime
{
    public sealed class Session(Browser browser) : SharedSession(browser)
    {
        private protected override MachineOptions Options => new() { Mode = "640x480" };
    }

    private IPage Page => session.Page;

    private GuestSerial Guest => session.Guest;

    public async ValueTask InitializeAsync() => await Page.Locator("#stage").FocusAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_key_arrives_as_the_key_that_it_is()
    {
        ICDPSession devTools = await Page.Context.NewCDPSessionAsync(Page);
        int before = Guest.Position;
        foreach (string code in LinuxKeys.ByCode.Keys)
        {
            foreach (string type in new[] { "rawKeyDown", "keyUp" })
                await devTools.SendAsync("Input.dispatchKeyEvent", new Dictionary<string, object> { ["type"] = type, ["code"] = code });
        }

        // Locks are put back where they were.
        foreach (string code in new[] { "ScrollLock", "NumLock", "CapsLock" })
            await Page.Keyboard.PressAsync(code);
        await Eventually.IsTrueAsync("the last key", () => Guest.Lines.Skip(before).SkipWhile(line => line != "key 70 1").Skip(1).SkipWhile(line => line != "key 70 1").Contains("key 58 0"));
        int[] seen = [.. Keys(before).Where(key => key.Down).Select(key => key.Code)];
        // QEMU has no name for these, and so no guest ever sees them (qapi/ui.json, QKeyCode).
        string[] unknown = [.. LinuxKeys.ByCode.Where(key => !seen.Contains(key.Value)).Select(key => key.Key)];
        Assert.Equal(["Lang5", "Lang3"], unknown);
        int[] inOrder = [.. LinuxKeys.ByCode.Where(key => !unknown.Contains(key.Key)).Select(key => key.Value)];
        Assert.Equal(inOrder, seen[..inOrder.Length]);
    }

    [Fact]
    public async Task The_guests_lights_are_shown_and_put_right()
    {
        ICDPSession devTools = await Page.Context.NewCDPSessionAsync(Page);
        await Task.Delay(600, TestContext.Current.CancellationToken); // the test before may have pressed it: a light that changed just now is not doubted
        int before = Guest.Position;
        await session.Machine.Monitor.SendKeyAsync("caps_lock");
        await Guest.LineAsync("led caps 1", before);
        await LightAsync("caps", lit: true);
        // QEMU lets go of a key 100 ms after it has pressed it.
        await Guest.LineAsync("key 58 0", before);
        before = Guest.Position;
        // Nobody has pressed Caps Lock here: this is a small letter.
        await Page.Keyboard.PressAsync("a");
        await Guest.LineAsync("key 30 0", before);
        Assert.Equal([(58, true), (58, false), (30, true), (30, false)], Keys(before));
        await LightAsync("caps", lit: false);

        before = Guest.Position;
        await PressAsync(devTools, "Numpad7", "7");
        await Guest.LineAsync("key 71 0", before);
        await LightAsync("num", lit: true);
        await Task.Delay(600, TestContext.Current.CancellationToken); // as above
        await PressAsync(devTools, "Numpad7", "Home");
        await LightAsync("num", lit: false);
        Assert.Equal(["led num 1", "led num 0"], Guest.Lines.Skip(before).Where(line => line.StartsWith("led ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_combination_of_the_menu_and_one_of_ones_own_are_pressed_together()
    {
        int before = Guest.Position;
        await session.Viewer.ClickBarAsync("#keys-button");
        await Page.GetByRole(AriaRole.Menuitem, new() { Name = "Ctrl + Alt + F3", Exact = true }).ClickAsync();
        await Guest.LineAsync("key 29 0", before);
        Assert.Equal([(29, true), (56, true), (61, true), (61, false), (56, false), (29, false)], Keys(before));

        before = Guest.Position;
        await session.Viewer.ClickBarAsync("#keys-button");
        await Page.GetByRole(AriaRole.Menuitem, new() { Name = "Other keys…" }).ClickAsync();
        await Page.GetByLabel("Super").CheckAsync();
        await Page.SelectOptionAsync("#combination-key", "Pause");
        await Page.ClickAsync("#combination-go");
        await Guest.LineAsync("key 125 0", before);
        Assert.Equal([(125, true), (119, true), (119, false), (125, false)], Keys(before));

        before = Guest.Position;
        await session.Viewer.ClickBarAsync("#keys-button");
        await Page.GetByRole(AriaRole.Menuitem, new() { Name = "Super + Pause" }).ClickAsync();
        await Guest.LineAsync("key 125 0", before);
    }

    [Theory]
    [InlineData("us", "Hello, World! 0123 ~`\"'\\|<>/?{}[]()@#$%^&*-_=+;:\t.\n")]
    [InlineData("de", "Grüße, Ökonom! Zyklus €@~ {[]}\\|<>^`éàê µ²\n")]
    [InlineData("jp", "root@host:~$ ls \"/etc\" | less && echo '[^_]'\n")]
    [InlineData("ru", "Съешь же ещё этих мягких французских булок\n")]
    public async Task Typed_text_is_the_same_text_in_the_guest(string layout, string text)
    {
        int before = Guest.Position;
        await TypeAsync(layout, text);
        await Guest.LineAsync("key 28 0", before);
        Assert.Equal(text, Decoded(layout, before));
    }

    [Fact]
    public async Task Text_is_typed_as_it_is_written_though_the_guest_has_Caps_Lock_on()
    {
        int before = Guest.Position;
        await session.Machine.Monitor.SendKeyAsync("caps_lock");
        await LightAsync("caps", lit: true);
        await TypeAsync("us", "MiXeD\n");
        await Guest.LineAsync("key 28 0", before);
        await Guest.LineAsync("key 58 0", Guest.Lines.ToList().IndexOf("key 28 0", before));
        await LightAsync("caps", lit: true);
        Assert.Equal("MiXeD\n", Decoded("us", before));
        await session.Machine.Monitor.SendKeyAsync("caps_lock");
        await LightAsync("caps", lit: false);
    }

    [Fact]
    public async Task What_the_layout_cannot_make_is_told_before_and_left_out()
    {
        int before = Guest.Position;
        await OpenTypingAsync("us", "a漢b\u001b\u202ec\n");
        string problem = await Page.InnerTextAsync("#type-problem");
        Assert.Contains("漢 U+001B U+202E", problem, StringComparison.Ordinal);
        await Page.ClickAsync("#type-go");
        await Guest.LineAsync("key 28 0", before);
        Assert.Equal("abc\n", Decoded("us", before));
    }

    [Fact]
    public async Task What_an_input_method_composes_is_typed()
    {
        ICDPSession devTools = await Page.Context.NewCDPSessionAsync(Page);
        int before = Guest.Position;
        await OpenTypingAsync("de", "");
        foreach (string step in new[] { "u", "u\u0308" })
            await devTools.SendAsync("Input.imeSetComposition", new Dictionary<string, object> { ["text"] = step, ["selectionStart"] = step.Length, ["selectionEnd"] = step.Length });
        await devTools.SendAsync("Input.insertText", new Dictionary<string, object> { ["text"] = "ü" });
        await Page.ClickAsync("#type-go");
        await Guest.LineAsync("key 26 0", before);
        Assert.Equal("ü", Decoded("de", before));

        // The field of the on-screen keyboard takes it without a dialog.
        before = Guest.Position;
        await Page.EvaluateAsync("document.getElementById('composer-button').click()");
        await devTools.SendAsync("Input.imeSetComposition", new Dictionary<string, object> { ["text"] = "a", ["selectionStart"] = 1, ["selectionEnd"] = 1 });
        await devTools.SendAsync("Input.insertText", new Dictionary<string, object> { ["text"] = "äß" });
        await Guest.LineAsync("key 12 0", before);
        Assert.Equal("äß", Decoded("de", before));
    }

    [Fact]
    public async Task Full_screen_takes_the_browsers_own_shortcuts_too()
    {
        await Page.EvaluateAsync("""
            () => {
              const keyboard = Object.getPrototypeOf(navigator.keyboard), lock = keyboard.lock;
              keyboard.lock = function (...keys) { window.__locked = document.fullscreenElement !== null; return lock.apply(this, keys); };
            }
            """);
        await session.Viewer.ClickBarAsync("#fullscreen-button");
        await session.Viewer.UntilAsync("window.__locked === true && document.activeElement.id === 'stage'");
        await Page.EvaluateAsync("document.exitFullscreen()");
        await session.Viewer.UntilAsync("document.fullscreenElement === null");
    }

    private static async Task PressAsync(ICDPSession devTools, string code, string key)
    {
        foreach (string type in new[] { "rawKeyDown", "keyUp" })
            await devTools.SendAsync("Input.dispatchKeyEvent", new Dictionary<string, object> { ["type"] = type, ["code"] = code, ["key"] = key });
    }

    private Task LightAsync(string name, bool lit) => session.Viewer.UntilAsync($"document.querySelector('#lights [data-light={name}]').classList.contains('lit') === {(lit ? "true" : "false")}");

    private async Task TypeAsync(string layout, string text)
    {
        await OpenTypingAsync(layout, text);
        await Page.ClickAsync("#type-go");
    }

    private async Task OpenTypingAsync(string layout, string text)
    {
        await session.Viewer.ClickBarAsync("#keys-button");
        await Page.GetByRole(AriaRole.Menuitem, new() { Name = "Type text…" }).ClickAsync();
        await Page.SelectOptionAsync("#type-layout", layout);
        await Page.FillAsync("#type-text", text);
    }

    private List<(int Code, bool Down)> Keys(int after) =>
        [.. Guest.Lines.Skip(after).Select(line => line.Split(' ')).Where(words => words is ["key", _, "0" or "1"]).Select(words => (int.Parse(words[1]), words[2] == "1"))];

    private string Decoded(string layout, int after)
    {
        using var guest = new XkbText(layout);
        foreach ((int code, bool down) in Keys(after))
            guest.Set(code, down);
        return guest.Take();
    }
}
