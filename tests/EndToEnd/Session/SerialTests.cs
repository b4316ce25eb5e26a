using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>The guest's serial port as a terminal in the page.</summary>
public sealed class SerialTests(Browser browser) : EndToEndTest(browser)
{
    private static readonly MachineOptions s_withPort = new()
    {
        Append = "qzc.shell=ttyS1",
        Arguments =
        [
            "-chardev", "dbus,id=port1,name=org.qemu.console.serial.0", "-device", "isa-serial,chardev=port1,index=1",
            "-chardev", "dbus,id=monitor1,name=org.qemu.monitor.hmp.0", "-mon", "chardev=monitor1,mode=readline",
        ],
    };

    [Fact]
    public async Task A_login_line_appears_and_takes_input_and_a_reset_is_survived()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(s_withPort);
        await viewer.StateAsync("picture");
        Terminal terminal = await Terminal.OpenAsync(viewer);
        await terminal.LoginAsync(machine, "Ada");
        await terminal.TypeAsync("printf '\\033[38;2;10;200;30mg%sn\\033[0m' ree\r");
        await terminal.SeesAsync("green");
        // The cell's own colour got past the policy that forbids style attributes.
        Assert.True(await viewer.Page.EvaluateAsync<bool>(
            "[...document.querySelectorAll('#terminal-screen .xterm-rows span')].some(s => s.textContent.includes('green') && getComputedStyle(s).color === 'rgb(10, 200, 30)')"));
        Assert.DoesNotContain(viewer.Console, line => line.Contains("Content Security Policy", StringComparison.Ordinal));
        // Keys of the terminal are not keys of the screen.
        Assert.DoesNotContain(machine.Serial.Lines, line => line.StartsWith("key ", StringComparison.Ordinal));

        await terminal.LoginAsync(machine, "Bob");
    }

    [Fact]
    public async Task Who_comes_late_sees_what_was_said_before_and_who_only_watches_cannot_type()
    {
        QemuMachine machine = await StartMachineAsync(s_withPort);
        QzcProcess qzc = await AttachAsync(machine, null, "--control", "first");
        Viewer first = await OpenAsync(qzc);
        await first.StateAsync("picture");
        Terminal own = await Terminal.OpenAsync(first);
        await own.PromptAsync(machine);
        Viewer second = await OpenAsync(qzc);
        await second.StateAsync("picture");
        Terminal watched = await Terminal.OpenAsync(second);
        await watched.SeesAsync("qzc-guest login:");
        await Eventually.IsTrueAsync("the second viewer's place", async () => await second.Page.TextContentAsync("#terminal-state") == "Watching only");
        await watched.TypeAsync("Mallory\r");
        await own.TypeAsync("Ada\r");
        await watched.SeesAsync("Welcome, Ada.");
        Assert.DoesNotContain("Mallory", await own.TextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task QEMUs_monitor_is_a_terminal_only_where_that_was_asked_for()
    {
        QemuMachine machine = await StartMachineAsync(s_withPort);
        QzcProcess without = await QzcProcess.AttachAsync(Folder, machine);
        Viewer viewer = await OpenAsync(without);
        await viewer.StateAsync("picture");
        Assert.Equal(["Serial 0"], await ChoicesAsync(viewer));
        await without.DisposeAsync();
        await viewer.Page.CloseAsync();
        Viewer other = await OpenAsync(await AttachAsync(machine, null, "--monitor"));
        await other.StateAsync("picture");
        Assert.Equal(["QEMU's monitor", "Serial 0"], await ChoicesAsync(other));
        Terminal terminal = await Terminal.OpenAsync(other);
        await other.Page.SelectOptionAsync("#terminal-select", "monitor1");
        await other.Page.ClickAsync("#terminal-screen");
        await terminal.TypeAsync("info name\rinfo status\r");
        await terminal.SeesAsync("VM status: running");
    }

    private static Task<string[]> ChoicesAsync(Viewer viewer) => viewer.Page.EvaluateAsync<string[]>("[...document.getElementById('terminal-select').options].map(o => o.text).sort()");
}
