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

    /// <summary>A port as fast as memory.</summary>
    private static readonly MachineOptions s_onVirtio = new()
    {
        Append = "qzc.shell=hvc0",
        Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-serial"],
        Arguments = ["-chardev", "dbus,id=port1,name=org.qemu.console.serial.0", "-device", "virtconsole,chardev=port1"],
    };

    [Fact]
    public async Task A_login_line_appears_and_takes_input_and_a_reset_is_survived()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(s_withPort);
        await viewer.StateAsync("picture");
        await OpenTerminalAsync(viewer);
        await LoginAsync(machine, viewer);
        await viewer.Page.Keyboard.TypeAsync("Ada\r");
        await SeesAsync(viewer, "Welcome, Ada.");
        await viewer.Page.Keyboard.TypeAsync("printf '\\033[38;2;10;200;30mg%sn\\033[0m' ree\r");
        await SeesAsync(viewer, "green");
        // The cell's own colour got past the policy that forbids style attributes.
        Assert.True(await viewer.Page.EvaluateAsync<bool>(
            "[...document.querySelectorAll('#terminal-screen .xterm-rows span')].some(s => s.textContent.includes('green') && getComputedStyle(s).color === 'rgb(10, 200, 30)')"));
        Assert.DoesNotContain(viewer.Console, line => line.Contains("Content Security Policy", StringComparison.Ordinal));
        // Keys of the terminal are not keys of the screen.
        Assert.DoesNotContain(machine.Serial.Lines, line => line.StartsWith("key ", StringComparison.Ordinal));

        await LoginAsync(machine, viewer);
        await viewer.Page.Keyboard.TypeAsync("Bob\r");
        await SeesAsync(viewer, "Welcome, Bob.");
    }

    [Fact]
    public async Task Who_comes_late_sees_what_was_said_before_and_who_only_watches_cannot_type()
    {
        QemuMachine machine = await StartMachineAsync(s_withPort);
        QzcProcess qzc = await AttachAsync(machine, null, "--control", "first");
        Viewer first = await OpenAsync(qzc);
        await first.StateAsync("picture");
        await OpenTerminalAsync(first);
        await LoginAsync(machine, first);
        Viewer second = await OpenAsync(qzc);
        await second.StateAsync("picture");
        await OpenTerminalAsync(second);
        await SeesAsync(second, "qzc-guest login:");
        await Eventually.IsTrueAsync("the second viewer's place", async () => await second.Page.TextContentAsync("#terminal-state") == "Watching only");
        await second.Page.Keyboard.TypeAsync("Mallory\r");
        await first.Page.Keyboard.TypeAsync("Ada\r");
        await SeesAsync(second, "Welcome, Ada.");
        Assert.DoesNotContain("Mallory", await TextAsync(first), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_output_is_shown_to_its_end_and_the_picture_goes_on()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(s_onVirtio);
        await viewer.StateAsync("picture");
        await OpenTerminalAsync(viewer);
        await LoginAsync(machine, viewer);
        await viewer.Page.Keyboard.TypeAsync("Ada\r");
        await SeesAsync(viewer, "Welcome, Ada.");
        await viewer.Page.Keyboard.TypeAsync("i=0; while [ $i -lt 4000 ]; do printf '\\033[3%dm\\033[%d;5H%d some words to fill the line\\033[0m\\r\\n' $((i % 8)) $((i % 20)) $i; i=$((i+1)); done; printf '\\033[2J\\033[Hthe %s\\n' end\r");
        await machine.Serial.TellAsync("mode 1024x768");
        await viewer.CardAsync(1024, 768);
        await SeesAsync(viewer, "the end");
    }

    [Theory]
    [InlineData("counts that no screen has", "x=2147483647; for f in b I Z L M S T @ P X A B C D E F G H d e; do printf \"a\\033[$x;${x}$f\"; done; printf '\\033[8;%d;%dt' 60000 60000")]
    [InlineData("a title that does not end", "printf '\\033]0;'; yes nonsense | head -c 1000000; printf '\\033\\\\'")]
    [InlineData("a device string that does not end", "printf '\\033P'; yes nonsense | head -c 1000000; printf '\\033\\\\'")]
    [InlineData("a number without end", "printf '\\033['; yes 1234567890 | tr -d '\\n' | head -c 300000; printf m")]
    [InlineData("questions that the terminal answers", "stty raw -echo; yes $(printf '\\033[6n\\033[c') | head -c 50000; sleep 3; stty sane")]
    [InlineData("marks on one letter", "printf a; yes $(printf '\\314\\201') | tr -d '\\n' | head -c 100000")]
    [InlineData("titles, bells and modes", "yes $(printf '\\033]2;t\\007\\033[?1049h\\033[?1049l\\033[?1000h\\033[?1000l\\033c\\007') | head -c 500000")]
    public async Task Escape_sequences_gone_wild_leave_page_and_picture_alive(string what, string command)
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(s_onVirtio);
        await viewer.StateAsync("picture");
        await OpenTerminalAsync(viewer);
        await LoginAsync(machine, viewer);
        await viewer.Page.Keyboard.TypeAsync("Ada\r");
        await SeesAsync(viewer, "Welcome, Ada.");
        await viewer.Page.Keyboard.TypeAsync($"echo {what}; {command}\r");
        await machine.Serial.TellAsync("mode 1024x768");
        await viewer.CardAsync(1024, 768);
        // What was answered to the questions stands in the guest's line: Ctrl+C clears it away.
        await viewer.Page.Keyboard.PressAsync("Control+c");
        await viewer.Page.Keyboard.TypeAsync("\rprintf '\\033c'; echo still $((40 + 2))\r");
        await SeesAsync(viewer, "still 42");
        Assert.DoesNotContain(viewer.Console, line => line.StartsWith("uncaught", StringComparison.Ordinal));
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
        await OpenTerminalAsync(other);
        await other.Page.SelectOptionAsync("#terminal-select", "monitor1");
        await other.Page.ClickAsync("#terminal-screen");
        await other.Page.Keyboard.TypeAsync("info name\rinfo status\r");
        await SeesAsync(other, "VM status: running");
    }

    private static async Task OpenTerminalAsync(Viewer viewer)
    {
        await Eventually.IsTrueAsync("the terminal's button", () => viewer.Page.EvaluateAsync<bool>("!document.getElementById('terminal-button').hidden"));
        await viewer.Page.EvaluateAsync("document.getElementById('terminal-button').click()");
        await viewer.Page.WaitForSelectorAsync("#terminal-screen .xterm-rows");
        await viewer.Page.ClickAsync("#terminal-screen");
    }

    /// <summary>What a port said while nobody was connected is gone; so the guest starts once more.</summary>
    private static async Task LoginAsync(QemuMachine machine, Viewer viewer)
    {
        int before = machine.Serial.Position, prompts = await PromptsAsync(viewer);
        await machine.Monitor.ExecuteAsync("system_reset");
        await machine.Serial.LineAsync("scene ", before);
        await Eventually.IsTrueAsync("one more login line", async () => await PromptsAsync(viewer) > prompts);
    }

    private static async Task<int> PromptsAsync(Viewer viewer) => (await TextAsync(viewer)).Split("qzc-guest login:").Length - 1;

    private static Task<string[]> ChoicesAsync(Viewer viewer) => viewer.Page.EvaluateAsync<string[]>("[...document.getElementById('terminal-select').options].map(o => o.text).sort()");

    private static Task SeesAsync(Viewer viewer, string text)
    {
        string last = "";
        return Eventually.IsTrueAsync($"'{text}' in the terminal", async () => (last = await TextAsync(viewer)).Contains(text, StringComparison.Ordinal), () => $"It showed:\n{last}");
    }

    /// <summary>The terminal's rows that are in view, as drawn.</summary>
    private static Task<string> TextAsync(Viewer viewer) => viewer.Page.EvaluateAsync<string>(
        "[...document.querySelectorAll('#terminal-screen .xterm-rows > div')].map(row => row.textContent.replaceAll('\\u00a0', ' ').trimEnd()).join('\\n')");
}
