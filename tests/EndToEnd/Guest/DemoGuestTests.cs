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
