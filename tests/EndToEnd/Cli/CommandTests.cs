using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Cli;

/// <summary>The published binary as a person types it.</summary>
public sealed class CommandTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task The_demo_shows_a_screen_that_moves_and_reacts()
    {
        QzcProcess qzc = Own(await QzcProcess.StartAsync(Folder, ["demo", "--guest", Paths.GuestFolder, "--listen", $"127.0.0.1:{QzcProcess.FreePort()}"]));
        Viewer viewer = await OpenAsync(qzc);
        Picture first = await viewer.PictureAsync("the demo's picture", picture => FrameBarcode.Read(picture) is not null);
        int number = FrameBarcode.Read(first)!.Value;
        await viewer.PictureAsync("motion", picture => FrameBarcode.Read(picture) is { } later && later != number);
        // F2 is the demo's key for another mode.
        await viewer.Page.Keyboard.PressAsync("F2");
        await viewer.PictureAsync("another mode", picture => picture.Width != first.Width && FrameBarcode.Read(picture) is not null);
    }

    [Fact]
    public async Task Run_adds_the_display_and_ends_with_QEMUs_own_exit_code()
    {
        string serial = Path.Combine(Folder, "serial"), own = Path.Combine(Folder, "qmp-test");
        QzcProcess qzc = Own(await QzcProcess.StartAsync(Folder,
        [
            "run", "--listen", $"127.0.0.1:{QzcProcess.FreePort()}", "--", "qemu-system-x86_64", .. QemuMachine.GuestArguments(new MachineOptions()),
            "-serial", $"unix:{serial},server=on,wait=off", "-qmp", $"unix:{own},server=on,wait=off",
        ]));
        await Eventually.IsTrueAsync("QEMU's sockets", () => File.Exists(own), () => qzc.Program.Output);
        Viewer viewer = await OpenAsync(qzc);
        await viewer.CardAsync(1280, 800);
        using Qmp monitor = await Qmp.ConnectAsync(own);
        await monitor.ExecuteAsync("quit");
        Assert.Equal(0, await qzc.Program.ExitAsync());
    }

    [Fact]
    public async Task Run_passes_a_termination_on_and_leaves_no_QEMU_behind()
    {
        string pid = Path.Combine(Folder, "pid");
        QzcProcess qzc = Own(await QzcProcess.StartAsync(Folder,
            ["run", "--listen", $"127.0.0.1:{QzcProcess.FreePort()}", "--", "qemu-system-x86_64", "-accel", "tcg", "-nodefaults", "-device", "VGA", "-S", "-pidfile", pid]));
        await Eventually.IsTrueAsync("QEMU's pid file", () => File.Exists(pid) && File.ReadAllText(pid).EndsWith('\n'));
        string qemu = $"/proc/{File.ReadAllText(pid).Trim()}/cmdline";
        qzc.Program.Signal("TERM");
        await qzc.Program.ExitAsync();
        await Eventually.IsTrueAsync("QEMU's end", () => !File.Exists(qemu) || File.ReadAllText(qemu).Length == 0);
    }

    [Theory]
    [InlineData(2, "attach")]
    [InlineData(2, "attach", "--qmp", "/nowhere", "--bus", "unix:path=/nowhere")]
    [InlineData(2, "attach", "--listen", "127.0.0.1:port")]
    [InlineData(2, "no-such-command")]
    [InlineData(1, "attach", "--qmp", "/nowhere", "--listen", "127.0.0.1:0", "--tls-cert", "/nowhere", "--tls-key", "/nowhere")]
    [InlineData(1, "demo", "--guest", "/nowhere")]
    [InlineData(2, "attach", "--qmp", "/nowhere", "--listen", "0.0.0.0:0")]
    public async Task What_cannot_work_is_refused_with_a_reason(int exitCode, params string[] arguments)
    {
        (int code, IReadOnlyList<string> errors, string output) = await QzcProcess.RunAsync(Folder, arguments);
        Assert.True(code == exitCode, $"exit code {code}\n{output}");
        Assert.NotEmpty(errors);
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        QemuMachine machine = await StartMachineAsync();
        QzcProcess first = await AttachAsync(machine);
        (int code, IReadOnlyList<string> errors, string output) = await QzcProcess.RunAsync(Folder, ["attach", .. machine.AttachArguments, "--listen", $"127.0.0.1:{first.Page.Port}"]);
        Assert.True(code == 1, output);
        Assert.Contains(errors, line => line.Contains($"{first.Page.Port}", StringComparison.Ordinal));
        Assert.False(first.Program.HasExited);
    }

    [Fact]
    public async Task Its_threads_go_by_their_names_in_top_and_debuggers()
    {
        (_, QzcProcess qzc, Viewer viewer) = await StartSessionAsync();
        await viewer.CardAsync(1280, 800);
        HashSet<string> names = [.. Directory.GetDirectories($"/proc/{qzc.Program.Id}/task").Select(Name)];
        Assert.Superset(new HashSet<string> { "qzc-display", "qzc-encode-0", "qzc-network" }, names);

        static string Name(string task)
        {
            try
            {
                return File.ReadAllText(Path.Combine(task, "comm")).TrimEnd();
            }
            catch (IOException)
            {
                // A thread of the runtime's pool, which has ended meanwhile.
                return "";
            }
        }
    }

    [Theory]
    [InlineData("--version", "0.1")]
    [InlineData("--help", "attach")]
    [InlineData("doctor", "x264")]
    public async Task What_only_tells_ends_well(string word, string part)
    {
        (int code, _, string output) = await QzcProcess.RunAsync(Folder, word);
        Assert.True(code == 0, output);
        Assert.Contains(part, output[output.IndexOf('\n', StringComparison.Ordinal)..], StringComparison.Ordinal);
    }
}
