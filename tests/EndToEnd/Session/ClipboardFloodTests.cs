using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>A guest that copies without end or lies about how much, and a page gone wild: what came last counts, and the picture goes on.</summary>
[Collection(nameof(Alone))]
public sealed class ClipboardFloodTests(ClipboardFloodTests.Session session) : IClassFixture<ClipboardFloodTests.Session>
{
    public sealed class Session(Browser browser) : SharedSession(browser)
    {
        private protected override MachineOptions Options => new()
        {
            Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-serial"],
            Arguments = ["-chardev", "dbus,id=vdagent,name=com.redhat.spice.0", "-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0"],
        };
    }

    [Fact]
    public async Task Of_what_a_guest_copies_without_end_the_last_is_shown()
    {
        await OpenPanelAsync();
        await session.Guest.TellAsync(string.Join('\n', Enumerable.Range(0, 400).Select(i => $"clip number {i}")), "clip number 399");
        await ShowsAsync("number 399");
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_size_that_is_a_lie_is_told_and_the_next_agent_is_believed()
    {
        await OpenPanelAsync();
        await session.Guest.TellAsync("clip lie");
        await Eventually.IsTrueAsync("word of the size", async () => (await session.Page.TextContentAsync("#clipboard-guest"))!.Contains("4096.0 MiB; at most 16 MiB", StringComparison.Ordinal));
        await GoesOnAsync();
        await session.Guest.TellAsync("clip restart");
        await session.Guest.TellAsync("clip the truth");
        await ShowsAsync("the truth");
    }

    [Fact]
    public async Task A_page_has_one_clipboard_under_way_and_what_is_none_is_refused()
    {
        await OpenPanelAsync();
        // Past the page's own code: many at once, and some that are not what they say.
        int[] answers = await session.Page.EvaluateAsync<int[]>("""
            async () => {
              const session = performance.getEntriesByType("resource").map(e => new URL(e.name)).findLast(a => a.pathname.startsWith("/whep/")).searchParams.get("session");
              const put = (type, body) => fetch("/clipboard?session=" + session, { method: "PUT", headers: { "Content-Type": type }, body }).then(r => r.status);
              const text = "x".repeat(500000), all = [];
              for (let i = 0; i < 30; i++) all.push(put("text/plain;charset=utf-8", text));
              const flood = await Promise.all(all);
              return [await put("image/png", "no picture"), await put("text/plain;charset=utf-8", new Uint8Array([0xc3, 0x28])), await put("text/html", "<b>"), ...flood];
            }
            """);
        Assert.Equal([400, 400, 415], answers[..3]);
        Assert.All(answers[3..], static status => Assert.True(status is 204 or 429, $"{status}"));
        Assert.Contains(204, answers[3..]);

        int before = session.Guest.Position;
        await session.Page.FillAsync("#clipboard-own", "the last word");
        await session.Page.ClickAsync("#clipboard-give");
        await session.Guest.LineAsync("the last word in the guest", static line => line.EndsWith(" the last word", StringComparison.Ordinal), before);
        await GoesOnAsync();
    }

    private async Task OpenPanelAsync()
    {
        await session.Guest.LineAsync("device agent");
        await session.Viewer.UntilAsync("!document.getElementById('clipboard-button').hidden");
        if (await session.Page.IsHiddenAsync("#clipboard-panel"))
            await session.Page.EvaluateAsync("document.getElementById('clipboard-button').click()");
    }

    private Task ShowsAsync(string text) =>
        Eventually.IsTrueAsync($"'{text}' in the page", async () => await session.Page.TextContentAsync("#clipboard-guest") == text);

    /// <summary>The picture follows the guest, over the same connection; nothing broke in the page, and the log holds no flood.</summary>
    private async Task GoesOnAsync()
    {
        foreach ((int width, int height) in new[] { (1024, 768), (1280, 800) })
        {
            await session.Guest.TellAsync($"mode {width}x{height}");
            await session.Viewer.CardAsync(width, height);
        }

        Assert.Equal(1, await session.Viewer.ConnectionsAsync());
        Assert.False(session.Qzc.Program.HasExited);
        Assert.DoesNotContain(session.Viewer.Console, static line => line.StartsWith("uncaught", StringComparison.Ordinal));
        Assert.InRange(session.Qzc.Program.Output.Split('\n').Count(static line => line.Contains("lipboard", StringComparison.Ordinal)), 0, 1);
    }
}
