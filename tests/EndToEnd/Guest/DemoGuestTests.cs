using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Guest;

/// <summary>The guest alone, seen through QEMU's own screendump: what every other test here takes for the truth.</summary>
public sealed class DemoGuestTests(Browser browser) : EndToEndTest(browser)
{
    private static readonly MachineOptions s_alone = new() { Display = DisplayKind.None };

    [Fact]
    public async Task The_test_card_is_what_its_formula_says_to_the_pixel_in_each_mode()
    {
        QemuMachine machine = await StartMachineAsync(s_alone);
        foreach ((int width, int height) in new[] { (1280, 800), (1920, 1080), (1023, 767) })
        {
            await machine.Serial.TellAsync($"mode {width}x{height}");
            Picture expected = TestCard.Expected(width, height);
            await Eventually.IsTrueAsync($"the card at {width}×{height}", async () => double.IsPositiveInfinity((await machine.ScreendumpAsync()).Psnr(expected)));
        }
    }

    [Fact]
    public async Task The_test_card_is_the_same_in_a_32_bpp_VBE_mode()
    {
        QemuMachine machine = await StartMachineAsync(s_alone with { Devices = ["VGA"] });
        Picture expected = TestCard.Expected(1280, 800);
        await Eventually.IsTrueAsync("the card", async () => double.IsPositiveInfinity((await machine.ScreendumpAsync()).Psnr(expected)));
    }

    [Fact]
    public async Task Keys_and_pointer_are_told_on_the_serial_port_and_toggle_the_block()
    {
        QemuMachine machine = await StartMachineAsync(s_alone with { Scene = "reflex" });
        await machine.Serial.LineAsync("device line of the keyboard", line => line.StartsWith("device ", StringComparison.Ordinal));
        Assert.Equal(0, await BlockAsync(machine));
        await machine.Monitor.SendKeyAsync("a");
        await machine.Serial.LineAsync("key 30 1");
        await machine.Serial.LineAsync("key 30 0");
        Assert.Equal(255, await BlockAsync(machine));
    }

    [Fact]
    public async Task Shift_and_caps_lock_make_capitals_and_nothing_typed_is_lost_or_doubled()
    {
        QemuMachine machine = await StartMachineAsync(s_alone with { Scene = "pleasant" });
        await machine.Serial.LineAsync("device line of the keyboard", line => line.StartsWith("device ", StringComparison.Ordinal));
        byte[] small = await EchoOfAsync(machine, ["a"], "key 30 0");
        byte[] shifted = await EchoOfAsync(machine, ["shift", "a"], "key 42 0");
        Assert.NotEqual(small, shifted);
        await EchoOfAsync(machine, ["caps_lock"], "key 58 0", keep: true);
        Assert.Equal(shifted, await EchoOfAsync(machine, ["a"], "key 30 0"));
        Assert.Equal(small, await EchoOfAsync(machine, ["shift", "a"], "key 42 0"));
        await EchoOfAsync(machine, ["caps_lock"], "key 58 0", keep: true);
        // As fast as QEMU takes them: more than the kernel's queue holds.
        int before = machine.Serial.Position;
        for (int i = 0; i < 40; i++)
            await machine.Monitor.SendKeyAsync("a");
        await Eventually.IsTrueAsync("all releases", () => machine.Serial.Lines.Skip(before).Count(line => line == "key 30 0") == 40, () => string.Join(", ", machine.Serial.Lines.Skip(before)));
        Assert.Equal(40, machine.Serial.Lines.Skip(before).Count(line => line == "key 30 1"));
        Assert.DoesNotContain("key 30 2", machine.Serial.Lines.Skip(before));
    }

    // What the scene shows of a key, which is taken back afterwards. The line is the third below the title.
    private static async Task<byte[]> EchoOfAsync(QemuMachine machine, string[] keys, string last, bool keep = false)
    {
        int before = machine.Serial.Position;
        await machine.Monitor.SendKeyAsync(keys);
        await machine.Serial.LineAsync(last, before);
        Picture shown = await machine.ScreendumpAsync();
        byte[] echo = [.. Enumerable.Range(210, 20).SelectMany(y => shown.Rgba.AsSpan((y * shown.Width + 60) * 4, 100 * 4).ToArray())];
        if (keep)
            return echo;
        before = machine.Serial.Position;
        await machine.Monitor.SendKeyAsync("backspace");
        await machine.Serial.LineAsync("key 14 0", before);
        return echo;
    }

    [Fact]
    public async Task The_barcode_counts_frames()
    {
        QemuMachine machine = await StartMachineAsync(s_alone with { Scene = "full", Append = "qzc.fps=20" });
        int first = FrameBarcode.Read(await machine.ScreendumpAsync()) ?? throw new InvalidDataException("no barcode");
        await Eventually.IsTrueAsync("a later number", async () => FrameBarcode.Read(await machine.ScreendumpAsync()) > first);
    }

    private static async Task<int> BlockAsync(QemuMachine machine)
    {
        (double level, _, _) = (await machine.ScreendumpAsync()).Mean(1280 / 2 - 100, 800 / 2 - 100, 200, 200);
        return (int)Math.Round(level);
    }
}
