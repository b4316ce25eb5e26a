using System.Text.Json.Nodes;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>Pause, resume, reset and power button, in the page's Machine menu.</summary>
public sealed class MachineTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task The_machine_is_paused_and_goes_on_and_every_page_shows_which()
    {
        (QemuMachine machine, QzcProcess qzc, Viewer viewer) = await StartSessionAsync(new MachineOptions { Scene = "anim", Append = "qzc.fps=20" });
        await viewer.StateAsync("picture");
        Viewer other = await OpenAsync(qzc);
        await ChooseAsync(viewer, "Pause");
        await Eventually.IsTrueAsync("a machine that stands still", async () => await StatusAsync(machine) == "paused");
        foreach (Viewer page in new[] { viewer, other })
            await Eventually.IsTrueAsync("the word in the bar", async () => await page.Page.TextContentAsync("#machine-state") == "Paused");
        // The picture stays to be looked at, and the bar to say why it does not move.
        await viewer.StateAsync("picture");

        await ChooseAsync(other, "Resume");
        await Eventually.IsTrueAsync("a machine that runs", async () => await StatusAsync(machine) == "running");
        await Eventually.IsTrueAsync("no word in the bar", async () => await viewer.Page.TextContentAsync("#machine-state") == "");
        int number = FrameBarcode.Read(await viewer.PictureAsync("a picture", picture => FrameBarcode.Read(picture) is not null))!.Value;
        await viewer.PictureAsync("motion", picture => FrameBarcode.Read(picture) is { } now && now != number);
    }

    [Fact]
    public async Task Reset_and_power_button_ask_first_and_then_do_it()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync();
        await viewer.CardAsync(1280, 800);
        int before = machine.Serial.Position;
        foreach ((string label, string question) in new[] { ("Reset", "Unsaved work is lost. Sure?"), ("Press the power button", "The guest may shut down. Sure?") })
        {
            await OpenAsync(viewer, label);
            await Eventually.IsTrueAsync("the question", async () => (await viewer.Page.Locator("#machine-menu .sure").AllTextContentsAsync()).SequenceEqual([question]));
            // An answer of another time is none.
            await viewer.Page.Keyboard.PressAsync("Escape");
            await viewer.Page.EvaluateAsync("document.getElementById('machine-button').click()");
            Assert.Equal(0, await viewer.Page.Locator("#machine-menu .sure").CountAsync());
            await viewer.Page.Keyboard.PressAsync("Escape");
        }

        // What the page asks for is done in order: had it asked for either, it would have happened before this.
        await ChooseAsync(viewer, "Pause");
        await Eventually.IsTrueAsync("a machine that stands still", async () => await StatusAsync(machine) == "paused");
        Assert.DoesNotContain(machine.Monitor.Events, name => name is "RESET" or "POWERDOWN");
        await ChooseAsync(viewer, "Resume");
        await Eventually.IsTrueAsync("a machine that runs", async () => await StatusAsync(machine) == "running");

        await ChooseAsync(viewer, "Press the power button", "The guest may shut down. Sure?");
        await Eventually.IsTrueAsync("the power button", async () => await StatusAsync(machine) != "" && machine.Monitor.Events.Contains("POWERDOWN"));
        await ChooseAsync(viewer, "Reset", "Unsaved work is lost. Sure?");
        await machine.Serial.LineAsync("qzc-guest 1", before);
        await viewer.CardAsync(1280, 800);
    }

    private static async Task OpenAsync(Viewer viewer, string label)
    {
        await viewer.Page.EvaluateAsync("document.getElementById('machine-button').click()");
        await viewer.Page.ClickAsync($"#machine-menu button:text-is('{label}')");
    }

    private static async Task ChooseAsync(Viewer viewer, string label, string? question = null)
    {
        await OpenAsync(viewer, label);
        if (question is not null)
            await viewer.Page.ClickAsync($"#machine-menu button:text-is('{question}')");
    }

    private static async Task<string> StatusAsync(QemuMachine machine) => ((await machine.Monitor.ExecuteAsync("query-status"))?["status"] as JsonValue)?.GetValue<string>() ?? "";
}
