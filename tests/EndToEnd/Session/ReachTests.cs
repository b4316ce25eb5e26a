using System.Text.Json;
using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>The page without a pointer: every control is reached and named, the focus is seen, and comes back; and all of it on a phone.</summary>
public sealed class ReachTests(ReachTests.Session session) : IClassFixture<ReachTests.Session>, IAsyncLifetime
{
    public sealed class Session(Browser browser) : SharedSession(browser)
    {
        private protected override MachineOptions Options => new()
        {
            Append = "qzc.shell=ttyS1",
            SoundFormat = "",
            Devices = ["virtio-vga,max_outputs=2", "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-serial", "intel-hda", "hda-duplex,audiodev=snd", "ide-cd"],
            Arguments =
            [
                "-chardev", "dbus,id=port1,name=org.qemu.console.serial.0", "-device", "isa-serial,chardev=port1,index=1",
                "-chardev", "dbus,id=vdagent,name=com.redhat.spice.0", "-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0",
            ],
        };

        private protected override string[] QzcArguments => ["--media-dir", Path.Combine(Folder, "media")];

        public override async ValueTask InitializeAsync()
        {
            string media = Directory.CreateDirectory(Path.Combine(Folder, "media")).FullName;
            foreach (string name in new[] { "first.iso", "second.iso" })
                await File.WriteAllBytesAsync(Path.Combine(media, name), new byte[2048 * 16]);
            await base.InitializeAsync();
        }
    }

    private static readonly string[] s_controls =
        ["button", "menuitem", "menuitemradio", "menuitemcheckbox", "checkbox", "combobox", "textbox", "slider", "dialog", "menu", "application", "navigation", "splitter"];

    private const string AllButtons = "['machine', 'screens', 'clipboard', 'terminal', 'microphone'].every(name => !document.getElementById(name + '-button').hidden)";

    private IPage Page => session.Page;

    public async ValueTask InitializeAsync()
    {
        await session.Guest.LineAsync("device agent");
        await session.Viewer.UntilAsync(AllButtons);
        await LeaveScreenAsync();
    }

    public async ValueTask DisposeAsync() => await Page.SetViewportSizeAsync(1280, 800);

    [Theory]
    [InlineData(1280, 800)]
    [InlineData(390, 844)]
    public async Task The_bar_is_entered_by_a_key_gone_through_by_Tab_and_left_by_Escape(int width, int height)
    {
        await Page.SetViewportSizeAsync(width, height);
        await Page.FocusAsync("#toolbar > :is(button, select):not([hidden])");
        var passed = new List<string>();
        for (string id = await FocusAsync(); await Page.EvaluateAsync<bool>("document.activeElement.closest('#toolbar') !== null"); id = await FocusAsync())
        {
            Assert.DoesNotContain(id, passed);
            passed.Add(id);
            // Drawn within the window, and marked.
            await session.Viewer.UntilAsync("""
                (() => {
                  const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e), bar = getComputedStyle(document.getElementById('toolbar'));
                  return e.checkVisibility({ visibilityProperty: true }) && Number(bar.opacity) === 1 && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
                    && box.width > 0 && box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight;
                })()
                """);
            await Page.Keyboard.PressAsync("Tab");
        }

        Assert.Equal(await Page.EvaluateAsync<string[]>("[...document.querySelectorAll('#toolbar :is(button, select, input)')].filter(e => e.checkVisibility()).map(e => e.id)"), passed);
        await LeaveScreenAsync();
        Assert.Equal("keys-button", await FocusAsync());
        await Page.Keyboard.PressAsync("Escape");
        Assert.Equal("stage", await FocusAsync());
    }

    [Fact]
    public async Task Menus_open_by_Enter_are_gone_through_by_arrows_and_give_the_focus_back()
    {
        foreach (string name in new[] { "keys", "machine", "screens", "view" })
        {
            string items = $"[...document.querySelectorAll('#{name}-menu button')]";
            await Page.FocusAsync($"#{name}-button");
            await Page.Keyboard.PressAsync("Enter");
            await session.Viewer.UntilAsync($"{items}.indexOf(document.activeElement) === 0");
            await NamedAsync($"{name}-menu");
            await Page.Keyboard.PressAsync("End");
            await session.Viewer.UntilAsync($"document.activeElement === {items}.at(-1)");
            await Page.Keyboard.PressAsync("ArrowRight");
            await session.Viewer.UntilAsync($"document.activeElement === {items}[0]");
            await Page.Keyboard.PressAsync("Escape");
            Assert.Equal($"{name}-button", await FocusAsync());
            Assert.Equal("false", await Page.GetAttributeAsync($"#{name}-button", "aria-expanded"));

            // Tab goes on to what stands beside the button, and leaves nothing open.
            await Page.Keyboard.PressAsync("Tab");
            string beside = await FocusAsync();
            await Page.FocusAsync($"#{name}-button");
            await Page.Keyboard.PressAsync("ArrowDown");
            await Page.Keyboard.PressAsync("Tab");
            Assert.Equal(beside, await FocusAsync());
            Assert.True(await Page.IsHiddenAsync($"#{name}-menu"));
        }
    }

    [Theory]
    [InlineData("keys", "Type text…", "type-dialog")]
    [InlineData("keys", "Other keys…", "combination-dialog")]
    [InlineData("machine", "Drives…", "media-dialog")]
    public async Task Dialogs_take_the_focus_and_give_it_back_to_the_screen(string menu, string item, string dialog)
    {
        await Page.FocusAsync($"#{menu}-button");
        await Page.Keyboard.PressAsync("Enter");
        await Page.Locator($"#{menu}-menu").GetByText(item).FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await session.Viewer.UntilAsync($"document.activeElement.closest('#{dialog}') !== null");
        await NamedAsync(dialog);
        string controls = $"[...document.querySelectorAll('#{dialog} :is(button, select, input, textarea)')].filter(e => e.checkVisibility() && !e.disabled)";
        var passed = new HashSet<int>();
        for (int i = await Page.EvaluateAsync<int>($"{controls}.length"); i > 0; i--)
        {
            passed.Add(await Page.EvaluateAsync<int>($"{controls}.indexOf(document.activeElement)"));
            await Page.Keyboard.PressAsync("Tab");
            // A dialog lets Tab out to the browser's own bar, and back in again.
            if (await Page.EvaluateAsync<bool>("document.activeElement === document.body"))
                await Page.Keyboard.PressAsync("Tab");
        }

        Assert.Equal(Enumerable.Range(0, passed.Count), passed.Order());
        Assert.Equal(await Page.EvaluateAsync<int>($"{controls}.length"), passed.Count);
        await Page.Keyboard.PressAsync("Escape");
        await session.Viewer.UntilAsync("document.activeElement.id === 'stage'");
    }

    [Fact]
    public async Task A_medium_is_inserted_and_ejected_by_keyboard_and_the_focus_stays_at_its_drive()
    {
        await Page.FocusAsync("#machine-button");
        await Page.Keyboard.PressAsync("Enter");
        await Page.Locator("#machine-menu").GetByText("Drives…").FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await ReachAsync("select");
        await NamedAsync("media-dialog");
        // A letter chooses in a list, as in any of the browser's.
        await Page.Keyboard.TypeAsync("s");
        await ReachAsync("Insert");
        await Page.Keyboard.PressAsync("Enter");
        await MediumAsync("second.iso", "Insert");
        await ReachAsync("Eject");
        await NamedAsync("media-dialog");
        await Page.Keyboard.PressAsync("Enter");
        // Without a medium there is nothing to eject; the focus went no further than the list beside.
        await MediumAsync("Empty, tray open", "select");
        await Page.Keyboard.PressAsync("Escape");
        await session.Viewer.UntilAsync("document.activeElement.id === 'stage'");
    }

    [Theory]
    [InlineData("viewers", "viewers-button")]
    [InlineData("clipboard", "stage")]
    public async Task Panels_are_closed_by_Escape(string name, string back)
    {
        await Page.FocusAsync($"#{name}-button");
        await Page.Keyboard.PressAsync("Enter");
        await session.Viewer.UntilAsync($"document.activeElement.closest('#{name}-panel') !== null");
        await NamedAsync($"{name}-panel");
        await Page.Keyboard.PressAsync("Escape");
        Assert.Equal(back, await FocusAsync());
        Assert.True(await Page.IsHiddenAsync($"#{name}-panel"));
    }

    [Fact]
    public async Task The_terminal_is_typed_in_left_by_the_same_key_and_read_by_a_screen_reader()
    {
        await Page.FocusAsync("#terminal-button");
        await Page.Keyboard.PressAsync("Enter");
        await session.Viewer.UntilAsync("document.activeElement.closest('#terminal-screen') !== null");
        await PressLeaveAsync();
        Assert.Equal("terminal-close", await FocusAsync());
        await NamedAsync("terminal-panel");
        var passed = new List<string>();
        for (string id = await FocusAsync(); id != "terminal-grip"; id = await FocusAsync())
        {
            passed.Insert(0, id);
            await Page.Keyboard.PressAsync("Shift+Tab");
        }

        Assert.Equal(["terminal-select", "terminal-reader", "terminal-copy", "terminal-break", "terminal-close"], passed);
        int height = await Page.EvaluateAsync<int>("Number(document.activeElement.ariaValueNow)");
        await Page.Keyboard.PressAsync("ArrowUp");
        await session.Viewer.UntilAsync($"Number(document.activeElement.ariaValueNow) === {height} + 24");

        await Page.FocusAsync("#terminal-reader");
        await Page.Keyboard.PressAsync("Enter");
        await Page.FocusAsync("#terminal-screen textarea");
        // To the login line a name, to the shell an answer to a number that stands nowhere else.
        await Page.Keyboard.TypeAsync("Ada\recho $((6 * 7)) ears\r");
        await session.Viewer.UntilAsync("document.querySelector('#terminal-screen .xterm-accessibility')?.textContent.replaceAll('\\u00a0', ' ').includes('42 ears') === true");
        await Page.FocusAsync("#terminal-reader");
        await Page.Keyboard.PressAsync("Enter");
        Assert.Equal("false", await Page.GetAttributeAsync("#terminal-reader", "aria-pressed"));
        await Page.FocusAsync("#terminal-close");
        await Page.Keyboard.PressAsync("Enter");
        Assert.Equal("stage", await FocusAsync());
        Assert.DoesNotContain(session.Viewer.Console, static line => line.Contains("Content Security Policy", StringComparison.Ordinal) || line.StartsWith("uncaught", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(360, 740)]
    [InlineData(740, 360)]
    public async Task A_phone_either_way_up_has_a_bar_of_two_rows_and_the_whole_overlay(int width, int height)
    {
        Viewer phone = await session.OpenAsync(options: new() { ViewportSize = new() { Width = width, Height = height }, HasTouch = true, IsMobile = true, DeviceScaleFactor = 2 });
        await phone.StateAsync("picture");
        await phone.UntilAsync(AllButtons);
        await phone.Page.FocusAsync("#overlay-button");
        await phone.UntilAsync("new Set([...document.querySelectorAll('#toolbar button')].filter(b => b.checkVisibility()).map(b => Math.round(b.getBoundingClientRect().top))).size <= 2");
        await phone.Page.TapAsync("#overlay-button");
        // Figures of the server, which come first, and of the browser.
        await phone.UntilAsync("[...document.querySelectorAll('#overlay-figures dd')].filter(d => /[0-9]/.test(d.textContent)).length >= 4");
        double[] box = await phone.Page.EvaluateAsync<double[]>("""
            (() => {
              const overlay = document.getElementById('overlay'), r = overlay.getBoundingClientRect(), bar = document.getElementById('toolbar').getBoundingClientRect();
              return [r.left, innerWidth - r.right, r.top - bar.bottom, innerHeight - r.bottom, overlay.clientHeight - overlay.scrollHeight, overlay.clientWidth - overlay.scrollWidth];
            })()
            """);
        Assert.All(box, static room => Assert.InRange(room, 0, double.PositiveInfinity));
        await phone.Page.CloseAsync();
    }

    private const string Focused = "(document.activeElement.tagName === 'SELECT' ? 'select' : document.activeElement.textContent)";

    /// <summary>Presses Tab within the open dialog until the control of this text has the focus.</summary>
    private async Task ReachAsync(string control)
    {
        await session.Viewer.UntilAsync("document.activeElement.closest('#media-dialog') !== null");
        for (int i = 0; i < 12 && await Page.EvaluateAsync<string>(Focused) != control; i++)
            await Page.Keyboard.PressAsync("Tab");
        Assert.Equal(control, await Page.EvaluateAsync<string>(Focused));
    }

    /// <summary>Waits until the drive says this, and this control of its has the focus.</summary>
    private Task MediumAsync(string says, string focused) =>
        session.Viewer.UntilAsync($"document.querySelector('#media-drives p').textContent === '{says}' && {Focused} === '{focused}' && document.activeElement.closest('#media-drives') !== null");

    private async Task LeaveScreenAsync()
    {
        await Page.FocusAsync("#stage");
        await PressLeaveAsync();
    }

    /// <summary>Presses the three keys that leave the screen for the bar, or the terminal for its own.</summary>
    private async Task PressLeaveAsync()
    {
        foreach (string key in new[] { "Control", "Alt", "Shift" })
            await Page.Keyboard.DownAsync(key);
        foreach (string key in new[] { "Control", "Alt", "Shift" })
            await Page.Keyboard.UpAsync(key);
    }

    private Task<string> FocusAsync() => Page.EvaluateAsync<string>("document.activeElement.id");

    /// <summary>Everything within this element that a screen reader would speak of as a control has a name to speak; itself and the screen too.</summary>
    private async Task NamedAsync(string id)
    {
        ICDPSession devTools = await Page.Context.NewCDPSessionAsync(Page);
        JsonElement all = (await devTools.SendAsync("Accessibility.getFullAXTree"))!.Value.GetProperty("nodes");
        await devTools.DetachAsync();
        int named = 0;
        foreach (JsonElement node in all.EnumerateArray())
        {
            if (node.GetProperty("ignored").GetBoolean() || !node.TryGetProperty("role", out JsonElement role) || !s_controls.Contains(role.GetProperty("value").GetString()))
                continue;
            string name = node.TryGetProperty("name", out JsonElement told) ? told.GetProperty("value").GetString() ?? "" : "";
            Assert.True(name.Trim().Length > 1, $"a {role.GetProperty("value")} has no name while {id} is open: {node}");
            named++;
        }

        Assert.True(named >= 3, $"only {named} controls are known to a screen reader while {id} is open");
    }
}
