using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>Trusted browser events, through qzc and QEMU, to the guest's evdev and back as changed pixels.</summary>
public sealed class InputTests(Browser browser) : EndToEndTest(browser)
{
    private static readonly MachineOptions s_reflex = new() { Scene = "reflex" };

    [Fact]
    public async Task A_key_press_changes_the_picture()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(s_reflex);
        await BlockIsAsync(viewer, white: false);
        await viewer.Page.Keyboard.PressAsync("a");
        await machine.Serial.LineAsync("key 30 1");
        await machine.Serial.LineAsync("key 30 0");
        await BlockIsAsync(viewer, white: true);
        await viewer.Page.Keyboard.PressAsync("Enter");
        await machine.Serial.LineAsync("key 28 0");
        await BlockIsAsync(viewer, white: false);
    }

    [Fact]
    public async Task A_pointer_motion_changes_the_picture_and_lands_where_it_was_aimed()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(s_reflex);
        await BlockIsAsync(viewer, white: false);
        await machine.Serial.LineAsync("the tablet", line => line.StartsWith("device ", StringComparison.Ordinal) && line.Contains("Tablet", StringComparison.Ordinal));
        (float x, float y) = await viewer.PlaceOfAsync(300, 200, 1280, 800);
        await viewer.Page.Mouse.MoveAsync(x, y);
        await machine.Serial.LineAsync("a pointer at 300, 200", line => IsNear(line, 300, 200));
        await BlockIsAsync(viewer, white: machine.Serial.Lines.Count(line => line.StartsWith("abs ", StringComparison.Ordinal)) % 2 == 1);
    }

    [Fact]
    public async Task Modifiers_buttons_and_wheel_arrive_as_the_guests_own_codes()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync();
        await viewer.CardAsync(1280, 800);
        (float x, float y) = await viewer.PlaceOfAsync(640, 400, 1280, 800);
        await viewer.Page.Mouse.MoveAsync(x, y);
        foreach ((MouseButton button, int code) in new[] { (MouseButton.Left, 272), (MouseButton.Right, 273), (MouseButton.Middle, 274) })
        {
            await viewer.Page.Mouse.ClickAsync(x, y, new MouseClickOptions { Button = button });
            await machine.Serial.LineAsync($"btn {code} 1");
            await machine.Serial.LineAsync($"btn {code} 0");
        }

        await viewer.Page.Mouse.WheelAsync(0, 240);
        await machine.Serial.LineAsync("wheel -");
        await viewer.Page.Keyboard.PressAsync("Shift+KeyQ");
        await machine.Serial.LineAsync("key 16 1");
        string[] keys = [.. machine.Serial.Lines.Where(line => line.StartsWith("key ", StringComparison.Ordinal))];
        Assert.True(Array.IndexOf(keys, "key 42 1") < Array.IndexOf(keys, "key 16 1"), string.Join(", ", keys));
        await machine.Serial.LineAsync("key 42 0");
    }

    [Fact]
    public async Task A_key_that_is_held_when_the_page_loses_focus_is_released()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync();
        await viewer.CardAsync(1280, 800);
        await viewer.Page.Keyboard.DownAsync("ControlLeft");
        await machine.Serial.LineAsync("key 29 1");
        await viewer.Page.EvaluateAsync("window.dispatchEvent(new Event('blur'))");
        await machine.Serial.LineAsync("key 29 0");
    }

    private static bool IsNear(string line, int x, int y)
    {
        string[] words = line.Split(' ');
        return words is ["abs", _, _] && Math.Abs(int.Parse(words[1]) - x) <= 1 && Math.Abs(int.Parse(words[2]) - y) <= 1;
    }

    private static Task<Picture> BlockIsAsync(Viewer viewer, bool white) => viewer.PictureAsync($"the block in {(white ? "white" : "black")}", picture =>
        picture is { Width: 1280, Height: 800 } && picture.Mean(540, 300, 200, 200).G is double level && (white ? level > 240 : level < 15));
}
