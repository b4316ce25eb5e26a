using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>What comes back without anybody touching the page.</summary>
public sealed class HealingTests(Browser browser) : EndToEndTest(browser)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_killed_QEMU_is_told_and_taken_up_again_when_it_returns(bool onBus)
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Display = onBus ? DisplayKind.Bus : DisplayKind.PeerToPeer });
        await viewer.CardAsync(1280, 800);
        await machine.KillAsync();
        await viewer.StateAsync("gone");
        await machine.StartAgainAsync();
        // A new mode proves that the picture is not the old one still standing there.
        await machine.Serial.TellAsync("mode 1024x768");
        await viewer.CardAsync(1024, 768);
        await viewer.StateAsync("picture");
    }

    [Fact]
    public async Task A_guest_that_moves_to_another_QEMU_is_followed_there()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Scene = "anim", Append = "qzc.fps=15" });
        int before = FrameBarcode.Read(await viewer.PictureAsync("a frame", static picture => FrameBarcode.Read(picture) is not null))!.Value;
        await machine.MigrateAsync();
        // It is the same guest: its frames count on from where they were, and keys reach it.
        await machine.Serial.TellAsync("mode 1024x768");
        await viewer.PictureAsync("later frames", picture => picture.Width == 1024 && FrameBarcode.Read(picture) is { } now && ((now - before) & 0xffff) is > 0 and < 0x4000);
        await viewer.Page.Keyboard.PressAsync("a");
        await machine.Serial.LineAsync("key 30 0");
    }

    [Fact]
    public async Task A_killed_qzc_is_found_again_by_the_page_that_stayed_open()
    {
        QemuMachine machine = await StartMachineAsync();
        int port = QzcProcess.FreePort();
        QzcProcess first = await QzcProcess.AttachAsync(Folder, machine, port, "--token", "held-over-a-restart");
        Viewer viewer = await OpenAsync(first);
        await viewer.CardAsync(1280, 800);
        first.Program.Kill();
        await viewer.StateAsync("lost");
        await first.DisposeAsync();
        await machine.Serial.TellAsync("mode 1024x768");
        await AttachAsync(machine, port, "--token", "held-over-a-restart");
        await viewer.CardAsync(1024, 768);
    }

    [Fact]
    public async Task A_page_that_was_held_up_for_longer_than_a_silence_keeps_its_session()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync();
        await viewer.CardAsync(1280, 800);
        int anew = 0;
        viewer.Page.WebSocket += (_, socket) => anew += socket.Url.Contains("/session", StringComparison.Ordinal) ? 1 : 0;
        await viewer.Page.EvaluateAsync("for (const end = performance.now() + 5000; performance.now() < end;);");
        // Its next beats have been by then.
        await viewer.Page.EvaluateAsync("new Promise(done => setTimeout(done, 3000))");
        int before = machine.Serial.Position;
        await viewer.Page.Keyboard.PressAsync("KeyB");
        await machine.Serial.LineAsync("key 48 0", before);
        Assert.Equal(0, anew);
    }

    [Fact]
    public async Task A_server_without_an_encoder_says_so_on_the_page()
    {
        // The loader finds this one first, and cannot use it.
        var noLinks = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (string name in Directory.EnumerateFiles("/usr/lib", "libx264.so.*", noLinks).Select(path => Path.GetFileName(path)))
            await File.WriteAllTextAsync(Path.Combine(Folder, name), "no library", TestContext.Current.CancellationToken);
        QemuMachine machine = await StartMachineAsync();
        QzcProcess qzc = Own(await QzcProcess.StartAsync(Folder, ["attach", .. machine.AttachArguments, "--listen", $"127.0.0.1:{QzcProcess.FreePort()}"],
            new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = Folder }));
        Viewer viewer = await OpenAsync(qzc);
        await viewer.StateAsync("failed");
        string? told = await viewer.Page.TextContentAsync("#notice-detail");
        Assert.Contains("No encoder of the server takes a picture of 1280", told, StringComparison.Ordinal);
        Assert.Contains("qzc doctor", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Firmware_boot_loader_and_guest_are_one_session()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Arguments = ["-S"], WaitsForGuest = false });
        await viewer.Page.EvaluateAsync("""
            () => {
              window.__sizes = [];
              const video = document.getElementById('screen');
              video.addEventListener('resize', () => window.__sizes.push(`${video.videoWidth}x${video.videoHeight}`));
            }
            """);
        await machine.Monitor.ExecuteAsync("cont");
        await machine.Serial.LineAsync("scene card");
        await viewer.CardAsync(1280, 800);
        string[] sizes = await viewer.Page.EvaluateAsync<string[]>("window.__sizes");
        // VGA text of firmware and kernel loader, then the guest's own mode.
        Assert.Contains("720x400", sizes);
        Assert.Equal("1280x800", sizes[^1]);
        Assert.Equal(1, await viewer.ConnectionsAsync());
    }

    [Fact]
    public async Task A_guest_reboot_is_only_a_change_of_pictures()
    {
        (QemuMachine machine, QzcProcess qzc, Viewer viewer) = await StartSessionAsync();
        await viewer.CardAsync(1280, 800);
        int before = machine.Serial.Position, connections = await viewer.ConnectionsAsync();
        await machine.Monitor.ExecuteAsync("system_reset");
        await machine.Serial.LineAsync("scene card", before);
        await viewer.CardAsync(1280, 800);
        Assert.Equal(connections, await viewer.ConnectionsAsync());
        Assert.False(qzc.Program.HasExited);
    }
}
