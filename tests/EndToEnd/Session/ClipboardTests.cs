using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>A person's clipboard and that of a guest whose agent speaks SPICE's protocol to QEMU, both ways.</summary>
public sealed class ClipboardTests(Browser browser) : EndToEndTest(browser)
{
    private static readonly MachineOptions s_withAgent = new()
    {
        Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-serial"],
        Arguments = ["-chardev", "qemu-vdagent,id=vdagent,name=vdagent,clipboard=on", "-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0"],
    };

    private static readonly MachineOptions s_withOwnAgent = s_withAgent with
    {
        Arguments = ["-chardev", "dbus,id=vdagent,name=com.redhat.spice.0", "-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0"],
    };

    [Fact]
    public async Task Text_is_brought_to_the_guest_by_the_button_and_by_the_keys_that_paste()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartAsync();
        await viewer.Page.EvaluateAsync("navigator.clipboard.writeText('Grüße 世界 🌍')");
        await viewer.Page.EvaluateAsync("document.getElementById('clipboard-button').click()");
        await viewer.Page.ClickAsync("#clipboard-read");
        Assert.EndsWith(" Grüße 世界 🌍", await machine.Serial.LineAsync("clip text "), StringComparison.Ordinal);

        await viewer.Page.CheckAsync("#clipboard-step");
        await viewer.Page.Keyboard.PressAsync("Escape");
        await viewer.Page.EvaluateAsync("navigator.clipboard.writeText('by the keys')");
        int before = machine.Serial.Position;
        await viewer.Page.Keyboard.PressAsync("Control+v");
        await machine.Serial.LineAsync("key 47 1", before);
        string[] lines = [.. machine.Serial.Lines.Skip(before)];
        int offer = Array.IndexOf(lines, "clip offered"), key = Array.IndexOf(lines, "key 47 1");
        Assert.True(offer >= 0 && offer < key, $"the guest was offered nothing when V came:\n{string.Join('\n', lines)}");
        await machine.Serial.LineAsync("the text", line => line.EndsWith(" by the keys", StringComparison.Ordinal), before);
    }

    [Fact]
    public async Task What_the_guest_copies_is_shown_and_comes_to_the_person_who_asks_for_it()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartAsync();
        await viewer.Page.EvaluateAsync("navigator.clipboard.writeText('my own')");
        await machine.Serial.TellAsync("clip from the guest: Grüße");
        await viewer.Page.WaitForSelectorAsync("#clipboard-button.news", new() { State = WaitForSelectorState.Attached });
        Assert.Equal("my own", await OwnAsync(viewer));
        await viewer.Page.EvaluateAsync("document.getElementById('clipboard-button').click()");
        await Eventually.IsTrueAsync("the text in the page", async () => await viewer.Page.TextContentAsync("#clipboard-guest") == "from the guest: Grüße");
        await viewer.Page.ClickAsync("#clipboard-take");
        await Eventually.IsTrueAsync("the text in the clipboard", async () => await OwnAsync(viewer) == "from the guest: Grüße");

        await viewer.Page.CheckAsync("#clipboard-step");
        await machine.Serial.TellAsync("clip of its own accord");
        await Eventually.IsTrueAsync("the second text in the clipboard", async () => await OwnAsync(viewer) == "of its own accord");
    }

    [Fact]
    public async Task A_picture_crosses_both_ways_where_the_agents_port_is_ours()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartAsync(s_withOwnAgent);
        await viewer.Page.EvaluateAsync("document.getElementById('clipboard-button').click()");
        await machine.Serial.TellAsync("clip image");
        await viewer.Page.WaitForSelectorAsync("#clipboard-guest img");
        await Eventually.IsTrueAsync("the picture in the page", () => viewer.Page.EvaluateAsync<bool>("(i => i.complete && i.naturalWidth === 64 && i.naturalHeight === 64)(document.querySelector('#clipboard-guest img'))"));
        await viewer.Page.ClickAsync("#clipboard-take");
        await Eventually.IsTrueAsync("a picture in the clipboard", () => viewer.Page.EvaluateAsync<bool>("navigator.clipboard.read().then(items => items.some(i => i.types.includes('image/png')))"));

        // Back again, as the browser has encoded it: the guest counts the bytes and their sum.
        await machine.Serial.TellAsync("clip something else");
        await Eventually.IsTrueAsync("the text in the page", async () => await viewer.Page.TextContentAsync("#clipboard-guest") == "something else");
        string expected = await viewer.Page.EvaluateAsync<string>("""
            async () => {
              const item = (await navigator.clipboard.read())[0], bytes = new Uint8Array(await (await item.getType("image/png")).arrayBuffer());
              let crc = -1;
              for (const byte of bytes) { crc ^= byte; for (let i = 0; i < 8; i++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0); }
              return `clip image ${bytes.length} ${(~crc >>> 0).toString(16).padStart(8, "0")}`;
            }
            """);
        await viewer.Page.ClickAsync("#clipboard-read");
        await machine.Serial.LineAsync(expected);
        await GiveAsync(viewer, machine, "and a text");
    }

    [Fact]
    public async Task A_large_text_crosses_whole_and_one_beyond_the_limit_is_refused_in_words()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartAsync();
        await machine.Serial.TellAsync("clip big 4096"); // KiB
        await viewer.Page.EvaluateAsync("document.getElementById('clipboard-button').click()");
        await viewer.Page.WaitForSelectorAsync("#clipboard-take:enabled");
        await viewer.Page.ClickAsync("#clipboard-take");
        await Eventually.IsTrueAsync("4 MiB in the clipboard", async () => await viewer.Page.EvaluateAsync<bool>(
            "navigator.clipboard.readText().then(t => t.length === 4 << 20 && t.endsWith('0123456789abcde\\n'))"));

        int before = machine.Serial.Position;
        await viewer.Page.EvaluateAsync("navigator.clipboard.writeText('x'.repeat(500000))");
        await viewer.Page.ClickAsync("#clipboard-read");
        await machine.Serial.LineAsync("clip text 500000 ", before);
        await viewer.Page.EvaluateAsync("navigator.clipboard.writeText('x'.repeat(1 << 20))");
        await viewer.Page.ClickAsync("#clipboard-read");
        await Eventually.IsTrueAsync("word of QEMU's own limit", async () => (await viewer.Page.TextContentAsync("#clipboard-said"))!.Contains("at most 1 MiB", StringComparison.Ordinal));
        await viewer.Page.EvaluateAsync("navigator.clipboard.writeText('x'.repeat(17 << 20))");
        await viewer.Page.ClickAsync("#clipboard-read");
        await Eventually.IsTrueAsync("the refusal", async () => (await viewer.Page.TextContentAsync("#clipboard-said"))!.Contains("16 MiB", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_clipboard_survives_a_new_qzc_and_a_guest_reboot()
    {
        QemuMachine machine = await StartMachineAsync(s_withAgent);
        QzcProcess qzc = await QzcProcess.AttachAsync(Folder, machine, null, "--token", "held-over-a-restart");
        Viewer viewer = await OpenAsync(machine, qzc);
        await viewer.Page.EvaluateAsync("document.getElementById('clipboard-button').click()");
        await GiveAsync(viewer, machine, "before");
        await machine.Serial.TellAsync("clip its own");
        qzc.Program.Kill();
        await viewer.StateAsync("lost");
        await qzc.DisposeAsync();
        await AttachAsync(machine, qzc.Page.Port, "--token", "held-over-a-restart");
        await viewer.StateAsync("picture");
        await GiveAsync(viewer, machine, "after the restart");
        int before = machine.Serial.Position;
        await machine.Monitor.ExecuteAsync("system_reset");
        // What was given before is there for the agent that has just started.
        await machine.Serial.LineAsync("the text again", line => line.EndsWith(" after the restart", StringComparison.Ordinal), before);
        await machine.Serial.TellAsync("clip after the reboot");
        await Eventually.IsTrueAsync("the text in the page", async () => await viewer.Page.TextContentAsync("#clipboard-guest") == "after the reboot");
    }

    [Theory]
    [InlineData("off", false, false)]
    [InlineData("to-guest", true, false)]
    [InlineData("from-guest", false, true)]
    public async Task A_direction_that_is_switched_off_stays_shut(string way, bool toGuest, bool fromGuest)
    {
        (QemuMachine machine, QzcProcess qzc, Viewer viewer) = await StartAsync("--clipboard", way);
        await viewer.CardAsync(1280, 800);
        Assert.Equal(toGuest || fromGuest, await viewer.Page.EvaluateAsync<bool>("!document.getElementById('clipboard-button').hidden"));
        (int put, int get) = await AskAsync(viewer, machine, isThere: fromGuest);
        Assert.Equal(toGuest ? 204 : 409, put);
        Assert.Equal(fromGuest ? 200 : 404, get);
        if (toGuest)
            await machine.Serial.LineAsync("the text in the guest", line => line.EndsWith(" forced", StringComparison.Ordinal));
        else
            Assert.DoesNotContain(machine.Serial.Lines, line => line.EndsWith(" forced", StringComparison.Ordinal));
        Assert.False(qzc.Program.HasExited);
    }

    [Fact]
    public async Task A_viewer_without_control_neither_reads_nor_writes_it()
    {
        (QemuMachine machine, QzcProcess qzc, Viewer first) = await StartAsync("--control", "first");
        Viewer second = await OpenAsync(qzc);
        await second.CardAsync(1280, 800);
        await Eventually.IsTrueAsync("the second viewer's place", () => second.Page.EvaluateAsync<bool>("document.getElementById('clipboard-button').hidden"));
        Assert.Equal((403, 403), await AskAsync(second, machine, isThere: false));
        Assert.Equal((204, 200), await AskAsync(first, machine, isThere: true));
    }

    private Task<(QemuMachine Machine, QzcProcess Qzc, Viewer Viewer)> StartAsync(params string[] more) => StartAsync(s_withAgent, more);

    private async Task<(QemuMachine Machine, QzcProcess Qzc, Viewer Viewer)> StartAsync(MachineOptions options, params string[] more)
    {
        QemuMachine machine = await StartMachineAsync(options);
        QzcProcess qzc = await AttachAsync(machine, null, more);
        return (machine, qzc, await OpenAsync(machine, qzc));
    }

    private async Task<Viewer> OpenAsync(QemuMachine machine, QzcProcess qzc)
    {
        Viewer viewer = await OpenAsync(qzc);
        await viewer.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await viewer.StateAsync("picture");
        await machine.Serial.LineAsync("device agent");
        return viewer;
    }

    /// <summary>Puts and gets past the page's own code, as a page that keeps to no rule would; what came of either.</summary>
    private static async Task<(int Put, int Get)> AskAsync(Viewer viewer, QemuMachine machine, bool isThere)
    {
        await machine.Serial.TellAsync("clip secret of the guest");
        const string Script = """
            async method => {
              // The page's own session, as its media connection names it.
              const session = performance.getEntriesByType("resource").map(e => new URL(e.name)).findLast(a => a.pathname.startsWith("/whep/")).searchParams.get("session");
              const answer = await fetch("/clipboard?session=" + session, method === "PUT" ? { method, headers: { "Content-Type": "text/plain;charset=utf-8" }, body: "forced" } : {});
              return answer.status;
            }
            """;
        // The guest's text is there a moment after it was copied; a refusal stays one.
        int get = 0;
        DateTime patience = DateTime.UtcNow + (isThere ? Eventually.Patience : TimeSpan.FromSeconds(1));
        while (get != 200 && DateTime.UtcNow < patience)
        {
            get = await viewer.Page.EvaluateAsync<int>(Script, "GET");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        return (await viewer.Page.EvaluateAsync<int>(Script, "PUT"), get);
    }

    private static async Task GiveAsync(Viewer viewer, QemuMachine machine, string text)
    {
        int before = machine.Serial.Position;
        await viewer.Page.FillAsync("#clipboard-own", text);
        await viewer.Page.ClickAsync("#clipboard-give");
        await machine.Serial.LineAsync($"'{text}' in the guest", line => line.EndsWith(" " + text, StringComparison.Ordinal), before);
    }

    private static Task<string> OwnAsync(Viewer viewer) => viewer.Page.EvaluateAsync<string>("navigator.clipboard.readText()");
}
