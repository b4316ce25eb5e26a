using System.Text.Json.Nodes;
using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>Drives and screenshots, in the page's Machine menu.</summary>
public sealed class MediaTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task A_medium_is_ejected_and_another_one_inserted()
    {
        (QemuMachine machine, QzcProcess qzc) = await StartAsync();
        Viewer viewer = await OpenAsync(qzc);
        await viewer.StateAsync("picture");
        await MachineAsync(viewer, "Drives…");
        await Eventually.IsTrueAsync("the drive in the dialog", async () => (await viewer.Page.TextContentAsync("#media-drives"))!.Contains("first.iso", StringComparison.Ordinal));
        await viewer.Page.ClickAsync("#media-drives button:text-is('Eject')");
        await Eventually.IsTrueAsync("an empty drive", async () => await MediumAsync(machine) == "");
        await Eventually.IsTrueAsync("an empty drive in the dialog", async () => (await viewer.Page.TextContentAsync("#media-drives p"))!.StartsWith("Empty", StringComparison.Ordinal));
        Assert.Equal(["first.iso", "second.iso"], await viewer.Page.EvaluateAsync<string[]>("[...document.querySelector('#media-drives select').options].map(o => o.value)"));
        await viewer.Page.SelectOptionAsync("#media-drives select", "second.iso");
        await viewer.Page.ClickAsync("#media-drives button:text-is('Insert')");
        await Eventually.IsTrueAsync("the second medium", async () => await MediumAsync(machine) == Path.Combine(Folder, "media/second.iso"));
        await Eventually.IsTrueAsync("the second medium in the dialog", async () => await viewer.Page.TextContentAsync("#media-drives p") == "second.iso");
    }

    [Fact]
    public async Task No_file_beside_the_folder_can_be_inserted_and_who_only_watches_changes_nothing()
    {
        (QemuMachine machine, QzcProcess qzc) = await StartAsync("--control", "first");
        Viewer first = await OpenAsync(qzc);
        await first.StateAsync("picture");
        string drive = (await DriveAsync(machine))["qdev"]!.GetValue<string>();
        string before = await MediumAsync(machine);
        foreach (string file in new[] { "../qmp", "/etc/passwd", "../media/second.iso", "link.iso", "nbd:127.0.0.1:1" })
            Assert.Contains("There is no", await AskAsync(first, $$"""{"type":"medium","drive":"{{drive}}","file":"{{file}}"}"""), StringComparison.Ordinal);
        Assert.Contains("no such drive", await AskAsync(first, """{"type":"medium","drive":"disk0","file":"second.iso"}"""), StringComparison.Ordinal);
        Viewer second = await OpenAsync(qzc);
        await second.StateAsync("picture");
        Assert.Equal("", await AskAsync(second, $$"""{"type":"medium","drive":"{{drive}}","force":true}"""));
        Assert.Equal(before, await MediumAsync(machine));
        Assert.Equal(403, await second.Page.EvaluateAsync<int>("fetch('/screenshot?session=' + " + OwnSession + ").then(r => r.status)"));
        Assert.Equal(200, await first.Page.EvaluateAsync<int>("fetch('/screenshot?session=' + " + OwnSession + ").then(r => r.status)"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_screenshot_is_the_guests_picture(bool onBus)
    {
        (_, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Display = onBus ? DisplayKind.Bus : DisplayKind.PeerToPeer });
        await viewer.CardAsync(1280, 800);
        IDownload download = await viewer.Page.RunAndWaitForDownloadAsync(() => MachineAsync(viewer, "Save a screenshot"));
        Assert.EndsWith(".png", download.SuggestedFilename, StringComparison.Ordinal);
        byte[] png = await File.ReadAllBytesAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        Picture picture = await DecodeAsync(viewer, png);
        // QEMU's own is the picture to the bit; where it makes none, it is what the page shows.
        Assert.InRange(picture.Psnr(TestCard.Expected(1280, 800)), onBus ? 35 : double.PositiveInfinity, double.PositiveInfinity);
    }

    private const string OwnSession = "performance.getEntriesByType('resource').map(e => new URL(e.name)).findLast(a => a.pathname.startsWith('/whep/')).searchParams.get('session')";

    private async Task<(QemuMachine Machine, QzcProcess Qzc)> StartAsync(params string[] more)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, "media")).FullName;
        foreach (string name in new[] { "first.iso", "second.iso" })
            await File.WriteAllBytesAsync(Path.Combine(folder, name), new byte[2048 * 16], TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path.Combine(folder, "link.iso"), "/etc/passwd");
        QemuMachine machine = await StartMachineAsync(new MachineOptions { Arguments = ["-cdrom", Path.Combine(folder, "first.iso")] });
        return (machine, await AttachAsync(machine, null, ["--media-dir", folder, .. more]));
    }

    private static async Task<JsonNode> DriveAsync(QemuMachine machine) =>
        (await machine.Monitor.ExecuteAsync("query-block"))!.AsArray().Single(block => block!["removable"]!.GetValue<bool>() && block["device"]!.GetValue<string>().Contains("cd", StringComparison.Ordinal))!;

    private static async Task<string> MediumAsync(QemuMachine machine) => (await DriveAsync(machine))["inserted"]?["file"]?.GetValue<string>() ?? "";

    /// <summary>Chooses an item of the Machine menu.</summary>
    private static async Task MachineAsync(Viewer viewer, string item)
    {
        await viewer.Page.EvaluateAsync("document.getElementById('machine-button').click()");
        await viewer.Page.ClickAsync($"#machine-menu button:text-is('{item}')");
    }

    /// <summary>Says something on the page's session that its own code never would; the answer in words, or none.</summary>
    private static Task<string> AskAsync(Viewer viewer, string message) => viewer.Page.EvaluateAsync<string>("""
        message => new Promise(answered => {
          const socket = window.__session;
          const heard = e => {
            if (typeof e.data !== "string" || JSON.parse(e.data).type !== "say") return;
            socket.removeEventListener("message", heard);
            answered(JSON.parse(e.data).text);
          };
          socket.addEventListener("message", heard);
          setTimeout(() => answered(""), 1500);
          socket.send(message);
        })
        """, message);

    private static async Task<Picture> DecodeAsync(Viewer viewer, byte[] png)
    {
        string rgba = await viewer.Page.EvaluateAsync<string>("""
            async base64 => {
              const image = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], { type: "image/png" }));
              const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
              context.drawImage(image, 0, 0);
              const bytes = new Uint8Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
              let text = image.width + " ";
              for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode.apply(null, bytes.subarray(i, i + 32768));
              return btoa(text);
            }
            """, Convert.ToBase64String(png));
        byte[] found = Convert.FromBase64String(rgba);
        int space = Array.IndexOf(found, (byte)' '), width = int.Parse(System.Text.Encoding.ASCII.GetString(found, 0, space));
        byte[] pixels = found[(space + 1)..];
        return new Picture(width, pixels.Length / 4 / width, pixels);
    }
}
