using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Tests.Web;

namespace QemuZeroCopy.Server.Tests.Input;

public sealed class InputReaderTests
{
    private static readonly PictureSize s_picture = new(1000, 500);

    private readonly RecordingSink _sink = new();
    private readonly InputReader _reader;

    public InputReaderTests() => _reader = new InputReader(new HeldInput(_sink));

    [Fact]
    public void A_position_is_scaled_to_the_picture_and_stays_inside_it()
    {
        Apply([3, 1, 0, 0, 0, 0, 0]);
        Apply([3, 2, 0, 255, 255, 255, 255]);
        Assert.Equal(["to 0,0 of 1000x500", "to 999,499 of 1000x500"], _sink.Drain());
    }

    [Fact]
    public void A_position_without_a_picture_goes_nowhere()
    {
        _reader.Apply([3, 1, 0, 0, 0, 0, 0], null);
        Assert.Empty(_sink.Drain());
    }

    [Fact]
    public void Motion_is_summed_so_that_a_lost_message_heals_and_a_late_one_does_no_harm()
    {
        Apply([4, 1, 0, 10, 0, 5, 0]);
        Apply([4, 3, 0, 30, 0, 0, 0]); // number 2, (20, 2), was lost
        Apply([4, 2, 0, 20, 0, 2, 0]); // and comes late
        Apply([4, 4, 0, 0xff, 0xff, 0, 0]);
        Assert.Equal(["by 10,5", "by 20,-5", "by -31,0"], _sink.Drain());
        Assert.Equal(1, _reader.Late);
    }

    [Fact]
    public void Sequence_numbers_wrap_around()
    {
        Apply([3, 0xff, 0xff, 0, 0, 0, 0]);
        Apply([3, 0, 0, 0, 0, 0, 0]);
        Assert.Equal(2, _sink.Drain().Count);
    }

    [Fact]
    public void A_key_is_pressed_once_and_only_what_is_held_is_let_go_of()
    {
        Apply([1, 0, 0, 4, .. "KeyA"u8]);
        Apply([1, 1, 0, 4, .. "KeyA"u8]);
        Apply([1, 1, 0, 4, .. "KeyA"u8]);
        Apply([1, 2, 0, 4, .. "KeyA"u8]);
        Apply([1, 0, 0, 4, .. "KeyA"u8]);
        Assert.Equal(["key KeyA Down '' None", "key KeyA Repeat '' None", "key KeyA Up '' None"], _sink.Drain());
    }

    [Fact]
    public void A_key_that_repeats_after_it_was_let_go_of_is_pressed_again()
    {
        Apply([1, 1, 0, 4, .. "KeyA"u8]);
        Apply([6]);
        Apply([1, 2, 0, 4, .. "KeyA"u8]);
        Assert.Equal(["key KeyA Down '' None", "key KeyA Up '' None", "key KeyA Down '' None"], _sink.Drain());
    }

    [Fact]
    public void Fingers_are_told_apart_and_lifted_when_everything_is_let_go_of()
    {
        Apply([7, 0, 0, 0, 128, 0, 128]);
        Apply([7, 0, 1, 0, 64, 0, 64]);
        Apply([7, 1, 2, 0, 0, 0, 0]); // a finger that never came down
        Apply([7, 1, 1, 0, 0, 0, 0]);
        Apply([7, 2, 0, 0, 0, 0, 0]);
        Apply([6]);
        Assert.Equal(["touch Begin 0 at 500,250", "touch Begin 1 at 250,125", "touch Update 1 at 0,0", "touch End 0 at 0,0", "touch Cancel 1 at 0,0"], _sink.Drain());
    }

    [Fact]
    public void Letting_go_of_everything_lets_go_of_just_what_is_held()
    {
        Apply([1, 1, 0, 9, .. "ShiftLeft"u8]);
        Apply([2, 2, 1]);
        Apply([6]);
        Apply([6]);
        Assert.Equal(["key ShiftLeft Down '' None", "button Right True", "key ShiftLeft Up '' None", "button Right False"], _sink.Drain());
    }

    [Fact]
    public void Nobody_holds_more_keys_than_a_keyboard_could()
    {
        for (int i = 0; i < 200; i++)
            Apply([1, 1, 0, 4, .. System.Text.Encoding.ASCII.GetBytes($"K{i:000}")]);
        Assert.Equal(HeldInput.MaxHeldKeys, _sink.Drain().Count);
    }

    [Fact]
    public void The_wheel_is_passed_on_with_its_sign()
    {
        Apply([5, 0x88, 0xff, 120, 0]);
        Assert.Equal(["scroll -120,120"], _sink.Drain());
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0 })]
    [InlineData(new byte[] { 99 })]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 1, 1, 0, 9, 65 })]
    [InlineData(new byte[] { 1, 3, 0, 1, 65 })]
    [InlineData(new byte[] { 1, 1, 0, 0, 65 })]
    [InlineData(new byte[] { 1, 1, 0, 1, 200 })]
    [InlineData(new byte[] { 2, 0 })]
    [InlineData(new byte[] { 2, 0, 2 })]
    [InlineData(new byte[] { 3, 0, 0 })]
    [InlineData(new byte[] { 6, 0 })]
    public void What_makes_no_sense_is_counted_and_dropped(byte[] message)
    {
        Apply(message);
        Assert.Equal(1, _reader.Malformed);
        Assert.Empty(_sink.Drain());
    }

    [Fact]
    public void A_button_that_no_mouse_has_is_dropped()
    {
        Apply([2, 77, 1]);
        Assert.Empty(_sink.Drain());
    }

    [Fact]
    public void Random_messages_do_no_harm()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        byte[] message = new byte[80];
        for (int i = 0; i < 200_000; i++)
        {
            Span<byte> part = message.AsSpan(0, random.Next(message.Length));
            random.NextBytes(part);
            if (!part.IsEmpty)
                part[0] %= 10;
            Apply(part);
        }

        foreach (string call in _sink.Drain().Where(c => c.StartsWith("to ", StringComparison.Ordinal)))
        {
            int[] position = [.. call.Split(' ')[1].Split(',').Select(int.Parse)];
            Assert.InRange(position[0], 0, s_picture.Width - 1);
            Assert.InRange(position[1], 0, s_picture.Height - 1);
        }
    }

    private void Apply(ReadOnlySpan<byte> message) => _reader.Apply(message, s_picture);
}
