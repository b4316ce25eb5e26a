using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>Several pages of one machine.</summary>
public sealed class ViewersTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task A_second_viewer_of_a_still_screen_has_the_whole_picture_too()
    {
        (_, QzcProcess qzc, Viewer first) = await StartSessionAsync();
        await first.CardAsync(1280, 800);
        Viewer second = await OpenAsync(qzc);
        await second.CardAsync(1280, 800);
        await first.CardAsync(1280, 800);
    }

    [Fact]
    public async Task One_viewer_leaving_leaves_the_other_alone()
    {
        (QemuMachine machine, QzcProcess qzc, Viewer first) = await StartSessionAsync();
        await first.CardAsync(1280, 800);
        Viewer second = await OpenAsync(qzc);
        await second.CardAsync(1280, 800);
        await first.Page.CloseAsync();
        await machine.Serial.TellAsync("mode 1024x768");
        await second.CardAsync(1024, 768);
    }

    [Fact]
    public async Task Viewers_know_each_other_and_only_one_drives()
    {
        QemuMachine machine = await StartMachineAsync();
        QzcProcess qzc = await AttachAsync(machine, null, "--control", "token", "--token", "let-me-drive", "--view-token", "let-me-watch");
        Viewer ada = await OpenAsync(qzc);
        await ada.CardAsync(1280, 800);
        await NameAsync(ada, "Ada");
        Viewer bob = await OpenAsync(qzc), watcher = await OpenAsync(new Uri(qzc.Page, "/?token=let-me-watch"));
        await bob.CardAsync(1280, 800);
        await watcher.CardAsync(1280, 800);
        await NameAsync(bob, "<b>Bob</b>\u202e");
        await ListAsync(watcher, "Ada drives, <b>Bob</b> watches, Viewer 3 (you) watches");
        await ListAsync(ada, "Ada (you) drives, <b>Bob</b> watches, Viewer 3 watches");

        // What the others type goes nowhere; a key of the one who drives comes after it and is the first to arrive.
        int before = machine.Serial.Position;
        await bob.Page.Keyboard.PressAsync("b");
        await watcher.Page.Keyboard.PressAsync("w");
        await ada.Page.Keyboard.PressAsync("a");
        await machine.Serial.LineAsync("key 30 0", before);
        await bob.ClickBarAsync("#viewers-button");
        await bob.Page.ClickAsync("#viewers-take");
        await ListAsync(ada, "Ada (you) watches, <b>Bob</b> drives, Viewer 3 watches");
        await bob.Page.Keyboard.PressAsync("b");
        await ada.Page.Keyboard.PressAsync("a");
        await machine.Serial.LineAsync("key 48 0", before);
        Assert.Equal(["key 30 1", "key 30 0", "key 48 1", "key 48 0"], Keys(machine, before));

        // Who only watches is offered no way to drive, and a machine's reset from there is not heard.
        await watcher.Page.EvaluateAsync("""
            async () => {
              const socket = new WebSocket(`ws://${location.host}/session?console=0`);
              await new Promise(resolve => { socket.onopen = resolve; });
              for (const message of [{ type: 'control' }, { type: 'machine', action: 'pause' }, { type: 'resize', width: 640, height: 480 }]) socket.send(JSON.stringify(message));
              await new Promise(resolve => { socket.onmessage = resolve; });
              socket.close();
            }
            """);
        Assert.Equal("pong", (await machine.Serial.TellAsync("ping", "pong")).Split(' ')[0]);
        await ListAsync(bob, "Ada watches, <b>Bob</b> (you) drives, Viewer 3 watches");
        await bob.Page.CloseAsync();
        await ListAsync(ada, "Ada (you) drives, Viewer 2 watches");
    }

    [Theory]
    [InlineData("first", 1)]
    [InlineData("last", 2)]
    public async Task Who_came_first_or_last_drives_until_that_one_leaves(string rule, int driver)
    {
        QemuMachine machine = await StartMachineAsync();
        QzcProcess qzc = await AttachAsync(machine, null, "--control", rule);
        Viewer first = await OpenAsync(qzc);
        await ListAsync(first, "Viewer 1 (you) drives");
        Viewer second = await OpenAsync(qzc);
        await ListAsync(second, driver == 1 ? "Viewer 1 drives, Viewer 2 (you) watches" : "Viewer 1 watches, Viewer 2 (you) drives");
        (Viewer drives, Viewer watches) = driver == 1 ? (first, second) : (second, first);
        await drives.StateAsync("picture");
        await watches.StateAsync("picture");

        // A key of the one who drives comes after what the other typed, and is the first to arrive; asking changes nothing.
        int before = machine.Serial.Position;
        await watches.Page.EvaluateAsync("window.__session.send(JSON.stringify({ type: 'control' }))");
        await watches.Page.Keyboard.PressAsync("w");
        await drives.Page.Keyboard.PressAsync("d");
        await machine.Serial.LineAsync("key 32 0", before);
        Assert.Equal(["key 32 1", "key 32 0"], Keys(machine, before));
        Assert.True(await watches.Page.IsHiddenAsync("#viewers-take"));
        // Nor is anything else offered that would not be heard.
        await watches.ClickBarAsync("#machine-button");
        Assert.Equal(["Save a screenshot"], await watches.Page.Locator("#machine-menu button").AllTextContentsAsync());

        await drives.Page.CloseAsync();
        await ListAsync(watches, "Viewer 1 (you) drives");
        before = machine.Serial.Position;
        await watches.Page.Locator("#stage").FocusAsync();
        await watches.Page.Keyboard.PressAsync("w");
        await machine.Serial.LineAsync("key 17 0", before);
    }

    [Fact]
    public async Task All_drive_where_nothing_else_was_asked_for()
    {
        (QemuMachine machine, QzcProcess qzc, Viewer first) = await StartSessionAsync();
        Viewer second = await OpenAsync(qzc);
        await ListAsync(first, "Viewer 1 (you) drives, Viewer 2 drives");
        foreach ((Viewer viewer, string key, string line) in new[] { (first, "a", "key 30 0"), (second, "b", "key 48 0") })
        {
            await viewer.StateAsync("picture");
            await viewer.Page.Keyboard.PressAsync(key);
            await machine.Serial.LineAsync(line);
        }
    }

    [Fact]
    public async Task A_browser_without_the_token_sees_nothing()
    {
        QemuMachine machine = await StartMachineAsync();
        QzcProcess qzc = await AttachAsync(machine);
        using var client = new HttpClient();
        foreach (string path in new[] { "/session", "/whep", "/metrics" })
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri(qzc.Page, path), TestContext.Current.CancellationToken);
            Assert.False(answer.IsSuccessStatusCode, $"{path} answered {answer.StatusCode} without a token");
        }
    }

    private static IEnumerable<string> Keys(QemuMachine machine, int after) => machine.Serial.Lines.Skip(after).Where(line => line.StartsWith("key ", StringComparison.Ordinal));

    private static async Task NameAsync(Viewer viewer, string name)
    {
        await viewer.ClickBarAsync("#viewers-button");
        await viewer.Page.FillAsync("#viewers-name", name);
        await viewer.Page.PressAsync("#viewers-name", "Enter");
    }

    private static async Task ListAsync(Viewer viewer, string expected)
    {
        string seen = "";
        await Eventually.IsTrueAsync($"the list '{expected}'", async () =>
        {
            seen = await viewer.Page.EvaluateAsync<string>("[...document.querySelectorAll('#viewers-list li')].map(row => [...row.children].map(part => part.textContent).join(' ')).join(', ')");
            return seen == expected;
        }, () => $"It was '{seen}'.");
    }
}
