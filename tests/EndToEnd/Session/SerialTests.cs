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
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(s_withPort with { Append = "qzc.shell=hvc0",
            Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-serial"],
            Arguments = ["-chardev", "dbus,id=port1,name=org.qemu.console.serial.0", "-device", "virtconsole,chardev=port1"] });
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
